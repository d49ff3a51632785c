"""Kernels of the `fast` profile: native functions and linear algebra, where these are quicker than the defined order.

Their bits differ between machines, libraries and batches: who loads a model in this profile is told by how much on its
golden rows. A word without a kernel here keeps its exact one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import kernels, neighbours
from .kernels import Calls, Scratch
from .plan import Instruction, Plan
from .products import NARROW, dots, matmul

__all__ = ["KERNELS", "has_threads"]

Matrix = NDArray[np.float64]


def row(out: Matrix, scratch: Scratch, a: Matrix, f: str, d: int, parts: int = 1) -> Calls:
    if f not in ("sum", "sumsq"):
        return kernels.row(out, scratch, a, f, d, parts)
    # Not a product with ones as of many rows: its sums are not good enough to know a constant row.
    a, out = a.reshape(len(a) * parts, a.shape[1] // parts), out.reshape(-1, 1)
    other = np.ones(a.shape[1]) if f == "sum" else a
    if d == 1:
        return [dots(a, other, out[:, 0])]
    found = np.empty_like(out)
    return [dots(a, other, found[:, 0]), partial(np.divide, found, np.full((1, 1), float(d)), out)]


def dist(out: Matrix, scratch: Scratch, a: Matrix, table: Matrix, f: str) -> Calls:
    if f != "l2":
        return neighbours.dist(out, scratch, a, table, f)
    # (x − s)² = s² − 2xs + x², which rounding may leave below zero.
    squares, others = np.empty((len(a), 1)), np.empty(len(table))
    # Not as a square and its sum: the table may be larger than all else, and large batches bring this about for each
    # block of them.
    dots(table, table, others)()
    return [
        dots(a, a, squares[:, 0]),
        partial(np.matmul, a, table.T, out),
        partial(np.multiply, out, np.full((1, 1), -2.0), out),
        partial(np.add, out, others, out),
        partial(np.add, out, squares, out),
        partial(np.maximum, out, np.zeros((1, 1)), out=out),
    ]


NATIVE = {"exp": np.exp, "log": np.log}


def map_(out: Matrix, scratch: Scratch, a: Matrix, f: str) -> Calls:
    return [partial(NATIVE[f], a, out)] if f in NATIVE else kernels.map_(out, scratch, a, f)


def has_threads(line: Instruction, plan: Plan) -> bool:
    """Whether the library computes this instruction, which may wake its threads."""
    wide = plan.widths[line.out] > NARROW
    return wide and (line.op == "matmul" or (line.op == "dist" and line.params["f"] == "l2"))


KERNELS: Mapping[str, Any] = MappingProxyType({"dist": dist, "map": map_, "matmul": matmul, "row": row})
"""By word."""
