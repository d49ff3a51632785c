"""The door: what may be predicted; everything else is refused, with every bad row named at once."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

__all__ = ["LARGEST", "OF_AXIS", "OF_MODEL", "bad_rows", "matrix", "refuse", "unanswered"]

Matrix = NDArray[np.float64]

F8 = np.dtype(np.float64)
LARGEST = 2.0**500
"""A value this large (3e150) is no measurement, and its square may be no number: refused like an infinity."""

LOOKED_AT = 65536
"""Values that are looked at together: even a refusal takes little memory."""

OF_MODEL = "the points this model was trained on"
OF_AXIS = "one for each position of the axis"
"""What makes the number of values in a row."""

SHOWN = 20
"""How many bad rows a message names; the error's `rows` holds all."""


def matrix(X: Any, width: int, why: str = OF_MODEL) -> NDArray[Any]:
    """Spectra as an array of shape (n, width) whose values float64 holds exactly; never a copy of an array.

    Raises InputError for other kinds of data, for another shape (`why` says what makes the width), and for an empty
    input. Values are not looked at: see `bad_rows`.
    """
    if type(X) is np.ndarray and X.dtype is F8 and X.ndim == 2 and X.shape[1] == width and len(X):
        return X
    # numpy imports its masked arrays when they are first named; whoever has one has done so.
    if "numpy.ma" in sys.modules and isinstance(X, np.ma.MaskedArray):
        raise InputError(
            "spectra: a masked array was given; fill or drop the masked values, a prediction cannot skip them"
        )
    try:
        array = np.asarray(X)
    except (TypeError, ValueError) as error:
        raise InputError(f"spectra: {error}; give rows of equal length, {width} values each") from None
    _check_kind(array)
    _check_shape(array, width, why)
    return array


def _check_kind(array: NDArray[Any]) -> None:
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise InputError(f"spectra: values of type {array.dtype} were given, expected float64, float32 or integers")
    if (
        array.dtype.kind in "iu"
        and array.dtype.itemsize == 8
        and array.size
        and max(array.max(), -int(array.min())) > 2**53
    ):
        raise InputError(
            "spectra: integers beyond 2**53 were given, which float64 cannot hold exactly; give them as floats"
        )


def _check_shape(array: NDArray[Any], width: int, why: str) -> None:
    if array.shape[:1] == (0,):
        raise InputError(f"spectra: no rows were given, expected at least one of {width} values")
    if array.ndim == 1:
        raise InputError(
            f"spectra: a 1-D array of {array.size} values was given, expected 2-D (n, {width}); "
            "for one spectrum give X.reshape(1, -1)"
        )
    if array.ndim != 2:
        raise InputError(f"spectra: an array of {array.ndim} axes {array.shape} was given, expected 2-D (n, {width})")
    if array.shape[1] != width:
        raise InputError(f"spectra: {array.shape[1]} values in each row, expected {width}, {why}")


def bad_rows(X: Matrix, missing: bool = False) -> list[tuple[int, str]]:
    """Each row that holds a value no prediction may use, with the first such value named; NaN is none if it may be
    `missing`.
    """
    found = []
    size = max(1, LOOKED_AT // X.shape[1])
    for start in range(0, len(X), size):
        values = np.abs(np.asarray(X[start : start + size], F8))
        # NaN is neither.
        wrong = values >= LARGEST if missing else ~(values < LARGEST)
        rows = np.flatnonzero(wrong.any(axis=1)).tolist()
        found += [(start + i, _reason(X[start + i], int(np.argmax(wrong[i])))) for i in rows]
    return found


def _reason(row: Matrix, point: int) -> str:
    return f"point {point + 1} is {row[point]!s}, expected a finite number below 3e150"


def unanswered(row: Matrix) -> str:
    """Why a row may have no finite result."""
    gaps = np.flatnonzero(np.isnan(row))
    if len(gaps):
        return (
            f"no finite result: values are missing, point {gaps[0] + 1} the first, and the model does not fill in all "
            "of them, or what is there is out of the range it can scale"
        )
    return "no finite result: the spectrum is constant, or its values are out of the range the model can scale"


def refuse(rows: list[tuple[int, str]], count: int) -> InputError:
    """The error that lists all bad rows of `count`, ready to be raised; rows are counted from 1 in the text."""
    listed = "; ".join(f"row {row + 1}: {reason}" for row, reason in rows[:SHOWN])
    more = f"; and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return InputError(f"{len(rows)} of {count} spectra cannot be predicted: {listed}{more}", tuple(rows))
