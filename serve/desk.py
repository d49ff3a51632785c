"""What the routes of a server are handed: its models, and who predicts with them."""

from __future__ import annotations

from dataclasses import dataclass

from .predictor import Predictor
from .repository import Repository

__all__ = ["Desk"]


@dataclass(frozen=True)
class Desk:
    """One thing, not two: Litestar starts a task for each of several, which takes longer than a prediction."""

    repository: Repository
    predictor: Predictor

    def close(self) -> None:
        """Load and predict nothing any more."""
        self.repository.close()
        self.predictor.close()
