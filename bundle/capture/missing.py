"""Missing values (NaN): whether a chain does with them what the live objects do, followed from step to step.

A step that fills them in, tells where they are, or sends them down a tree gives them a meaning; scalers and choices of
points leave them as they are. The object of each step is asked until nothing is missing any more. Where one refuses
them, does something else with them, or cannot be asked, the whole chain refuses them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CaptureError, PlanError
from ..landmarks import landmarks
from ..lower import Program, operate
from ..models import Trees
from ..operators import Operators
from ..preprocessing import Fill, Missing
from ..runtime import Output, Replay
from ..surroundings import gapped
from .registry import Reading
from .state import State
from .verify import LANDMARKS, ask, tolerance

__all__ = ["Gaps", "meant", "side_by_side", "through"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gaps:
    """What reaches a step of spectra with missing values: rows that have some, none once all are given a meaning."""

    rows: Matrix | None
    refused: str = ""
    """Why missing values are refused, if they are."""

    @classmethod
    def of(cls, given: Matrix) -> Gaps:
        """Of spectra that may have missing values: these, others with more of them, and one that is nothing else."""
        width = given.shape[1]
        return cls(np.concatenate([given, gapped(given), np.full((1, width), np.nan)]))

    def at(self, index: NDArray[np.int32]) -> Gaps:
        """The same of some of the columns."""
        return Gaps(None if self.rows is None else np.ascontiguousarray(self.rows[:, index]), self.refused)


def through(state: State, reading: Reading, method: str, gaps: Gaps) -> Gaps:
    """What leaves a step, where its object and the operators it was read as make the same of missing values."""
    if gaps.rows is None:
        return gaps
    around = landmarks(reading.operators, gaps.rows.shape[1], LANDMARKS)
    rows = gaps.rows if around is None else np.concatenate([gaps.rows, gapped(around)])
    try:
        after = _operated(reading.operators, rows)
        if state.live is None:
            raise state.refuse("what it makes of missing values cannot be proven without a fitted object")
        theirs = ask(state, rows, reading.asked_by or method)
    except (CaptureError, PlanError) as error:
        return Gaps(None, str(error) if isinstance(error, CaptureError) else f"{state.where}: {error}")
    if not _alike(after.found, theirs, tolerance(reading)):
        return Gaps(None, f"{state.where}: its {method} makes something else of missing values than was read from it")
    return after.gaps(len(gaps.rows))


def side_by_side(operators: Operators, gaps: Gaps, parts: Iterable[Gaps], where: str) -> Gaps:
    """What leaves several parts, each proven by itself, that are the `operators` together."""
    refused = next((part.refused for part in parts if part.refused), gaps.refused)
    if gaps.rows is None or refused:
        return Gaps(None, refused)
    try:
        return _operated(operators, gaps.rows).gaps(len(gaps.rows))
    except PlanError as error:
        return Gaps(None, f"{where}: {error}")


@dataclass(frozen=True, eq=False)
class _After:
    found: Matrix
    missing: bool
    """Whether anything may still be missing."""

    def gaps(self, count: int) -> Gaps:
        return Gaps(self.found[:count] if self.missing else None)


def _operated(operators: Operators, rows: Matrix) -> _After:
    program = Program(rows.shape[1], missing=True)
    x = program.x
    for operator in operators:
        x = operate(operator, program, x)
    return _After(Replay(program.plan({"value": Output(x)}))(rows)[0], x in program.missing)


def _alike(ours: Matrix, theirs: Matrix, limit: float) -> bool:
    """Whether the same values are missing, and the others no farther apart than this part of the largest."""
    there = ~np.isnan(theirs)
    if ours.shape != theirs.shape or (np.isnan(ours) == there).any():
        return False
    return bool((np.abs(ours[there] - theirs[there]) <= limit * np.abs(theirs[there]).max(initial=0.0)).all())


def meant(operators: Operators) -> bool:
    """Whether one of the operators is there for missing values: trees only if they met some when they grew."""
    return any(
        (isinstance(operator, Fill | Missing) and np.isnan(operator.missing))
        or (isinstance(operator, Trees) and operator.met_missing)
        or any(meant(branch) for branch in _branches(operator))
        for operator in operators
    )


def _branches(operator: Any) -> Iterable[Operators]:
    """Operators within an operator."""
    held = (getattr(operator, each.name) for each in fields(operator))
    return (branch for value in held if isinstance(value, tuple) for branch in value if isinstance(branch, tuple))
