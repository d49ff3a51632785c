"""Stores that share the storage API of nirs4all: ours, and those of nirs4all itself."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .contract import Prediction

__all__ = ["StorageApi", "bare_packages"]


class StorageApi:
    """A `WorkspaceStore`, whoever made it."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def run(self) -> str:
        """Begin a run."""
        return str(self.store.begin_run("benchmark", {}, [{"name": "wheat"}]))

    def pipeline(self, run: str, dataset: str) -> tuple[str, str]:
        """Begin a pipeline with one chain."""
        pipeline = self.store.begin_pipeline(run, "0001_pls", {"steps": ["SNV", "PLS"]}, [], dataset, "9f2c")
        step = {"step_idx": 1, "operator_class": "PLSRegression"}
        chain = self.store.save_chain(pipeline, [step], 1, "PLSRegression", "SNV", "per_fold", {}, {})
        return str(pipeline), str(chain)

    def describe(self, given: Prediction) -> str:
        """Record what is said of a prediction, without its arrays."""
        scores = {given.partition: {"rmse": given.score, "r2": 0.9}}
        prediction = self.store.save_prediction(
            *(given.pipeline, given.chain, given.dataset, f"PLS_{given.number % 500}", "PLSRegression"),
            *(str(given.number % 5), given.partition, given.score, given.score, given.score, "rmse", "regression"),
            *(len(given.y_true), 700, scores, {"n_components": 10}, None, None, 0, 0.0, "SNV"),
        )
        return str(prediction)

    def save(self, prediction: Prediction) -> str:
        """Record a prediction and its arrays, in the two calls of the API."""
        name = self.describe(prediction)
        self.store.save_prediction_arrays(name, prediction.y_true, prediction.y_pred, None, prediction.indices, None)
        return name

    def settle(self) -> None:
        """Ask for one prediction: whoever reads sees all."""
        self.store.query_predictions(limit=1)

    def artifact(self, obj: Any) -> object:
        """Keep a fitted object."""
        return self.store.save_artifact(obj, type(obj).__name__, "model", "joblib")

    def top(self, n: int) -> object:
        """The best n."""
        return self.store.top_predictions(n)

    def of_dataset(self, dataset: str) -> object:
        """Every prediction of a dataset."""
        return self.store.query_predictions(dataset_name=dataset)

    def predicted(self, prediction: str) -> NDArray[np.float64]:
        """The predicted values of one prediction."""
        return np.asarray(self.store.get_prediction(prediction, load_arrays=True)["y_pred"])

    def delete(self, run: str) -> object:
        """Delete a run."""
        return self.store.delete_run(run)

    def shrink(self) -> None:
        """Vacuum."""
        self.store.vacuum()

    def close(self) -> None:
        """Close."""
        self.store.close()


def bare_packages(*names: str) -> None:
    """Let modules inside these packages be imported without the packages' own imports, which a store does not need."""
    places = importlib.util.find_spec(names[0])
    assert places is not None and places.submodule_search_locations is not None
    root = places.submodule_search_locations[0]
    for name in names:
        package = ModuleType(name)
        package.__path__ = ["/".join((root, *name.split(".")[1:]))]
        sys.modules[name] = package
