"""From what was recorded about a chain to the chain itself, and to its predictions; one of two files that use
bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..bundle.capture import FittedStep, from_steps
from ..bundle.chain import Chain, Target
from ..bundle.predictor import Predictor
from ..bundle.runtime.spread import useful_threads
from ..bundle.writer import prepare
from .errors import Refused, UnknownId
from .objects import Objects
from .queries import record
from .reading import Reading
from .references import identifiers

__all__ = ["calibration", "fitted_chain", "load_artifact", "predictor"]

FINAL = "final"
"""The fold whose model was fitted again on everything: where there is one it predicts alone."""

CALIBRATION = "calibration"
"""Under this name a chain's shared artifacts may name spectra from which its golden rows are taken."""

SPLITTERS = (
    "GroupKFold",
    "GroupShuffleSplit",
    "KFold",
    "LeaveOneGroupOut",
    "LeaveOneOut",
    "LeavePGroupsOut",
    "LeavePOut",
    "PredefinedSplit",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "ShuffleSplit",
    "StratifiedGroupKFold",
    "StratifiedKFold",
    "StratifiedShuffleSplit",
    "TimeSeriesSplit",
)
"""Steps that only say which samples train which fold: nothing of them is left to do when predicting."""


def predictor(desk: Reading, objects: Objects, chain_id: str) -> Predictor:
    """What predicts with a chain, with the bits of the bundle that would be exported."""
    chain = fitted_chain(desk, objects, chain_id)
    draft = prepare(chain, calibration(desk, objects, chain_id))
    return Predictor(
        draft.compiled,
        axis=chain.axis,
        targets=chain.targets,
        digest=draft.digest,
        classes=chain.classes,
        sources=chain.sources,
        threads=useful_threads(),
    )


def calibration(desk: Reading, objects: Objects, chain_id: str) -> Any:
    """The spectra (n, p) from which a chain wants its golden rows taken, or None when it names none."""
    named = ((record(desk, "chains", chain_id) or {}).get("shared_artifacts") or {}).get(CALIBRATION)
    artifacts = list(identifiers(named))
    if len(artifacts) > 1:
        raise Refused(f"chain_id {chain_id!r}: {len(artifacts)} artifacts are named as {CALIBRATION}, expected one")
    return load_artifact(desk, objects, artifacts[0]) if artifacts else None


def fitted_chain(desk: Reading, objects: Objects, chain_id: str) -> Chain:
    """The chain with this identifier, read from its artifacts.

    What the dataset's metadata say of `wavelengths` (with `unit`) and `targets` (names, or names with units) is carried
    along. Raises UnknownId, Refused when the record does not say how to predict, CaptureError when a step is not known.
    """
    found = record(desk, "chains", chain_id)
    if found is None:
        raise UnknownId(f"chain_id {chain_id!r}: no chain with this identifier is recorded in {desk.folder}")
    pipeline = record(desk, "pipelines", found["pipeline_id"]) or {}
    run = record(desk, "runs", pipeline.get("run_id", "")) or {}
    dataset = _dataset(run.get("datasets"), pipeline.get("dataset_name"))
    folds = _folds(chain_id, found)
    versions = _environment(desk, chain_id, [*folds.values(), *_fitted(found)])
    return from_steps(
        list(_steps(desk, objects, found)),
        {fold: load_artifact(desk, objects, artifact) for fold, artifact in folds.items()},
        wavelengths=dataset.get("wavelengths"),
        unit=dataset.get("unit", "nm"),
        targets=_targets(dataset.get("targets")),
        provenance=_provenance(found, pipeline),
        environment=versions,
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


def _steps(desk: Reading, objects: Objects, chain: Mapping[str, Any]) -> Iterator[FittedStep]:
    """The steps before the model, in the order in which they were recorded."""
    shared: Mapping[str, Any] = chain["shared_artifacts"] or {}
    for step in chain["steps"]:
        index = int(step["step_idx"])
        where = f"chain_id {chain['chain_id']!r}, step {index} ({step['operator_class']})"
        _check_branch(where, step.get("branch_path"), chain["branch_path"])
        if step.get("role") == "model" and index != chain["model_step_idx"]:
            raise Refused(f"{where}: it is a model beside that of step {chain['model_step_idx']}; not replayed yet")
        if step.get("role") in (None, "model") and index == chain["model_step_idx"]:
            continue
        if step.get("role") == "y":
            raise Refused(f"{where}: it transforms the target, which is not replayed yet")
        artifacts = sorted({*_artifacts(step), *identifiers(shared.get(str(index)))})
        if len(artifacts) > 1:
            raise Refused(
                f"{where}: {len(artifacts)} artifacts are named, expected one; which is to be used is not said"
            )
        if not artifacts and step["operator_class"].rpartition(".")[2] in SPLITTERS:
            continue
        fitted = load_artifact(desk, objects, artifacts[0]) if artifacts else None
        if fitted is None and not step.get("stateless"):
            raise Refused(f"{where}: it was fitted, and no artifact of it is named; the chain cannot be replayed")
        yield FittedStep(index, step["operator_class"], step.get("params") or {}, fitted)


def _check_branch(where: str, path: Sequence[int] | None, own: Sequence[int] | None) -> None:
    """Raise Refused for a step of another branch than the chain's."""
    if path is not None and list(path) != list(own or ())[: len(path)]:
        raise Refused(f"{where}: it is in branch {list(path)}, and the chain in {own}; branches are not replayed yet")


def _artifacts(step: Mapping[str, Any]) -> list[str]:
    return list(identifiers(step.get("artifact_ids") or step.get("artifact_id")))


def _folds(chain_id: str, chain: Mapping[str, Any]) -> dict[str, str]:
    """The artifact of the model for each fold that predicts, in order."""
    folds = _per_fold(chain_id, chain["fold_artifacts"] or {})
    index = chain["model_step_idx"]
    steps = [s for s in chain["steps"] if s["step_idx"] == index and s.get("role") in (None, "model")]
    single = {
        *identifiers((chain["shared_artifacts"] or {}).get(str(index))),
        *(a for s in steps for a in _artifacts(s)),
    }
    if not folds and len(single) == 1:
        return {"0": single.pop()}
    if not folds or not single <= set(folds.values()):
        raise Refused(
            f"chain_id {chain_id!r}: {len(single)} models are named for step {index} and {len(folds)} per fold, "
            "expected one model, or one per fold"
        )
    if FINAL in folds:
        return {FINAL: folds[FINAL]}
    numbered = sorted((fold for fold in folds if fold.isdecimal()), key=int)
    return {fold: folds[fold] for fold in [*numbered, *(fold for fold in folds if not fold.isdecimal())]}


def _per_fold(chain_id: str, named: Mapping[str, Any]) -> dict[str, str]:
    """The one artifact of each fold; `fold_0` is fold 0."""
    folds: dict[str, str] = {}
    for name, value in named.items():
        fold, artifacts = name.removeprefix("fold_"), list(identifiers(value))
        if fold in folds or len(artifacts) != 1:
            raise Refused(
                f"chain_id {chain_id!r}, fold {name!r}: {len(artifacts) + (fold in folds)} artifacts are named, "
                "expected one; which is to be used is not said"
            )
        folds[fold] = artifacts[0]
    return folds


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


def _fitted(chain: Mapping[str, Any]) -> list[str]:
    """The artifacts of the steps before the model."""
    shared: Mapping[str, Any] = chain["shared_artifacts"] or {}
    named = {a for index, ids in shared.items() if index != CALIBRATION for a in identifiers(ids)}
    return sorted(named | {artifact for step in chain["steps"] for artifact in _artifacts(step)})
