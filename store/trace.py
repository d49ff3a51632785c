"""What happened in a run, step by step: plain records that training engines fill in and `ChainBuilder` reads.

They have the names and the document form (`to_dict`, `from_dict`) of nirs4all's execution traces, so that traces
travel both ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self
from uuid import uuid4

__all__ = ["ExecutionStep", "ExecutionTrace", "StepArtifacts", "StepExecutionMode"]


class StepExecutionMode(StrEnum):
    """What a step did."""

    TRAIN = "train"
    PREDICT = "predict"
    SKIP = "skip"


@dataclass
class StepArtifacts:
    """The artifacts of one step: all of them, and which fold, branch, source or chain path each belongs to."""

    artifact_ids: list[str] = field(default_factory=list)
    primary_artifact_id: str | None = None
    fold_artifact_ids: dict[Any, str] = field(default_factory=dict)
    """By fold: a number, or text such as `final`."""
    primary_artifacts: dict[str, str] = field(default_factory=dict)
    """By chain path."""
    by_branch: dict[tuple[int, ...], list[str]] = field(default_factory=dict)
    by_source: dict[int, list[str]] = field(default_factory=dict)
    by_chain: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def add_artifact(
        self,
        artifact_id: str,
        is_primary: bool = False,
        chain_path: str | None = None,
        branch_path: Sequence[int] | None = None,
        source_index: int | None = None,
    ) -> None:
        """Add an artifact, and what it belongs to."""
        self._list(artifact_id, chain_path, branch_path)
        if source_index is not None:
            self.by_source.setdefault(source_index, []).append(artifact_id)
        if is_primary:
            self.primary_artifact_id = artifact_id
            if chain_path is not None:
                self.primary_artifacts[chain_path] = artifact_id

    def add_fold_artifact(
        self,
        fold_id: int | str,
        artifact_id: str,
        chain_path: str | None = None,
        branch_path: Sequence[int] | None = None,
    ) -> None:
        """Add the artifact of one fold."""
        self._list(artifact_id, chain_path, branch_path)
        self.fold_artifact_ids[fold_id] = artifact_id

    def _list(self, artifact_id: str, chain_path: str | None, branch_path: Sequence[int] | None) -> None:
        if artifact_id not in self.artifact_ids:
            self.artifact_ids.append(artifact_id)
        if chain_path is not None:
            self.by_chain[chain_path] = artifact_id
        if branch_path is not None:
            self.by_branch.setdefault(tuple(branch_path), []).append(artifact_id)

    def get_artifacts_for_branch(self, branch_path: Sequence[int]) -> list[str]:
        """The artifacts of a branch."""
        return list(self.by_branch.get(tuple(branch_path), ()))

    def get_artifacts_for_source(self, source_index: int) -> list[str]:
        """The artifacts of a source."""
        return list(self.by_source.get(source_index, ()))

    def get_artifact_by_chain(self, chain_path: str) -> str | None:
        """The artifact of a chain path, or None."""
        return self.by_chain.get(chain_path)

    def merge(self, other: StepArtifacts) -> None:
        """Add everything of another record; where both name one thing, the other's is taken."""
        self.artifact_ids += [id for id in other.artifact_ids if id not in self.artifact_ids]
        self.primary_artifact_id = other.primary_artifact_id or self.primary_artifact_id
        self.fold_artifact_ids |= other.fold_artifact_ids
        self.primary_artifacts |= other.primary_artifacts
        self.by_chain |= other.by_chain
        self.metadata |= other.metadata
        for branch, ids in other.by_branch.items():
            self.by_branch.setdefault(branch, []).extend(ids)
        for source, ids in other.by_source.items():
            self.by_source.setdefault(source, []).extend(ids)

    def to_dict(self) -> dict[str, Any]:
        """As a document; a branch is written `0.1`."""
        branches = {".".join(map(str, branch)): list(ids) for branch, ids in self.by_branch.items()}
        return _fields(self) | {"by_branch": branches}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """From a document; what is missing has its default, and numbers that JSON made text are numbers again."""
        found = _known(cls, data)
        for name in ("fold_artifact_ids", "by_source"):
            found[name] = {_number(key): value for key, value in (data.get(name) or {}).items()}
        found["by_branch"] = {_branch(key): list(ids) for key, ids in (data.get("by_branch") or {}).items()}
        return cls(**found)


