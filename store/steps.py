"""What a recorded step says of itself: its role, its place among branches, its artifacts and whose they are.

All of it is told here once, in one form, whoever wrote the record; what a record does not say is left open (None), and
refused where it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .errors import Refused
from .references import identifiers

__all__ = ["SOURCE_MAP", "Recorded", "is_splitter", "plain", "recorded"]

SOURCE_MAP = "_source_map"
"""Under this name shared artifacts say, by step and source, whose each is."""

META = ("MetaModel", "meta_model")
"""The class of a model that is trained on what the models before it predict, and the key of a step that says so."""

SPLITTERS = {
    *("GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "LeavePGroupsOut", "LeavePOut"),
    *("PredefinedSplit", "RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold"),
    *("StratifiedKFold", "StratifiedShuffleSplit", "TimeSeriesSplit", "BinnedStratifiedGroupKFold"),
    *("KBinsStratifiedSplitter", "KMeansSplitter", "KennardStoneSplitter", "SPXYFold", "SPXYGFold", "SPXYSplitter"),
    *("SystematicCircularSplitter", "_FullTrainFoldSplitter"),
}
"""Classes that only say which samples train which fold: nothing of them is left to do when predicting."""

ROLES = {"y_processing": "y", "model": "model", "meta_model": "model"}
"""What a step is that does not say its role, by a key of its parameters as nirs4all writes them."""

TRAINING = ("sample_augmentation", "sample_filter")
"""Keys of steps that change which samples a model is trained on, and nothing else."""


@dataclass(frozen=True)
class Recorded:
    """One step of a recorded chain."""

    where: str
    """How a message names it."""
    index: int
    operator_class: str
    params: Mapping[str, Any]
    role: str
    """`x`, `y` or `model`."""
    branch: tuple[int, ...]
    artifacts: tuple[str, ...]
    """In the order in which they were made; one that serves twice is named twice."""
    sources: tuple[int, ...] | None
    """The source of each artifact, or those that a step without artifacts works on; None where it is not said."""
    stateless: bool
    weights: Mapping[str, float] | None
    """Of a model: how much each fold weighs."""

    @property
    def meta(self) -> bool:
        """Whether it is trained on what other models predict."""
        title, key = META
        inner = self.params.get("model")
        named = inner.get("class") if isinstance(inner, Mapping) else inner
        return key in self.params or title in (plain(self.operator_class), plain(str(named)))

    @property
    def trains(self) -> bool:
        """Whether nothing of it is left to do when predicting."""
        return not self.artifacts and (is_splitter(self.operator_class) or any(key in self.params for key in TRAINING))


def is_splitter(operator_class: str) -> bool:
    """Whether a class only says which samples train which fold."""
    return plain(operator_class) in SPLITTERS


def plain(operator_class: str) -> str:
    """The name of a class without its module."""
    return operator_class.rpartition(".")[2]


def recorded(chain: Mapping[str, Any]) -> list[Recorded]:
    """The steps of a chain. Raises Refused for one that says two things at once, and when its model cannot be told."""
    steps = list(chain["steps"])
    indices = [int(step["step_idx"]) for step in steps]
    found = [
        _recorded(chain, step, alone=indices.count(index) == 1) for step, index in zip(steps, indices, strict=True)
    ]
    silent = [step for step in found if step.role == "" and step.index == chain["model_step_idx"]]
    told = any(step.role == "model" and step.index == chain["model_step_idx"] for step in found)
    model = None if told or not silent else _model(chain, silent)
    return [replace(step, role="model" if step is model else step.role or "x") for step in found]


def _model(chain: Mapping[str, Any], silent: Sequence[Recorded]) -> Recorded:
    """Which of the steps that share the model's index is the model: by its artifacts, else by its class."""
    if len(silent) == 1:
        return silent[0]
    predicting = set(identifiers(chain["fold_artifacts"]))
    chosen = [step for step in silent if predicting & set(step.artifacts)]
    chosen = chosen or [s for s in silent if plain(s.operator_class) == plain(chain["model_class"])]
    if len(chosen) != 1:
        raise Refused(
            f"chain_id {chain['chain_id']!r}: {len(silent)} steps have the index {silent[0].index} of the model, and "
            "none says role 'model'; which it is, is not said"
        )
    return chosen[0]


def _recorded(chain: Mapping[str, Any], step: Mapping[str, Any], *, alone: bool) -> Recorded:
    index, params = int(step["step_idx"]), step.get("params") or {}
    where = f"chain_id {chain['chain_id']!r}, step {index} ({step['operator_class']})"
    artifacts, sources = _artifacts(where, step, chain["shared_artifacts"] or {}, index, alone)
    return Recorded(
        where,
        index,
        str(step["operator_class"]),
        params,
        step.get("role") or next((role for key, role in ROLES.items() if key in params), ""),
        tuple(map(int, step.get("branch_path") or ())),
        artifacts,
        sources,
        bool(step.get("stateless")),
        step.get("fold_weights"),
    )


def _artifacts(
    where: str, step: Mapping[str, Any], shared: Mapping[str, Any], index: int, alone: bool
) -> tuple[tuple[str, ...], tuple[int, ...] | None]:
    """The artifacts of a step and the source of each, from the step itself and from what is said by index."""
    own = tuple(identifiers(step.get("artifact_ids") or step.get("artifact_id")))
    sources = tuple(map(int, step["sources"])) if step.get("sources") is not None else None
    # What is said by index alone belongs to a step only where no other has that index.
    named = tuple(identifiers(shared.get(str(index)))) if alone else ()
    mapped = _by_source(shared, index) if alone and sources is None else ()
    for other in (named, tuple(artifact for _, artifact in mapped)):
        if own and other and set(own) != set(other):
            raise Refused(
                f"{where}: {len({*own, *other})} artifacts are named, those in the step and those in shared_artifacts "
                "are not the same; which are to be used is not said"
            )
    if mapped:
        return tuple(artifact for _, artifact in mapped), tuple(source for source, _ in mapped)
    artifacts = own or named
    if sources is not None and artifacts and len(sources) != len(artifacts):
        raise Refused(
            f"{where}: {len(sources)} sources are named for {len(artifacts)} artifacts, expected one for each"
        )
    return artifacts, sources


def _by_source(shared: Mapping[str, Any], index: int) -> list[tuple[int, str]]:
    """Source and artifact in the order of sources, as `_source_map` says them."""
    by_source = (shared.get(SOURCE_MAP) or {}).get(str(index)) or {}
    return [(int(source), a) for source in sorted(by_source, key=int) for a in identifiers(by_source[source])]
