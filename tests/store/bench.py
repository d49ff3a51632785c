"""A place to record chains piece by piece, and to ask them: what a store answers must be what its bundle answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from n4akit.bundle import load
from n4akit.store import ChainBuilder, ExecutionStep, ExecutionTrace, WorkspaceStore, replay_chain
from numpy.typing import NDArray

from .study import new_pipeline

__all__ = ["Bench", "same"]

Matrix = NDArray[np.float64]


class Bench:
    """A pipeline on one dataset, about which `dataset` tells what there is to tell."""

    def __init__(self, store: WorkspaceStore, **dataset: Any) -> None:
        self.store = store
        run = store.begin_run("r", {}, [{"name": "d", **dataset}])
        self.pipeline = new_pipeline(store, run, dataset_name="d")

    def save(self, fitted: Any) -> str:
        return self.store.save_artifact(fitted, type(fitted).__qualname__, "model", "cloudpickle")

    def step(self, index: int, *fitted: Any, **said: Any) -> dict[str, Any]:
        """A step with the artifacts of what was fitted."""
        name = ", ".join(type(one).__name__ for one in fitted)
        ids = [self.save(one) for one in fitted]
        return {"step_idx": index, "operator_class": name, "params": {}, "artifact_ids": ids, **said}

    def chain(self, *steps: dict[str, Any], folds: Sequence[Any] = (), **said: Any) -> str:
        """A chain whose last step is the model, with its fits per fold if there are several."""
        named = {f"fold_{fold}": self.save(one) for fold, one in enumerate(folds)}
        given = {
            "model_step_idx": steps[-1]["step_idx"],
            "model_class": steps[-1]["operator_class"],
            "preprocessings": "",
            "fold_strategy": "per_fold",
            "fold_artifacts": named,
            "shared_artifacts": {},
        }
        return self.store.save_chain(self.pipeline, list(steps), **{**given, **said})

    def traced(self, *steps: ExecutionStep, weights: Mapping[int, float] | None = None) -> list[str]:
        """A chain for each model of a trace, built and saved."""
        last = steps[-1].step_index if weights else None
        trace = ExecutionTrace(
            steps=list(steps), model_step_index=last, fold_weights=dict(weights) if weights else None
        )
        return [self.store.save_chain(self.pipeline, **built) for built in ChainBuilder(trace).build_all()]

    def executed(self, index: int, name: str, *fitted: Any, folds: Sequence[Any] = (), **said: Any) -> ExecutionStep:
        """A step as an engine notes it: its artifacts are not primary."""
        step = ExecutionStep(index, operator_class=name, **said)
        for one in fitted:
            step.artifacts.artifact_ids.append(self.save(one))
        for fold, one in enumerate(folds):
            step.artifacts.add_fold_artifact(fold, self.save(one))
        return step

    def answer(self, chain: str, X: Any, folder: Path) -> Any:
        """What a chain predicts, which is what its bundle predicts, to the last bit."""
        told = replay_chain(self.store, chain, X)
        bundle = load(self.store.export_chain(chain, folder / f"{chain}.n4a"))
        assert bundle.predict(X).tobytes() == told.tobytes()
        return told


def same(found: Matrix, expected: Any) -> bool:
    """Whether predictions are those of scikit-learn, but for rounding."""
    expected = np.asarray(expected).reshape(found.shape)
    return bool(np.abs(found - expected).max() <= 1e-9 * np.abs(expected).max())
