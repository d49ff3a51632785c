"""What contains other estimators: pipelines and searches, opened until only single steps are left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .registry import spelled
from .state import State

__all__ = ["input_width", "leaves"]

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


UNION = "transformer_list"
HELD = (UNION, "estimators_", "estimator_", "regressor_")
"""Where an estimator keeps others that see what it sees."""


def input_width(estimator: Any) -> int | None:
    """How many points what is given to an estimator has, as the first step knows that knows; None when none does."""
    for _, step in leaves(estimator, ""):
        # Not in the state of every object: SelectFromModel asks the estimator inside it.
        count = getattr(step, "n_features_in_", None)
        if count is None:
            count = next((width for width in map(input_width, _held(step)) if width is not None), None)
        if count is not None:
            return int(count)
        if hasattr(step, UNION):
            return None  # what leaves it is as wide as its parts together: the steps after it know another width
    return None


def _held(step: Any) -> Iterator[Any]:
    for name in HELD:
        held = getattr(step, name, None)
        for member in held if isinstance(held, list) else [held]:
            inner = member[1] if isinstance(member, tuple) else member
            if inner is not None and not isinstance(inner, str):
                yield inner
