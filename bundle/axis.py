"""On what axis spectra were measured, as callers say it: checked, and aligned to the model's."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ends import Axis
from .errors import AxisError
from .runtime.alignment import Alignment, AlignmentError, align
from .runtime.places import SLACK

__all__ = ["KEPT", "UNCHECKED", "Points"]

KEPT = 8
"""Alignments that are kept: one for each axis that spectra come on in turn."""

SAME = Alignment("same", None)
UNCHECKED = Alignment("axis_unchecked", None)


class Points:
    """The points of a model, or of one of its sources; its axis is None where it is not known."""

    def __init__(self, width: int, axis: Axis | None) -> None:
        self.width = width
        self._axis = axis
        self._slack = 0.0 if axis is None or width < 2 else SLACK * float(np.abs(np.diff(axis.values)).min())
        self._aligned = lru_cache(maxsize=KEPT)(self._align)

    def align(self, wavelengths: Any, unit: str | None, strict: bool) -> Alignment:
        """How spectra on these `wavelengths`, in `unit`, come to the points of the model.

        Raises AxisError where they do not, and when `strict` for any but the model's own axis.
        """
        if wavelengths is None:
            return UNCHECKED if unit is None and not strict else self._aligned(None, unit, strict)
        if unit is not None and not isinstance(unit, str):
            raise AxisError(f"axis: unit={unit!r:.80}, expected nm, um or cm-1")
        given = _positions(wavelengths, self.width)
        axis = self._axis
        if (
            axis is not None
            and unit in (None, axis.unit)
            and len(given) == self.width
            and (np.abs(given - axis.values) <= self._slack).all()
        ):
            return SAME
        return self._aligned(given.tobytes(), unit, strict)

    def _align(self, given: bytes | None, unit: str | None, strict: bool) -> Alignment:
        positions = None if given is None else np.frombuffer(given).tolist()
        values, own = (None, None) if self._axis is None else (self._axis.values.tolist(), self._axis.unit)
        try:
            found: Alignment = align(self.width, values, own, positions, unit, strict)
        except AlignmentError as error:
            raise AxisError(str(error)) from None
        return found


def _positions(wavelengths: Any, width: int) -> NDArray[np.float64]:
    try:
        given = np.asarray(wavelengths)
    except ValueError as error:
        raise AxisError(f"axis: {error}; expected numbers in a row, the model has {width} points") from None
    if given.ndim != 1 or (given.dtype.kind not in "fiu" and given.size):
        raise AxisError(
            f"axis: an array {given.dtype} {given.shape}, expected numbers in a row, the model has {width} points"
        )
    return given.astype(np.float64, copy=False)
