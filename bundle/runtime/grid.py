"""Many spectra brought to the points of a model: the numpy twin of `Alignment.applied`, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .alignment import Alignment
from .inputs import LARGEST, LOOKED_AT, OF_AXIS, bad_rows, matrix, refuse

__all__ = ["Grid"]

Matrix = NDArray[np.float64]


class Grid:
    """An alignment of `count` columns to `width` points, ready to be applied. Safe to call from several threads.

    Where values may be `missing` NaN is one, and what is interpolated beside it is missing too.
    """

    def __init__(self, alignment: Alignment, *, missing: bool = False) -> None:
        self._missing = missing
        self.count: int = alignment.count
        self.width = len(alignment.columns)
        self._columns = np.array(alignment.columns, np.intp)
        self._points = np.array([point for point, _, _ in alignment.between], np.intp)
        self._highs = np.array([high for _, high, _ in alignment.between], np.intp)
        self._shares = np.array([share for _, _, share in alignment.between], np.float64)
        self._used = np.isin(np.arange(self.count), list(alignment.used))

    def __call__(self, X: Any) -> Matrix:
        """Spectra (n, count) at the points of the model, (n, width).

        Raises InputError for what are no spectra of so many columns, and naming every row that holds an unusable value
        in a column that is used; the others may hold anything.
        """
        spectra = matrix(X, self.count, OF_AXIS)
        out = np.empty((len(spectra), self.width))
        for rows in self._blocks(len(out)):
            if not self._fill(out[rows], spectra[rows]):
                raise refuse(self._bad_rows(spectra), len(spectra))
        return out

    def _blocks(self, n: int) -> Iterator[slice]:
        size = max(1, LOOKED_AT // max(self.width, self.count))
        return (slice(start, start + size) for start in range(0, n, size))

    def _fill(self, out: Matrix, spectra: NDArray[Any]) -> bool:
        """Whether all that is used may be; a value beyond that could hide behind a share of next to nothing."""
        out[...] = spectra[:, self._columns]
        high = spectra[:, self._highs].astype(np.float64)
        if not all(self._fit(values) for values in (out, high)):
            return False
        if len(self._points):
            low = out[:, self._points]
            out[:, self._points] = low + (high - low) * self._shares
        return True

    def _fit(self, values: Matrix) -> bool:
        values = np.abs(values)
        return bool(((values < LARGEST) | np.isnan(values) if self._missing else values < LARGEST).all())

    def _bad_rows(self, spectra: NDArray[Any]) -> list[tuple[int, str]]:
        """Their points are named as they were given."""
        found = []
        for rows in self._blocks(len(spectra)):
            bad = bad_rows(np.where(self._used, spectra[rows], 0.0), self._missing)
            found += [(rows.start + row, reason) for row, reason in bad]
        return found
