"""From what happened to what can be replayed: one chain for each model of a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import Refused
from .trace import ExecutionStep, ExecutionTrace, StepExecutionMode

__all__ = ["ChainBuilder"]

Y_STEPS = ("y_processing",)
"""Operator types that change the target instead of the spectra."""

META = "meta_model"
"""The operator type of a model that is trained on predictions, and the key of its step that says so."""


class ChainBuilder:
    """Turns an execution trace into chains for `WorkspaceStore.save_chain`.

    `artifact_registry` maps the identifiers of a trace to those of a workspace (a mapping, or anything with `get`);
    without it they are the same. Steps that were skipped are left out, in-branch steps keep their branch and substep,
    steps that change the target are marked `role: y`, artifacts of several sources say which, and models whose
    predictions are stacked come along with their model.
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
        before = [step for step in self._steps[:place] if self._leads_to(step, model, self._steps[:place])]
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

    def _leads_to(self, step: ExecutionStep, model: ExecutionStep, before: Sequence[ExecutionStep]) -> bool:
        """Whether what a step made reaches a model: it is on the way to the model's branch, or in one merged there.

        Other models do only where predictions are what goes on.
        """
        if _holds(step, model):
            return step not in self._models() or _is_meta(model)
        later = before[before.index(step) + 1 :]
        merges = [other for other in later if "merge" in other.operator_config and _holds(other, step)]
        merge = next((other for other in merges if self._leads_to(other, model, before)), None)
        return merge is not None and (
            step not in self._models() or "predictions" in str(merge.operator_config["merge"])
        )

    def _role(self, step: ExecutionStep) -> str:
        if step.operator_type in Y_STEPS:
            return "y"
        return "model" if step in self._models() else "x"

    def _described(self, step: ExecutionStep, model: ExecutionStep | None) -> dict[str, Any]:
        # The models of folds are told once, by fold.
        artifacts = [] if step is model and step.artifacts.fold_artifact_ids else self._artifacts(step)
        described: dict[str, Any] = {
            "step_idx": step.step_index,
            "operator_class": step.operator_class,
            "params": {**({META: True} if _is_meta(step) else {}), **step.operator_config},
            "stateless": not step.has_artifacts(),
            "role": "model" if step is model else self._role(step),
        }
        if len(step.artifacts.by_source) > 1:
            described["sources"] = _sources(step)
        if step is model and self._trace.fold_weights and step.step_index == self._trace.model_step_index:
            described["fold_weights"] = {_fold(fold): weight for fold, weight in self._trace.fold_weights.items()}
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
        by_source = step.artifacts.by_source
        # What is the same for two sources is one artifact; by source it is there twice.
        apart = [id for source in sorted(by_source) for id in by_source[source]]
        return [self._known(id) for id in (apart if len(by_source) > 1 else step.artifacts.artifact_ids)]

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


def _holds(outer: ExecutionStep, inner: ExecutionStep) -> bool:
    """Whether the branch of one step is that of another, or holds it."""
    return list(inner.branch_path[: len(outer.branch_path)]) == list(outer.branch_path)


def _is_meta(step: ExecutionStep) -> bool:
    """Whether a model is trained on what the models before it predict."""
    return step.operator_type == META or step.operator_class == "MetaModel"


def _sources(step: ExecutionStep) -> list[int]:
    """The source of each artifact."""
    return [source for source, ids in sorted(step.artifacts.by_source.items()) for _ in ids]


def _fold(fold: Any) -> str:
    text = str(fold)
    return text if text.startswith("fold_") else f"fold_{text}"


def _source(model: ExecutionStep) -> int | None:
    """The source of a model that belongs to one alone."""
    sources = list(model.artifacts.by_source)
    return sources[0] if len(sources) == 1 else None
