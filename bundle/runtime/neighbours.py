"""Distances to given spectra, and means over the nearest of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sums import sum_calls
from .tiles import beside

__all__ = ["dist", "nearest"]

Matrix = NDArray[np.float64]
Calls = list[Callable[[], Any]]


def dist(out: Matrix, scratch: object, a: Matrix, table: Matrix, f: str) -> Calls:
    return beside(out, a, table, np.subtract, partial(_norm, f=f))


def _norm(d: Matrix, out: Matrix, *, f: str) -> Calls:
    """The calls that reduce each row of `d`; `d` is lost."""
    if f == "l2":
        return [partial(np.multiply, d, d, d), *sum_calls(d, out)]
    if f == "l1":
        return [partial(np.absolute, d, d), *sum_calls(d, out)]
    return [partial(np.absolute, d, d), partial(np.maximum.reduce, d, 1, None, out, True)]


def nearest(out: Matrix, scratch: object, a: Matrix, table: Matrix, k: int, f: str) -> Calls:
    return [partial(_nearest, out, a, table, k, f)]


def _nearest(out: Matrix, a: Matrix, table: Matrix, k: int, f: str) -> None:
    ranks = np.argsort(a, axis=1, kind="stable")[:, :k]
    weights = np.ones(ranks.shape) if f == "uniform" else _inverse(np.take_along_axis(a, ranks, axis=1))
    total = weights[:, :1]
    sums = total * table.take(ranks[:, 0], 0)
    for i in range(1, k):
        weight = weights[:, i : i + 1]
        sums = sums + weight * table.take(ranks[:, i], 0)
        total = total + weight
    np.divide(sums, total, out)
    np.copyto(out, np.nan, where=np.isnan(np.maximum.reduce(a, axis=1, keepdims=True)))


def _inverse(distances: Matrix) -> Matrix:
    """1 ÷ d; where one of a row is infinite, 1 for the infinite ones and 0 for the others."""
    weights = 1.0 / distances
    infinite = np.isinf(weights)
    return np.where(infinite.any(axis=1, keepdims=True), infinite.astype(np.float64), weights)
