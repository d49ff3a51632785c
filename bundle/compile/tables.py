"""Arithmetic on constant tables: elementwise or the one sum, so that every machine gets the same bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..runtime.sums import row_sums
from .draft import Table

__all__ = ["mean", "product", "times"]


def mean(tables: Sequence[Table], d: int) -> Table:
    # In the order of the folds, then divided: what the `fold` instruction does to their results.
    total = tables[0]
    for table in tables[1:]:
        total = total + table
    return total / float(d)


def times(table: Table, vector: Table) -> Table:
    """table · vector, (1, rows): each the one sum over stored products."""
    out = np.empty((len(table), 1))
    row_sums(np.ascontiguousarray(table * vector), out)
    return out.reshape(1, -1)


def product(left: Table, right: Table) -> Table:
    """left · right, each value the one sum over stored products."""
    columns = np.ascontiguousarray(right.T)
    return np.array([times(columns, row)[0] for row in left]).reshape(len(left), len(columns))
