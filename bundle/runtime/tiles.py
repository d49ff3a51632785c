"""Every row beside every row of a table: as many of the table at once as stay in the cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["beside", "tiles"]

Matrix = NDArray[np.float64]
Calls = list[Callable[[], Any]]

TILE = 32768
"""Values held at once: they stay in the cache between the steps."""


def tiles(table: Matrix) -> int:
    """In how many tiles a table is taken."""
    return -(-len(table) // _height(table))


def beside(
    out: Matrix, a: Matrix, table: Matrix, meet: Callable[..., Any], reduce: Callable[[Matrix, Matrix], Calls]
) -> Calls:
    """The calls that write, for each row x of `a` and row t of `table`, what is left of meet(t, x) into `out`.

    `reduce` gives the calls that leave one value of each row of a tile in a column; the tile is lost.
    """
    height = _height(table)
    met, left = np.empty((height, table.shape[1])), np.empty((height, 1))
    calls: Calls = []
    for start in range(0, len(table), height):
        part = table[start : start + height]
        tile, column = met[: len(part)], left[: len(part)]
        steps = reduce(tile, column)
        calls.append(partial(_tile, out[:, start : start + height], a, part, meet, tile, steps, column[:, 0]))
    return calls


def _height(table: Matrix) -> int:
    height: int = min(len(table), max(1, TILE // table.shape[1]))
    return height


def _tile(
    out: Matrix,
    a: Matrix,
    part: Matrix,
    meet: Callable[..., Any],
    tile: Matrix,
    steps: Calls,
    left: NDArray[np.float64],
) -> None:
    for x, answer in zip(a, out, strict=True):
        meet(part, x, tile)
        for step in steps:
            step()
        answer[:] = left
