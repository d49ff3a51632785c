"""Made-up spectra around one that is known. They take `+ − × ÷` alone, so that every machine makes the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["COUNT", "around", "gapped", "hump"]

Matrix = NDArray[np.float64]

COUNT = 6
"""Spectra around one."""

STEPS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
"""The multiples of the scale at which spectra lie around a centre."""


def around(centre: Matrix, scale: Matrix | None = None) -> Matrix:
    """Six rows around a centre (p,), by multiples of a scale (p,), no two alike and none constant."""
    points = np.arange(len(centre))
    scale = _spread(centre) if scale is None else scale
    rows = []
    for number, step in enumerate(STEPS):
        # From 0.5 to 1.5, another texture in each row: no operator finds a row flat, or a point left out.
        texture = 0.5 + ((points * (74 * number + 111) + 11 * number) % 101) / 101.0
        rows.append(centre + step * (scale * texture))
    return np.ascontiguousarray(rows)


def gapped(rows: Matrix) -> Matrix:
    """The same rows with missing points (NaN): every third, but at least one, and other ones from row to row."""
    rows = rows.copy()
    for number, row in enumerate(rows):
        row[number % min(3, len(row)) :: 3] = np.nan
    return rows


def hump(width: int) -> Matrix:
    """A smooth spectrum (width,) for those of whom nothing is known."""
    t = (np.arange(width) + 0.5) / width
    return np.asarray(0.4 + 0.4 * t + 0.8 * (t * (1.0 - t)))


def _spread(centre: Matrix) -> Matrix:
    width = float(centre.max() - centre.min()) / 10.0 or float(np.abs(centre).max()) / 10.0 or 1.0
    return np.full(len(centre), width)
