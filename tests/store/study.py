"""Small records, as a training engine would make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from n4akit.store import WorkspaceStore

__all__ = ["Study", "begin"]


@dataclass(frozen=True)
class Study:
    """A run with one pipeline and one chain in a store; more is made by name, with what matters changed."""

    store: WorkspaceStore
    run: str
    pipeline: str
    chain: str

    def new_pipeline(self, **changes: Any) -> str:
        return new_pipeline(self.store, self.run, **changes)

    def new_chain(self, **changes: Any) -> str:
        return new_chain(self.store, changes.pop("pipeline_id", self.pipeline), **changes)

    def prediction(self, **changes: Any) -> str:
        given = {"pipeline_id": self.pipeline, "chain_id": self.chain, **changes}
        return new_prediction(self.store, **given)

    def arrays(self, prediction: str, **changes: Any) -> dict[str, Any]:
        """Save arrays and read them back."""
        self.store.save_prediction_arrays(prediction, **{"y_true": None, "y_pred": None, **changes})
        return read(self.store, prediction)


def begin(store: WorkspaceStore, name: str = "run") -> Study:
    run = store.begin_run(name, {}, [{"name": "wheat"}])
    pipeline = new_pipeline(store, run)
    return Study(store, run, pipeline, new_chain(store, pipeline))


def new_pipeline(store: WorkspaceStore, run: Any, **changes: Any) -> str:
    given = {
        "name": "0001_pls",
        "expanded_config": {"steps": ["SNV", "PLS"]},
        "generator_choices": [],
        "dataset_name": "wheat",
        "dataset_hash": "h",
        **changes,
    }
    return store.begin_pipeline(run, **given)


def new_chain(store: WorkspaceStore, pipeline: str, **changes: Any) -> str:
    given = {
        "steps": [],
        "model_step_idx": 1,
        "model_class": "PLSRegression",
        "preprocessings": "SNV",
        "fold_strategy": "per_fold",
        "fold_artifacts": {},
        "shared_artifacts": {},
        **changes,
    }
    return store.save_chain(pipeline, **given)


def new_prediction(store: WorkspaceStore, **changes: Any) -> str:
    given = {
        "dataset_name": "wheat",
        "model_name": "PLS",
        "model_class": "PLSRegression",
        "fold_id": "0",
        "partition": "val",
        "val_score": 0.5,
        "test_score": 0.6,
        "train_score": 0.4,
        "metric": "rmse",
        "task_type": "regression",
        "n_samples": 3,
        "n_features": 100,
        "scores": {},
        "best_params": {},
        "branch_id": None,
        "branch_name": None,
        "exclusion_count": 0,
        "exclusion_rate": 0.0,
        **changes,
    }
    return store.save_prediction(**given)


def read(store: WorkspaceStore, prediction: str) -> dict[str, Any]:
    """A prediction that is there, with its arrays."""
    found = store.get_prediction(prediction, load_arrays=True)
    assert found is not None
    return found


def write_and_read(store: WorkspaceStore, count: int) -> int:
    """Write predictions, reading them every now and then; how many were read in the end."""
    study = begin(store)
    for number in range(count):
        store.save_prediction_arrays(study.prediction(), np.full(number, 0.5), None)
        if number % 10 == 0:
            assert len(store.query_predictions(run_id=study.run)) == number + 1
    return len(store.query_predictions(run_id=study.run))
