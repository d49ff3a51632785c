"""Estimators within estimators: read as the operators of the one that holds them."""

from __future__ import annotations

from typing import Any

from ..errors import CaptureError
from ..operators import Largest, OneHot, Operators
from .flatten import leaves
from .registry import METHODS, REFUSED, Reading, reader_of
from .state import State

__all__ = ["answers_by", "class_scores", "nested", "understood"]


def nested(outer: State, name: str, fitted: Any, method: str = "transform") -> Operators:
    """What an estimator `name` inside another one does when it is asked by `method`; pipelines are opened.

    Raises CaptureError, naming both, when it is not known.
    """
    found = list(leaves(fitted, f"{outer.where}, {name}"))
    if method == "inverse_transform":
        found.reverse()
    operators: Operators = ()
    for number, (where, step) in enumerate(found, 1):
        last = number == len(found) or method == "inverse_transform"
        operators += understood(State.of(step, where), method if last else "transform").operators
    if not found and method != "transform":
        raise outer.refuse(f"{name} is empty: there is nothing in it that predicts")
    return operators


def understood(state: State, method: str) -> Reading:
    """How an object is read. Raises CaptureError when it is not known as what is asked of it."""
    read = reader_of(state, method)
    if read is None:
        reason = REFUSED.get(state.name, f"{state.name} is not known as {METHODS[method]}")
        raise state.refuse(f"{reason}; opaque=True carries it as a pickle, for those who trust it")
    reading, unread = read(state), state.unread()
    if state.live is None and unread:
        # Nothing could prove that it does not matter.
        raise state.refuse(f"{unread[0]!r} is no option that is known of this class")
    return reading


def answers_by(fitted: Any) -> str:
    """The method by which a fitted classifier tells most: its probabilities where it has them and they are known."""
    steps = list(leaves(fitted, ""))
    state = State.of(steps[-1][1], "") if steps else None
    read = None if state is None else reader_of(state, "predict_proba")
    if state is None or read is None or not (state.live is None or hasattr(state.live, "predict_proba")):
        return "predict"
    try:
        read(state)
    except CaptureError:  # with these options it is known as what names the class, or not at all
        return "predict"
    return "predict_proba"


def class_scores(outer: State, name: str, fitted: Any, count: int, *, soft: bool) -> Operators:
    """One column for each of `count` classes: probabilities if `soft`, else 1 for the class that it names."""
    if soft:
        return nested(outer, name, fitted, "predict_proba")
    if answers_by(fitted) == "predict_proba":
        return (*nested(outer, name, fitted, "predict_proba"), Largest(), OneHot(count))
    return (*nested(outer, name, fitted, "predict"), OneHot(count))
