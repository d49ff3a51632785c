"""Spectra on other points: what knows the axis of what it was fitted on, or is handed that of what reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..operators import Affine, Interpolate, Operators
from .registry import Reading, reads
from .state import State

__all__: list[str] = []

FAMILY = "resampling"

Vector = NDArray[np.float64]

WAVENUMBERS = {"nm": 1e7, "um": 1e4}
"""Divided by a wavelength in this unit they give cm-1, in which nirs4all resamples whatever its dataset says."""


@reads(FAMILY, ["nirs4all.operators.transforms.resampler.Resampler"], "linear, one grid, no cropping; also by the axis")
def resampler(state: State) -> Reading:
    state.expect("method", "linear", default="linear")
    for option in ("crop_range", "crop_mask_", "n_points"):
        state.expect(option, None, default=None)
    state.expect("_identity_", False, default=False)
    state.ignore("wavelengths_after_crop_", "interpolator_params_", "n_features_in_", "n_features_out_")
    target, original = _target(state), _original(state)
    order = np.argsort(original, kind="stable")
    ranked = original[order]
    at = np.clip(np.searchsorted(ranked, target, side="right") - 1, 0, len(ranked) - 2)
    fraction = (target - ranked[at]) / (ranked[at + 1] - ranked[at])
    index = order.astype(np.int32)
    between = Interpolate(index[at], index[at + 1], fraction)
    return Reading((between, *_outside(state, (target < ranked[0]) | (target > ranked[-1]))))


def _outside(state: State, outside: NDArray[np.bool_]) -> Operators:
    """What stands where the grid goes beyond the spectrum."""
    fill, refuses = state.get("fill_value", default=0), state.flag("bounds_error", default=False)
    if not outside.any() or fill == "extrapolate":
        return ()
    if refuses:
        raise state.refuse(f"{int(outside.sum())} points of its grid are beyond the spectrum, and bounds_error is set")
    if isinstance(fill, bool) or not isinstance(fill, int | float) or not np.isfinite(fill):
        raise state.refuse(f"fill_value={fill!r} is not supported, only a finite number or 'extrapolate'")
    return (Affine((~outside).astype(np.float64), np.where(outside, float(fill), 0.0)),)


def _original(state: State) -> Vector:
    if "original_wavelengths_" in state.values:
        original = state.vector("original_wavelengths_")
    elif state.axis is None:
        raise state.refuse("it works on an axis, and that of the spectra that reach it is not known; give wavelengths")
    else:
        values, unit = state.axis.values, state.axis.unit
        original = WAVENUMBERS[unit] / values if unit in WAVENUMBERS else np.array(values)
    if len(original) < 2 or len(np.unique(original)) < len(original):
        raise state.refuse(f"its spectra have {len(original)} points, expected at least two, no two at one place")
    return original


def _target(state: State) -> Vector:
    target = _numbers(state.get("target_wavelengths"))
    if target is None or target.ndim != 1 or not len(target):
        raise state.refuse("target_wavelengths: expected one grid of numbers")
    return state.finite("target_wavelengths", target)


def _numbers(said: Any) -> Vector | None:
    """A grid as an array, as numbers, or as the document of an array; one alone may stand in a list."""
    if isinstance(said, Mapping):
        said = (said.get("params") or {}).get("object")
    if isinstance(said, list | tuple) and len(said) == 1 and not isinstance(said[0], int | float):
        return _numbers(said[0])
    try:
        return np.asarray(said, dtype=np.float64)
    except (TypeError, ValueError):
        return None
