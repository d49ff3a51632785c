"""The inverse of a triangular table, from elementary operations and the one sum: the same bits on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..runtime.sums import row_sums

__all__ = ["inverse"]

Table = NDArray[np.float64]


def inverse(lower: Table) -> Table:
    """The inverse of a lower triangular table (m, m) without a 0 on its diagonal, by forward substitution."""
    # Held by columns, so that what a sum runs over is a row.
    columns = np.zeros_like(lower)
    for i in range(len(lower)):
        if i:
            total = np.empty((i, 1))
            row_sums(np.ascontiguousarray(columns[:i, :i] * lower[i, :i]), total)
            columns[:i, i] = -total[:, 0] / lower[i, i]
        columns[i, i] = 1.0 / lower[i, i]
    return np.ascontiguousarray(columns.T)
