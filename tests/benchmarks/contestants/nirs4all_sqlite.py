"""The store of nirs4all 1.4: rows in SQLite, arrays in a Parquet file for each dataset.

As it is used by its own runs: 500 predictions in one transaction, then their arrays in one write. What is saved is
durable at the end of each such batch.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .contract import Prediction
from .storage_api import StorageApi, bare_packages

__all__ = ["Batched", "enter"]

bare_packages(
    *("nirs4all", "nirs4all.core", "nirs4all.data", "nirs4all.data._predictions"),
    *("nirs4all.pipeline", "nirs4all.pipeline.storage", "nirs4all.pipeline.trace"),
)

from nirs4all.pipeline.storage.workspace_store import WorkspaceStore  # noqa: E402 (its packages are made above)

BATCH = 500


class Batched(StorageApi):
    """Predictions are kept in batches of a size."""

    def __init__(self, store: Any, size: int) -> None:
        super().__init__(store)
        self.size = size
        self.arrays: list[dict[str, Any]] = []
        self.transaction = ExitStack()

    def save(self, prediction: Prediction) -> str:
        """Record a prediction; the last of a batch writes it."""
        if not self.arrays and self.size > 1:
            self.transaction.enter_context(self.store.transaction())
        name = self.describe(prediction)
        self.arrays.append(
            {
                "prediction_id": name,
                "dataset_name": prediction.dataset,
                "model_name": f"PLS_{prediction.number % 500}",
                "fold_id": str(prediction.number % 5),
                "partition": prediction.partition,
                "metric": "rmse",
                "val_score": prediction.score,
                "task_type": "regression",
                "y_true": prediction.y_true,
                "y_pred": prediction.y_pred,
                "sample_indices": prediction.indices,
            }
        )
        if len(self.arrays) == self.size:
            self.write()
        return name

    def write(self) -> None:
        """Write the batch."""
        if self.arrays:
            self.store.array_store.save_batch(self.arrays)
            self.arrays = []
        self.transaction.close()

    def settle(self) -> None:
        """Write what is left, and ask for one prediction."""
        self.write()
        super().settle()

    def shrink(self) -> None:
        """Vacuum the rows and compact the arrays."""
        self.store.vacuum()
        self.store.compact_arrays()


def enter(folder: Path, size: int = BATCH) -> Batched:
    """Open it."""
    return Batched(WorkspaceStore(folder), size)
