"""A small model, trained on real spectra and recorded in a store as a training engine would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from n4akit.bundle.transformers import StandardNormalVariate
from n4akit.store import WorkspaceStore
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.preprocessing import StandardScaler

from .study import new_chain, new_pipeline

__all__ = ["SNV", "STEPS", "Matrix", "Trained", "with_step"]

Matrix = NDArray[np.float64]
SNV = "n4akit.bundle.transformers.StandardNormalVariate"
STEPS: list[dict[str, Any]] = [
    {"step_idx": 0, "operator_class": "sklearn.model_selection._split.KFold", "params": {"n_splits": 3}},
    {"step_idx": 1, "operator_class": SNV, "params": {}, "artifact_id": None, "stateless": True},
    {"step_idx": 2, "operator_class": "sklearn.preprocessing._data.StandardScaler", "params": {}},
    {"step_idx": 3, "operator_class": "sklearn.cross_decomposition._pls.PLSRegression", "params": {}},
]


class Trained:
    """SNV, a scaler fitted on everything, and one PLS per fold and one on everything, recorded in a store."""

    def __init__(self, store: WorkspaceStore, X: Matrix, y: Matrix, dataset: Mapping[str, Any]) -> None:
        self.store = store
        self.run = store.begin_run("r", {}, [{"name": "other"}, {"name": "tecator", **dataset}])
        self.pipeline = new_pipeline(store, self.run, dataset_name="tecator")
        corrected = StandardNormalVariate().fit_transform(X)
        self.scaler = StandardScaler().fit(corrected)
        scaled = self.scaler.transform(corrected)
        parts = {"0": slice(0, 60), "1": slice(40, 100), "2": slice(70, 120), "final": slice(None)}
        self.models = {fold: PLSRegression(4).fit(scaled[rows], y[rows]) for fold, rows in parts.items()}
        self.scaler_id = self.save(self.scaler)
        self.ids = {fold: self.save(model) for fold, model in self.models.items()}

    def save(self, obj: Any) -> str:
        return self.store.save_artifact(obj, type(obj).__qualname__, "model", "joblib")

    def chain(self, folds: Mapping[Any, Any], steps: list[dict[str, Any]] = STEPS, **changes: Any) -> str:
        """A chain over these folds; of three folds the scaler is shared."""
        given = {"model_step_idx": 3, "shared_artifacts": {"2": self.scaler_id}, **changes}
        return new_chain(self.store, self.pipeline, steps=steps, fold_artifacts=dict(folds), **given)

    def folds(self, *names: str) -> dict[str, str]:
        return {name: self.ids[name] for name in names}

    def live(self, X: Matrix, *names: str) -> Matrix:
        """What scikit-learn's objects predict, averaged over folds."""
        scaled = self.scaler.transform(StandardNormalVariate().fit_transform(X))
        answers = [self.models[name].predict(scaled) for name in names]
        return np.asarray(np.squeeze(np.mean(answers, axis=0)))


def with_step(number: int, **changes: Any) -> list[dict[str, Any]]:
    """The steps with one of them changed."""
    return [{**step, **changes} if step["step_idx"] == number else step for step in STEPS]
