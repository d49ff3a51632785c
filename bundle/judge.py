"""Which spectra are noteworthy, and why: whole batches are looked at by numpy, what stands out row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .runtime.limits import Limits
from .runtime.verdict import FLAT, SUSPICIOUS, Usual, at_a_glance, at_its_points, beside_ranges, of_the_spectrum

__all__ = ["Judge"]

Matrix = NDArray[np.float64]
Codes = tuple[str, ...]

FEW_ROWS = 4
"""So many rows are sooner looked at one by one."""


class Judge:
    """What `verdict_on` says of spectra, where it has something to say."""

    def __init__(self, limits: Limits | None, *, missing: bool) -> None:
        limits = limits or Limits()
        self._missing = missing
        self._limits = limits.distances
        self._ranges = limits.ranges
        self._ends = np.array(limits.ranges).reshape(-1, 2).T
        shape = limits.envelope
        self._usual: Any = None
        if shape is not None:
            usual: Any = Usual(shape.low.tolist(), shape.high.tolist(), shape.middle, shape.span, shape.stretch)
            self._low, self._high = np.array(usual.low), np.array(usual.high)
            self._usual = usual

    def codes(self, spectra: NDArray[Any], values: Matrix, t2: Matrix | None, q: Matrix | None) -> tuple[Codes, ...]:
        """The codes of n spectra (n, p), with their predictions (n, t), T² and Q (n,)."""
        if self._missing:
            return _of_gaps(spectra, values if self._ranges else None, self._ranges)
        least, largest = _ends(spectra, np.minimum), _ends(spectra, np.maximum)
        standing = self._standing_out(least, largest, values, t2, q)
        none: Codes = ()
        codes = [none] * len(spectra)
        looked_at = []
        for row in standing:
            found = at_a_glance(
                float(least[row]),
                float(largest[row]),
                values[row].tolist() if self._ranges else (),
                None if t2 is None else float(t2[row]),
                None if q is None else float(q[row]),
                self._limits,
                self._ranges,
                self._usual,
            )
            codes[row] = tuple(found)
            if "constant_row" not in found and (t2 is None or of_the_spectrum(found)):
                looked_at.append(row)
        if self._usual is not None and looked_at:
            some = spectra[looked_at]
            for row, spectrum, seen in zip(looked_at, some, self._seen_at_points(some), strict=True):
                if seen or any(code in SUSPICIOUS for code in codes[row]):
                    line = spectrum.astype(np.float64).tolist()
                    codes[row] = (*codes[row], *at_its_points(line, list(codes[row]), self._usual))
        return tuple(codes)

    def _standing_out(
        self, least: Matrix, largest: Matrix, values: Matrix, t2: Matrix | None, q: Matrix | None
    ) -> list[int]:
        """The rows of which there may be something to say: all of which there is."""
        if len(least) <= FEW_ROWS or (t2 is None and self._usual is not None):
            return [*range(len(least))]
        span = largest - least
        found = span <= FLAT * np.maximum(np.abs(least), np.abs(largest))
        for distance, limit in ((t2, self._limits.get("t2")), (q, self._limits.get("q"))):
            if distance is not None and limit is not None:
                found |= ~(distance <= limit[0])  # what is not a number stands out too
        if self._ranges:
            found |= ((values < self._ends[0]) | (values > self._ends[1])).any(axis=1)
        if self._usual is not None:
            for seen, ends in (((least + largest) * 0.5, self._usual.middle), (span, self._usual.span)):
                found |= (seen < ends[0]) | (seen > ends[1])
        return np.flatnonzero(found).tolist()

    def _seen_at_points(self, spectra: NDArray[Any]) -> list[bool]:
        """Whether the points of each spectrum may say something."""
        outside = ((spectra < self._low) | (spectra > self._high)).any(axis=1)
        # A run of so many equal neighbours has at least so many pairs.
        seen: list[bool] = (outside | ((spectra[:, 1:] == spectra[:, :-1]).sum(axis=1) >= self._usual.stretch)).tolist()
        return seen


def _ends(spectra: NDArray[Any], which: Any) -> Matrix:
    ends: Matrix = which.reduce(spectra, 1).astype(np.float64, copy=False)
    return ends


def _of_gaps(spectra: NDArray[Any], values: Matrix | None, ranges: Sequence[tuple[float, float]]) -> tuple[Codes, ...]:
    """Of spectra that may lack values: whether they do, whether all that is there is the same, and the predictions
    beside their ranges."""
    least, largest = _ends(spectra, np.fmin), _ends(spectra, np.fmax)
    named = (
        ("constant_row", largest - least <= FLAT * np.maximum(np.abs(least), np.abs(largest))),
        ("missing_values", np.isnan(spectra).any(axis=1)),
    )
    beside = [()] * len(spectra) if values is None else [beside_ranges(row, ranges) for row in values.tolist()]
    return tuple((*seen, *(code for code, rows in named if rows[row])) for row, seen in enumerate(beside))
