"""What a store must be able to do to take part, and what it is given to record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Contestant", "Prediction"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """One prediction: where it belongs, how good it is, and three arrays of the same length."""

    number: int
    pipeline: str
    chain: str
    dataset: str
    partition: str
    score: float
    y_true: NDArray[np.float64]
    y_pred: NDArray[np.float64]
    indices: NDArray[np.int64]


class Contestant(Protocol):
    """An open store, used through what its makers publish."""

    def run(self) -> str:
        """Begin a run."""

    def pipeline(self, run: str, dataset: str) -> tuple[str, str]:
        """Begin a pipeline with one chain; both their names."""

    def save(self, prediction: Prediction) -> str:
        """Record a prediction with its arrays; its name."""

    def settle(self) -> None:
        """Make sure that all that was saved is kept, and is found by whoever asks."""

    def artifact(self, obj: Any) -> object:
        """Keep a fitted object."""

    def top(self, n: int) -> object:
        """The n predictions of partition `val` with the lowest scores."""

    def of_dataset(self, dataset: str) -> object:
        """Every prediction of a dataset."""

    def predicted(self, prediction: str) -> NDArray[np.float64]:
        """The predicted values of one prediction, read with all its arrays."""

    def delete(self, run: str) -> object:
        """Delete a run with everything in it."""

    def shrink(self) -> None:
        """Make the files as small as what is in them."""

    def close(self) -> None:
        """Let go of all files."""
