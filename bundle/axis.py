"""Whether spectra were measured on the model's axis; any other is refused, by the name of what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ends import Axis
from .errors import AxisError

__all__ = ["SLACK", "axis_action"]

SLACK = 0.01
"""How far a given wavelength may be from the model's, in parts of the model's smallest step."""


def axis_action(axis: Axis | None, n_features: int, wavelengths: Any, unit: str | None, strict: bool) -> str:
    """What is done with the axis of the spectra: `same`, or `axis_unchecked` when it or the model's is not known.

    `unit` says what `wavelengths` are in, the model's own unit when None. Raises AxisError for any other axis than the
    model's, and when `strict` for one that cannot be checked.
    """
    if wavelengths is None:
        if unit is not None:
            raise AxisError(f"unit={unit!r} was given without wavelengths; give both, or none")
        if strict:
            raise AxisError(
                "no wavelengths were given, and strict asks that they are checked; give those of the spectra"
            )
        return "axis_unchecked"
    given = _given(wavelengths, n_features)
    if axis is None:
        if strict:
            raise AxisError("this model does not know its wavelengths, and strict asks that they are checked")
        return "axis_unchecked"
    _compare(given, axis, unit)
    return "same"


def _given(wavelengths: Any, n_features: int) -> NDArray[np.float64]:
    try:
        given = np.asarray(wavelengths)
    except ValueError as error:
        raise AxisError(f"wavelengths: {error}; expected {n_features} numbers") from None
    if given.dtype.kind not in "fiu" or given.ndim != 1:
        raise AxisError(f"wavelengths: an array {given.dtype} {given.shape}, expected {n_features} numbers in a row")
    given = given.astype(np.float64)
    if not np.isfinite(given).all():
        place = int(np.argmin(np.isfinite(given)))
        raise AxisError(f"wavelengths: point {place + 1} is {given[place]!s}, expected a finite number")
    if len(given) != n_features:
        raise AxisError(
            f"wavelengths: {len(given)} points were given, the model has {n_features}; choosing among more points or "
            "interpolating is not done here, give spectra on the points of the model"
        )
    return given


def _compare(given: NDArray[np.float64], axis: Axis, unit: str | None) -> None:
    if unit is not None and unit != axis.unit:
        raise AxisError(
            f"wavelengths: given in {unit!r}, the model's are in {axis.unit!r}; units are not converted here, "
            f"give them in {axis.unit!r}"
        )
    slack = SLACK * smallest_step(axis.values)
    far = np.abs(given - axis.values) > slack
    if not far.any():
        return
    if not (np.abs(np.sort(given) - np.sort(axis.values)) > slack).any():
        raise AxisError(
            f"wavelengths: the model's points in another order, {_span(given)} for {_span(axis.values)}; "
            "points are not reordered here, give the columns of the spectra in the model's order"
        )
    place = int(np.argmax(far))
    raise AxisError(
        f"wavelengths: point {place + 1} is {given[place]!s} {axis.unit}, the model's is {axis.values[place]!s} "
        f"{axis.unit} (allowed ±{slack:.3g}; {int(far.sum())} of {len(far)} points differ); "
        "spectra are not interpolated here, give them on the points of the model"
    )


def smallest_step(values: NDArray[np.float64]) -> float:
    """The smallest distance between neighbouring points; 0 for a single one."""
    return float(np.abs(np.diff(values)).min()) if len(values) > 1 else 0.0


def _span(values: NDArray[np.float64]) -> str:
    return f"{values[0]!s} … {values[-1]!s}"
