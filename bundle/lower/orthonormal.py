"""Linear algebra from the one sum and elementary operations, the same on every machine: bases and small inverses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..runtime.sums import row_sums

__all__ = ["inner", "inverse", "orthonormal", "without"]

Row = NDArray[np.float64]

DEPENDENT = 2.0**-40
"""A row of which no larger part is left, once the rows before it are taken out, adds nothing to the basis."""


def inner(a: Row, b: Row) -> float:
    """Σ aᵢ·bᵢ by the one sum."""
    out = np.empty((1, 1))
    row_sums(np.ascontiguousarray(a * b).reshape(1, -1), out)
    return float(out[0, 0])


def without(row: Row, basis: list[Row], weights: Row) -> Row:
    """What is left of a row beside an orthonormal basis, taken out twice: once leaves rounding behind."""
    for _ in range(2):
        for direction in basis:
            row = row - inner(row * weights, direction) * direction
    return row


def orthonormal(rows: NDArray[np.float64], weights: Row) -> list[Row]:
    """Directions bᵢ that span the rows, with Σ weights·bᵢ·bⱼ = 1 for i = j and 0 else; dependent rows add none."""
    basis: list[Row] = []
    for row in rows:
        left = without(row, basis, weights)
        size, before = inner(left * weights, left), inner(row * weights, row)
        if size > before * DEPENDENT * DEPENDENT:
            basis.append(left / np.sqrt(size))
    return basis


def inverse(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of a symmetric positive definite table, by Gauss and Jordan: such need no exchange of rows."""
    count = len(table)
    both = np.concatenate([table, np.identity(count)], axis=1)
    for i in range(count):
        both[i] = both[i] / both[i, i]
        for j in range(count):
            if j != i:
                both[j] = both[j] - both[j, i] * both[i]
    return np.ascontiguousarray(both[:, count:])
