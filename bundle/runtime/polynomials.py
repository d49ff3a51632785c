"""Functions in pieces: for each column a polynomial of its own in each interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["pieces"]

Matrix = NDArray[np.float64]
Places = NDArray[np.intp]

BLOCK = 8192
"""Values treated at once."""


def pieces(
    out: Matrix, scratch: object, a: Matrix, breaks: Matrix, coef: Matrix, cols: Sequence[Sequence[int]]
) -> list[Callable[[], Any]]:
    column, first, count = np.array(cols, dtype=np.intp).T
    return [partial(_pieces, out, a, breaks[0], coef, column, first, count)]


def _pieces(
    out: Matrix, a: Matrix, breaks: NDArray[np.float64], coef: Matrix, column: Places, first: Places, count: Places
) -> None:
    powers, values = coef.shape[1], coef.reshape(-1)
    rows = max(1, BLOCK // len(column))
    for start in range(0, len(a), rows):
        x = a[start : start + rows].take(column, 1)
        place = _intervals(x, breaks, first, count)
        t = x - breaks.take(place)
        place *= powers
        y = values.take(place)
        for power in range(1, powers):
            y *= t
            y += values.take(place + power)
        # A polynomial of degree 0 would not show that its argument is not a number.
        np.copyto(y, np.nan, where=np.isnan(x))
        out[start : start + rows] = y


def _intervals(x: Matrix, breaks: NDArray[np.float64], first: Places, count: Places) -> Places:
    """For each value the last break that is not above it, or its first: found by halves, for all at once."""
    place = np.empty(x.shape, np.intp)
    place[:] = first
    last = first + count - 1
    for power in reversed(range(int(count.max() - 1).bit_length())):
        further = np.minimum(place + 2**power, last)
        np.copyto(place, further, where=breaks.take(further) <= x)
    return place
