"""What contains other estimators: pipelines and searches, opened until only single steps are left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .registry import spelled
from .state import State

__all__ = ["leaves"]

PIPELINES = spelled("sklearn.pipeline", [], "Pipeline")
SEARCHES = spelled(
    "sklearn.model_selection",
    ["_search", "_search_successive_halving"],
    *("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"),
)


def leaves(estimator: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Every single step in order, with how to name it; steps that do nothing are left out."""
    if estimator is None or estimator == "passthrough":
        return
    state = State.of(estimator, where)
    if state.name in PIPELINES:
        for name, step in state.get("steps"):
            yield from leaves(step, f"{where}.{name}" if where else name)
    elif state.name in SEARCHES:
        yield from leaves(state.get("best_estimator_"), where)
    else:
        yield where, estimator
