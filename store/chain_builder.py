"""From what happened to what can be replayed: one chain for each model of a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import Refused
from .trace import ExecutionStep, ExecutionTrace, StepExecutionMode

__all__ = ["ChainBuilder"]

Y_STEPS = ("y_processing",)
"""Operator types that change the target instead of the spectra."""


class ChainBuilder:
    """Turns an execution trace into chains for `WorkspaceStore.save_chain`.

    `artifact_registry` maps the identifiers of a trace to those of a workspace (a mapping, or anything with `get`);
    without it they are the same. Steps that were skipped are left out, in-branch steps keep their branch and substep,
    and steps that change the target are marked `role: y`.
    """

    def __init__(self, trace: ExecutionTrace, artifact_registry: Any = None) -> None:
        self._trace = trace
        self._registry = artifact_registry
        self._steps = [step for step in trace.steps if step.execution_mode is not StepExecutionMode.SKIP]

    def build(self) -> dict[str, Any]:
        """The chain of the model: the arguments of `save_chain` but the pipeline.

        A trace without a model gives the steps alone, with an empty model. Raises Refused when there are several models
        and the trace does not say which is meant; see `build_all`.
        """
        models = self._models()
        chosen = [model for model in models if model.step_index == self._trace.model_step_index]
        candidates = chosen or models
        if len(candidates) > 1:
            names = ", ".join(f"step {model.step_index} ({model.operator_class})" for model in candidates)
            raise Refused(
                f"trace {self._trace.trace_id}: {len(candidates)} models ({names}); build_all() gives a chain each"
            )
        return self._chain(candidates[0]) if candidates else self._without_model()

    def build_all(self) -> list[dict[str, Any]]:
        """One chain per model, in order; each holds the steps that lead to its model, and those alone."""
        return [self._chain(model) for model in self._models()]

    def _models(self) -> list[ExecutionStep]:
        """The steps that predict: those with an artifact per fold, or which the trace or the engine calls the model."""
        return [step for step in self._steps if step.artifacts.fold_artifact_ids or self._is_model(step)]

    def _is_model(self, step: ExecutionStep) -> bool:
        if step.operator_type in ("model", "meta_model"):
            return step.has_artifacts()
        same = [other for other in self._steps if other.step_index == step.step_index]
        # Steps of a branch may share the model's index; the last of them that was fitted is the model.
        fitted = [other for other in same if other.has_artifacts() and other.operator_type not in Y_STEPS]
        return step.step_index == self._trace.model_step_index and bool(fitted) and step is fitted[-1]

    def _without_model(self) -> dict[str, Any]:
        return self._arguments(
            [self._described(step, None) for step in self._steps], None, {}, self._shared(self._steps)
        )

    def _chain(self, model: ExecutionStep) -> dict[str, Any]:
        place = self._steps.index(model)
        before = [step for step in self._steps[:place] if self._leads_to(step, model)]
        folds = {_fold(fold): self._known(id) for fold, id in model.artifacts.fold_artifact_ids.items()}
        own = self._artifacts(model)
        if not folds and len(own) != 1:
            raise Refused(
                f"step {model.step_index} ({model.operator_class}): a model with {len(own)} artifacts and none per "
                "fold, expected one, or one per fold"
            )
        steps = [self._described(step, model) for step in (*before, model)]
        # In a branch, steps share the index of their model: what they are is said in the steps alone.
        apart = [step for step in before if step.step_index != model.step_index]
        return self._arguments(steps, model, folds, self._shared(apart))

    def _leads_to(self, step: ExecutionStep, model: ExecutionStep) -> bool:
        """Whether what a step made reaches a model: it is on the way to the model's branch, and no other model."""
        return list(model.branch_path[: len(step.branch_path)]) == list(step.branch_path) and step not in self._models()

    def _described(self, step: ExecutionStep, model: ExecutionStep | None) -> dict[str, Any]:
        # The models of folds are told once, by fold.
        artifacts = [] if step is model and step.artifacts.fold_artifact_ids else self._artifacts(step)
        described: dict[str, Any] = {
            "step_idx": step.step_index,
            "operator_class": step.operator_class,
            "params": dict(step.operator_config),
            "stateless": not step.has_artifacts(),
            "role": "model" if step is model else "y" if step.operator_type in Y_STEPS else "x",
        }
        if len(artifacts) > 1:
            described["artifact_ids"] = artifacts
        else:
            described["artifact_id"] = artifacts[0] if artifacts else None
        if step.branch_path:
            described["branch_path"] = list(step.branch_path)
        if step.substep_index is not None:
            described["substep"] = step.substep_index
        return described

    def _artifacts(self, step: ExecutionStep) -> list[str]:
        return [self._known(id) for id in step.artifacts.artifact_ids]

    def _known(self, artifact_id: str) -> str:
        if self._registry is None:
            return artifact_id
        found = self._registry.get(artifact_id)
        if found is None:
            raise Refused(f"artifact {artifact_id!r} of trace {self._trace.trace_id} is not in the registry")
        return str(found)

    def _shared(self, steps: Sequence[ExecutionStep]) -> dict[str, Any]:
        """The artifacts of the steps before the model, by index; a list where several steps share one."""
        shared: dict[str, list[str]] = {}
        for step in steps:
            shared.setdefault(str(step.step_index), []).extend(self._artifacts(step))
        return {index: ids[0] if len(ids) == 1 else ids for index, ids in shared.items() if ids}

    def _arguments(
        self,
        steps: list[dict[str, Any]],
        model: ExecutionStep | None,
        folds: Mapping[str, str],
        shared: Mapping[str, Any],
    ) -> dict[str, Any]:
        return {
            "steps": steps,
            "model_step_idx": model.step_index if model else 0,
            "model_class": model.operator_class if model else "",
            "preprocessings": self._trace.preprocessing_chain,
            "fold_strategy": "per_fold" if folds else "shared",
            "fold_artifacts": dict(folds),
            "shared_artifacts": dict(shared),
            "branch_path": list(model.branch_path) if model and model.branch_path else None,
            "source_index": _source(model) if model else None,
        }


def _fold(fold: Any) -> str:
    text = str(fold)
    return text if text.startswith("fold_") else f"fold_{text}"


def _source(model: ExecutionStep) -> int | None:
    """The source of a model that belongs to one alone."""
    sources = list(model.artifacts.by_source)
    return sources[0] if len(sources) == 1 else None
