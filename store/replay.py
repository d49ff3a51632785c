"""From what was recorded about a chain to the chain itself, and to its predictions; one of two files that use
bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache, partial
from typing import Any

from ..bundle.capture import from_steps
from ..bundle.chain import Chain, Target
from ..bundle.compile import compile_plan
from ..bundle.domain import Calibration
from ..bundle.lower import lower
from ..bundle.predictor import Predictor
from ..bundle.runtime.spread import useful_threads
from ..bundle.writer import prepare
from .errors import Refused, UnknownId
from .folds import fold_weights, folds
from .left_out import left_out
from .objects import Objects
from .queries import record
from .reading import Reading
from .references import identifiers
from .shapes import shape
from .sources import of_source, source_told, sources_of
from .steps import Recorded, recorded

__all__ = ["calibration", "fitted_chain", "load_artifact", "predictor"]

CALIBRATION = "calibration"
"""Under this name a chain's shared artifacts may name spectra from which its golden rows are taken."""


def predictor(desk: Reading, objects: Objects, chain_id: str, *, full: bool = False) -> Predictor:
    """What predicts with a chain, with the bits of the bundle that would be exported.

    Only `full`, which takes longer, does it know what the bundle knows of the calibration, and the bundle's digest; the
    bits of a prediction do not depend on that.
    """
    chain = fitted_chain(desk, objects, chain_id)
    if full:
        draft = prepare(chain, calibration(desk, objects, chain_id), left_out(desk, chain_id, chain))
        plan, digest, limits = draft.compiled, draft.digest, draft.limits
    else:
        plan, digest, limits = compile_plan(lower(chain)), "", None
    return Predictor(
        plan,
        axis=chain.axis,
        targets=chain.targets,
        digest=digest,
        classes=chain.classes,
        sources=chain.sources,
        limits=limits,
        signal=chain.signal,
        threads=useful_threads(),
    )


def calibration(desk: Reading, objects: Objects, chain_id: str) -> Any:
    """The spectra (n, p) that a chain names as those of its calibration, or None when it names none.

    The artifact holds spectra alone, or a mapping with the fields of `Calibration`: references, say.
    """
    named = ((record(desk, "chains", chain_id) or {}).get("shared_artifacts") or {}).get(CALIBRATION)
    artifacts = list(identifiers(named))
    if len(artifacts) > 1:
        raise Refused(f"chain_id {chain_id!r}: {len(artifacts)} artifacts are named as {CALIBRATION}, expected one")
    found = load_artifact(desk, objects, artifacts[0]) if artifacts else None
    if not isinstance(found, Mapping):
        return found
    known = {field.name for field in fields(Calibration)}
    if "spectra" not in found or not known >= found.keys():
        said = f"{sorted(map(str, found))}, expected spectra, and perhaps {', '.join(sorted(known - {'spectra'}))}"
        raise Refused(f"chain_id {chain_id!r}: its {CALIBRATION} artifact holds {said}")
    return Calibration(**found)


def fitted_chain(desk: Reading, objects: Objects, chain_id: str) -> Chain:
    """The chain with this identifier, read from its artifacts.

    What the dataset's metadata say is carried along: `wavelengths` (with `unit`), `signal`, `sources` (each with
    `name`, `width` or `wavelengths` and `unit`, `signal`), `targets` (names, or names with units), `classes` (those
    that a regression of 0/1 tells). Raises UnknownId, Refused when the record does not say how to predict, CaptureError
    when a step is not known.
    """
    found = record(desk, "chains", chain_id)
    if found is None:
        raise UnknownId(f"chain_id {chain_id!r}: no chain with this identifier is recorded in {desk.folder}")
    pipeline = record(desk, "pipelines", found["pipeline_id"]) or {}
    run = record(desk, "runs", pipeline.get("run_id", "")) or {}
    dataset = _dataset(run.get("datasets"), pipeline.get("dataset_name"))
    load = cache(partial(load_artifact, desk, objects))
    own = tuple(found["branch_path"] or ())
    steps = of_source(recorded(found), found["source_index"])
    sources = sources_of(chain_id, dataset, found["source_index"], steps, load)
    shaped = shape(f"chain_id {chain_id!r}", steps, found["model_step_idx"], own, len(sources) or 1, load)
    predicting = folds(found, shaped.model)
    points = dataset if found["source_index"] is None else source_told(dataset, found["source_index"])
    return from_steps(
        shaped.steps,
        {fold: load(artifact) for fold, artifact in predicting.items()},
        on_target=shaped.on_target,
        weights=fold_weights(found, shaped.model, predicting),
        sources=sources,
        classes=dataset.get("classes"),
        wavelengths=None if sources else points.get("wavelengths"),
        unit=points.get("unit", "nm"),
        signal=points.get("signal", dataset.get("signal")),
        targets=_targets(dataset.get("targets")),
        provenance=_provenance(found, pipeline),
        environment=_environment(desk, chain_id, [*predicting.values(), *_fitted(steps)]),
    )


def load_artifact(desk: Reading, objects: Objects, artifact_id: str) -> Any:
    """A fitted object. Raises UnknownId for an unknown identifier or a missing file, DamagedObject for a bad one."""
    row = artifact_row(desk, artifact_id)
    return objects.load(artifact_id, row["artifact_path"], row["operator_class"])


def artifact_row(desk: Reading, artifact_id: str) -> dict[str, Any]:
    """What is recorded about an artifact. Raises UnknownId."""
    row = record(desk, "artifacts", artifact_id)
    if row is None:
        raise UnknownId(f"artifact_id {artifact_id!r}: no artifact with this identifier is recorded in {desk.folder}")
    return row


def _dataset(datasets: Sequence[Any] | None, name: str | None) -> Mapping[str, Any]:
    """The metadata of the dataset with this name, as given to begin_run."""
    for dataset in datasets or ():
        if isinstance(dataset, Mapping) and dataset.get("name") == name:
            return dataset
    return {}


def _targets(targets: Any) -> list[Target] | None:
    if not targets:
        return None
    return [Target(t["name"], t.get("unit", "")) if isinstance(t, Mapping) else Target(str(t)) for t in targets]


def _provenance(chain: Mapping[str, Any], pipeline: Mapping[str, Any]) -> dict[str, str]:
    said = {
        "run_id": pipeline.get("run_id"),
        "pipeline_id": chain["pipeline_id"],
        "chain_id": chain["chain_id"],
        "dataset_name": pipeline.get("dataset_name"),
        "dataset_hash": pipeline.get("dataset_hash"),
    }
    return {name: value for name, value in said.items() if value}


def _environment(desk: Reading, chain_id: str, artifacts: Sequence[str]) -> dict[str, str]:
    """The versions recorded with the artifacts, the first model's where they differ; but one scikit-learn wrote all."""
    rows = [record(desk, "artifacts", artifact) for artifact in artifacts]
    # One that is missing is told when it is loaded, if it is needed.
    recorded = [dict(row["environment"] or {}) for row in rows if row is not None]
    writers = sorted({versions["scikit-learn"] for versions in recorded if "scikit-learn" in versions})
    if len(writers) > 1:
        raise Refused(
            f"chain_id {chain_id!r}: its artifacts were written by scikit-learn {' and '.join(writers)}, expected one "
            "version, by which they can be read; fit the chain again in one environment"
        )
    return recorded[0] if recorded else {}


def _fitted(steps: Sequence[Recorded]) -> list[str]:
    """The artifacts that the steps name, in order, each once."""
    return list(dict.fromkeys(artifact for step in steps for artifact in step.artifacts))