@dataclass
class ExecutionStep:
    """One step as it was executed. Several may share an index: those of a branch, or the parts of one."""

    step_index: int
    """Counted from 1."""
    operator_type: str = ""
    """What the engine took it for (`transform`, `model`, `y_processing`, …): a hint, artifacts say more."""
    operator_class: str = ""
    operator_config: dict[str, Any] = field(default_factory=dict)
    execution_mode: StepExecutionMode = StepExecutionMode.TRAIN
    artifacts: StepArtifacts = field(default_factory=StepArtifacts)
    branch_path: list[int] = field(default_factory=list)
    branch_name: str = ""
    duration_ms: float = 0.0
    metadata: dict[str, Any] = field(default_factory=dict)
    input_chain_path: str = ""
    output_chain_paths: list[str] = field(default_factory=list)
    source_count: int = 1
    produces_branches: bool = False
    substep_index: int | None = None
    input_shape: tuple[int, int] | None = None
    output_shape: tuple[int, int] | None = None
    input_features_shape: list[tuple[int, int, int]] | None = None
    output_features_shape: list[tuple[int, int, int]] | None = None

    def has_artifacts(self) -> bool:
        """Whether anything was fitted."""
        return bool(self.artifacts.artifact_ids)

    def add_output_chain(self, chain_path: str) -> None:
        """Note a chain path that goes on from here."""
        if chain_path not in self.output_chain_paths:
            self.output_chain_paths.append(chain_path)

    def to_dict(self) -> dict[str, Any]:
        """As a document."""
        return _fields(self) | {"execution_mode": str(self.execution_mode), "artifacts": self.artifacts.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """From a document; what is missing has its default. Raises KeyError without a step_index."""
        found = _known(cls, data) | {"step_index": int(data["step_index"])}
        found["execution_mode"] = StepExecutionMode(data.get("execution_mode", "train"))
        found["artifacts"] = StepArtifacts.from_dict(data.get("artifacts") or {})
        for name in ("input_shape", "output_shape"):
            found[name] = None if data.get(name) is None else tuple(data[name])
        for name in ("input_features_shape", "output_features_shape"):
            found[name] = None if data.get(name) is None else [tuple(shape) for shape in data[name]]
        return cls(**found)


@dataclass
class ExecutionTrace:
    """All steps of one pipeline in the order in which they were executed."""

    trace_id: str = field(default_factory=lambda: str(uuid4())[:12])
    pipeline_uid: str = ""
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    steps: list[ExecutionStep] = field(default_factory=list)
    model_step_index: int | None = None
    fold_weights: dict[int, float] | None = None
    preprocessing_chain: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    def add_step(self, step: ExecutionStep) -> None:
        """Add a step at the end."""
        self.steps.append(step)

    def get_step(self, step_index: int) -> ExecutionStep | None:
        """The first step of an index, or None."""
        return next((step for step in self.steps if step.step_index == step_index), None)

    def get_steps_before(self, step_index: int) -> list[ExecutionStep]:
        """The steps of smaller index."""
        return [step for step in self.steps if step.step_index < step_index]

    def get_steps_up_to_model(self) -> list[ExecutionStep]:
        """The steps up to the model's index, it included; all of them when no model is known."""
        last = self.model_step_index
        return [step for step in self.steps if last is None or step.step_index <= last]

    def get_artifact_ids(self) -> list[str]:
        """Every artifact once, in order."""
        return list(dict.fromkeys(id for step in self.steps for id in step.artifacts.artifact_ids))

    def get_artifacts_by_step(self, step_index: int) -> list[str]:
        """The artifacts of all steps of an index."""
        return [id for step in self.steps if step.step_index == step_index for id in step.artifacts.artifact_ids]

    def get_model_artifact_id(self) -> str | None:
        """The primary artifact of the model's step, or None."""
        step = self._model()
        return step.artifacts.primary_artifact_id if step else None

    def get_fold_artifact_ids(self) -> dict[Any, str]:
        """The artifact of each fold of the model's step."""
        step = self._model()
        return dict(step.artifacts.fold_artifact_ids) if step else {}

    def _model(self) -> ExecutionStep | None:
        return None if self.model_step_index is None else self.get_step(self.model_step_index)

    def set_model_step(self, step_index: int, fold_weights: Mapping[int, float] | None = None) -> None:
        """Say which step is the model, and how its folds are weighted."""
        self.model_step_index = step_index
        if fold_weights is not None:
            self.fold_weights = dict(fold_weights)

    def finalize(self, preprocessing_chain: str = "", metadata: Mapping[str, Any] | None = None) -> None:
        """Say how the preprocessing is called, and what else there is to say."""
        self.preprocessing_chain = preprocessing_chain or self.preprocessing_chain
        self.metadata |= metadata or {}

    def to_dict(self) -> dict[str, Any]:
        """As a document."""
        return _fields(self) | {"steps": [step.to_dict() for step in self.steps]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """From a document; what is missing has its default."""
        found = _known(cls, data)
        found["steps"] = [ExecutionStep.from_dict(step) for step in data.get("steps") or ()]
        weights = data.get("fold_weights")
        found["fold_weights"] = None if weights is None else {int(fold): float(w) for fold, w in weights.items()}
        return cls(**found)


def _fields(record: Any) -> dict[str, Any]:
    return {name: _listed(getattr(record, name)) for name in record.__dataclass_fields__}


def _listed(value: Any) -> Any:
    """A copy in which tuples are lists, as JSON would give them back."""
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def _known(cls: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name in cls.__dataclass_fields__ and value is not None}


def _number(key: Any) -> Any:
    return int(key) if isinstance(key, str) and key.lstrip("-").isdigit() else key


def _branch(key: Any) -> tuple[int, ...]:
    return tuple(map(int, key.split("."))) if isinstance(key, str) and key else tuple(key)
