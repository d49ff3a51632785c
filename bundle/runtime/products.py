"""Products of rows and vectors with native linear algebra, for the fast profile; where they may wake its threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .kernels import Calls, Scratch

__all__ = ["NARROW", "dots", "matmul"]

Matrix = NDArray[np.float64]

NARROW = 8
"""Up to so many columns a product is taken row by row: the library would wake its threads, and memory keeps these
waiting."""

GROUP = 8192
"""Values of rows that are multiplied by one vector at once: from 9216 on the library wakes its threads."""


def matmul(out: Matrix, scratch: Scratch, a: Matrix, table: Matrix) -> Calls:
    if len(table) > NARROW:
        return [partial(np.matmul, a, table.T, out)]
    return [call for j, weights in enumerate(table) for call in _times(a, weights, out[:, j])]


def _times(a: Matrix, weights: NDArray[np.float64], out: NDArray[np.float64]) -> Calls:
    """Each row of `a` times `weights`: groups of rows at once, and those that are over one by one."""
    rows, width = a.shape
    size = min(rows, max(1, GROUP // width))
    groups = rows // size
    whole = groups * size
    calls: Calls = [
        partial(
            np.matmul,
            a[:whole].reshape(groups, size, width),
            weights[:, None],
            out[:whole].reshape(groups, size, 1),
        )
    ]
    return calls if whole == rows else [*calls, dots(a[whole:], weights, out[whole:])]


def dots(a: Matrix, b: NDArray[np.float64], out: NDArray[np.float64]) -> Callable[[], Any]:
    """Each row of `a` times the vector `b`, or times its own row of `b`, as one dot product."""
    return partial(np.matmul, a[:, None, :], b[..., None], out.reshape(-1, 1, 1))
