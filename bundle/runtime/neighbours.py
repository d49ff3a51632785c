"""Distances to given spectra, and means over the nearest of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sums import sum_calls

__all__ = ["dist", "nearest"]

Matrix = NDArray[np.float64]
Calls = list[Callable[[], Any]]

TILE = 32768
"""Differences held at once: they stay in the cache between the steps."""


def dist(out: Matrix, scratch: object, a: Matrix, table: Matrix, f: str) -> Calls:
    height = min(len(table), max(1, TILE // table.shape[1]))
    difference, found = np.empty((height, table.shape[1])), np.empty((height, 1))
    calls: Calls = []
    for start in range(0, len(table), height):
        part = table[start : start + height]
        d, sums = difference[: len(part)], found[: len(part)]
        steps = _norm(d, sums, f)
        calls.append(partial(_differences, out[:, start : start + height], a, part, d, sums[:, 0], steps))
    return calls


def _norm(d: Matrix, out: Matrix, f: str) -> Calls:
    """The calls that reduce each row of `d`; `d` is lost."""
    if f == "l2":
        return [partial(np.multiply, d, d, d), *sum_calls(d, out)]
    if f == "l1":
        return [partial(np.absolute, d, d), *sum_calls(d, out)]
    return [partial(np.absolute, d, d), partial(np.maximum.reduce, d, 1, None, out, True)]


def _differences(out: Matrix, a: Matrix, part: Matrix, d: Matrix, found: NDArray[np.float64], steps: Calls) -> None:
    for x, answer in zip(a, out, strict=True):
        np.subtract(part, x, d)
        for step in steps:
            step()
        answer[:] = found


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
