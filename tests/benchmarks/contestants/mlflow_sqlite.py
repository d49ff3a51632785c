"""MLflow with its SQLite store: a prediction is a run inside a run, its arrays an artifact."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from .contract import Prediction

os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")

import mlflow
from mlflow.entities import Metric, Param

__all__ = ["enter"]

logging.disable(logging.WARNING)


class Tracking:
    """An MLflow client on files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.uri = f"sqlite:///{folder}/mlflow.db"
        self.folder = folder
        self.client = mlflow.MlflowClient(self.uri)
        found = self.client.get_experiment_by_name("benchmark")
        self.experiment = found.experiment_id if found else self._made()
        self.last = ""

    def _made(self) -> str:
        place = (self.folder / "files").as_uri()
        return str(self.client.create_experiment("benchmark", artifact_location=place))

    def run(self) -> str:
        """Begin a run."""
        self.last = str(self.client.create_run(self.experiment).info.run_id)
        return self.last

    def pipeline(self, run: str, dataset: str) -> tuple[str, str]:
        """What is a pipeline elsewhere is a tag here."""
        return run, f"chain of {run}"

    def save(self, prediction: Prediction) -> str:
        """Record a run inside the run."""
        tags = {
            "mlflow.parentRunId": prediction.pipeline,
            "dataset": prediction.dataset,
            "partition": prediction.partition,
        }
        run = str(self.client.create_run(self.experiment, tags=tags).info.run_id)
        at = int(time.time() * 1000)
        metrics = [Metric(name, prediction.score, at, 0) for name in ("train_score", "val_score", "test_score")]
        said = {"chain": prediction.chain, "model": f"PLS_{prediction.number % 500}", "fold": prediction.number % 5}
        self.client.log_batch(run, metrics=metrics, params=[Param(key, str(value)) for key, value in said.items()])
        arrays = self.folder / "arrays.npz"
        np.savez(arrays, y_true=prediction.y_true, y_pred=prediction.y_pred, indices=prediction.indices)
        self.client.log_artifact(run, str(arrays))
        self.client.set_terminated(run)
        return run

    def settle(self) -> None:
        """Everything is kept and found at once."""

    def artifact(self, obj: Any) -> object:
        """Keep a fitted object with the last run."""
        path = self.folder / "model.joblib"
        joblib.dump(obj, path, compress=3)
        return self.client.log_artifact(self.last, str(path))

    def top(self, n: int) -> object:
        """The best n."""
        return self._found("tags.partition = 'val'", order_by=["metrics.val_score ASC"], max_results=n)

    def of_dataset(self, dataset: str) -> object:
        """Every prediction of a dataset."""
        return self._found(f"tags.dataset = '{dataset}'", max_results=10_000)

    def _found(self, condition: str, **options: Any) -> Any:
        return self.client.search_runs([self.experiment], filter_string=condition, **options)

    def predicted(self, prediction: str) -> NDArray[np.float64]:
        """The predicted values of one prediction."""
        path = mlflow.artifacts.download_artifacts(run_id=prediction, artifact_path="arrays.npz", tracking_uri=self.uri)
        with np.load(path) as arrays:
            return np.asarray({name: arrays[name] for name in arrays.files}["y_pred"])

    def delete(self, run: str) -> object:
        """Mark a run and those inside it as deleted."""
        inside = self._found(f"tags.`mlflow.parentRunId` = '{run}'", max_results=50_000)
        for one in (*inside, self.client.get_run(run)):
            self.client.delete_run(one.info.run_id)
        return len(inside)

    def shrink(self) -> None:
        """Its client cannot."""

    def close(self) -> None:
        """It has no such call."""


def enter(folder: Path) -> Tracking:
    """Open it."""
    return Tracking(folder)
