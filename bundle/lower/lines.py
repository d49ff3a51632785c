"""Straight lines from point to point, level beyond the outermost: one broken line for each column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..models import Lines
from .operate import operate
from .points import finite
from .program import Program

__all__ = ["through"]

Row = NDArray[np.float64]


@operate.register
def lines(operator: Lines, program: Program, x: str) -> str:
    places, values = ([np.ravel(row) for row in rows] for rows in (operator.places, operator.values))
    if not len(places) == len(values) == program.width(x):
        raise PlanError(
            f"Lines: {len(places)} rows of places and {len(values)} of values for {program.width(x)} columns"
        )
    for at, of in zip(places, values, strict=True):
        finite("Lines", places=at, values=of)
        if not len(at) == len(of) or not len(at) or (np.diff(at) < 0.0).any():
            raise PlanError(f"Lines: {len(at)} places and {len(of)} values, expected one each, the places ascending")
    return through(program, x, places, values)


def through(program: Program, x: str, places: Sequence[Row], values: Sequence[Row]) -> str:
    """The value at x of the lines through the points (place, value) of each column; places ascend."""
    breaks, pieces, cols, start = [], [], [], 0
    for column, (at, of) in enumerate(zip(places, values, strict=True)):
        with np.errstate(all="ignore"):
            slopes = np.diff(of) / np.diff(at)
        # Between equal places there is nothing. The first place counts twice: below both, the first of them does.
        slopes = np.concatenate([[0.0], np.where(np.isfinite(slopes), slopes, 0.0), [0.0]])
        breaks.append(np.concatenate([at[:1], at]))
        pieces.append(np.stack([slopes, np.concatenate([of[:1], of])], axis=1))
        cols.append([column, start, len(slopes)])
        start += len(slopes)
    return program("pieces", x, np.concatenate(breaks).reshape(1, -1), np.concatenate(pieces), cols=cols)
