"""What the routes of a server are handed: its models, who predicts with them, and what is counted."""

from __future__ import annotations

from dataclasses import dataclass

from .metrics import Metrics
from .predictor import Predictor
from .repository import Repository
from .settings import Settings
from .watching import Watch

__all__ = ["Desk"]


@dataclass(frozen=True)
class Desk:
    """One thing, not three: Litestar starts a task for each of several, which takes longer than a prediction."""

    repository: Repository
    predictor: Predictor
    metrics: Metrics
    settings: Settings
    watch: Watch

    def close(self) -> None:
        """Load and predict nothing any more."""
        self.repository.close()
        self.predictor.close()
