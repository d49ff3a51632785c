"""Other points than those of the spectrum: parts of it, another axis, wavelet coefficients, everything linear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..operators import Linear, Select
from ..preprocessing import ContinuousWavelet, Crop, Resample, Wavelet
from ..wavelets import WAVELETS, details
from .nested import nested
from .registry import Reading, reads, refuses, spelled
from .state import State

__all__: list[str] = []

FAMILY = "axis"
OURS = "n4akit.bundle.transformers"
NIRS4ALL = "nirs4all.operators.transforms"


@reads(FAMILY, spelled(OURS, ["axis"], "Resampling"), "linear, nearest and cubic")
def resampling(state: State) -> Reading:
    return Reading((Resample(state.vector("source"), state.vector("target"), str(state.get("method"))),))


@reads(FAMILY, spelled(OURS, ["axis"], "WaveletTransform"), "haar, db2 to db8, every mode")
def wavelet(state: State) -> Reading:
    name = state.expect("wavelet", *WAVELETS)
    low = WAVELETS[name]
    return Reading((Wavelet(low, details(low), str(state.get("mode")), state.whole("level")),))


@reads(FAMILY, spelled(OURS, ["axis"], "ContinuousWaveletTransform"), "derivatives of a Gaussian, Ricker's too")
def continuous_wavelet(state: State) -> Reading:
    return Reading((ContinuousWavelet(state.vector("scales"), state.whole("order")),))


@reads(FAMILY, [f"{NIRS4ALL}.features.CropTransformer"])
def crop(state: State) -> Reading:
    stop = state.get("end", default=None)
    return Reading((Crop(state.whole("start", default=0), None if stop is None else int(stop)),))


@reads(FAMILY, [f"{NIRS4ALL}.features.ResampleTransformer"])
def resample_evenly(state: State) -> Reading:
    count = state.get("num_samples")
    return Reading((Resample(None, int(count)),) if count is not None else ())


@reads(FAMILY, [f"{NIRS4ALL}.resampler.Resampler"], "linear, nearest and cubic; without state on the axis it is handed")
def resampler(state: State) -> Reading:
    method = state.expect("method", "linear", "slinear", "nearest", "cubic", default="linear")
    source, fill = _positions(state), state.get("fill_value", default=0.0)
    target = state.finite("target_wavelengths", _grid(state, state.get("target_wavelengths")))
    if fill == "extrapolate":
        if not source.min() <= target.min() <= target.max() <= source.max():
            raise state.refuse("fill_value='extrapolate' is not supported: nothing was measured there")
        fill = None
    state.ignore("interpolator_params_", "bounds_error", "crop_range", "original_wavelengths_", "n_points")
    resampled = Resample(source, target, "linear" if method == "slinear" else method, fill)
    return Reading((*_cropped(state.get("crop_mask_", default=None)), resampled))


WAVENUMBERS = {"nm": 1e7, "um": 1e4}
"""Divided by a wavelength in this unit they give cm-1, in which nirs4all resamples whatever its dataset says."""


def _positions(state: State) -> NDArray[np.float64]:
    """Where the points of a spectrum are: as it was fitted, else on the axis of the spectra that reach it."""
    if "wavelengths_after_crop_" in state.values:
        return state.vector("wavelengths_after_crop_")
    if state.axis is None:
        raise state.refuse("it works on an axis, and that of the spectra that reach it is not known; give wavelengths")
    state.expect("crop_range", None, default=None)
    state.expect("bounds_error", False, default=False)
    values, unit = state.axis.values, state.axis.unit
    return WAVENUMBERS[unit] / values if unit in WAVENUMBERS else values


def _grid(state: State, said: Any) -> NDArray[np.float64]:
    """Numbers as an array, as a list, or as the document of an array; one alone may stand in a list."""
    if isinstance(said, Mapping):
        said = (said.get("params") or {}).get("object")
    if isinstance(said, list | tuple) and len(said) == 1 and not isinstance(said[0], int | float):
        return _grid(state, said[0])
    try:
        found = np.asarray(said, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty((0, 0))
    if found.ndim != 1:
        raise state.refuse("target_wavelengths: expected one grid of numbers")
    return found


def _cropped(mask: Any) -> tuple[Select, ...]:
    return () if mask is None else (Select(np.flatnonzero(np.asarray(mask)).astype(np.int32)),)


@reads(FAMILY, [f"{NIRS4ALL}.nirs.Wavelet", f"{NIRS4ALL}.nirs.Haar"], "through the live object")
def details_resampled(state: State) -> Reading:
    # Details of one level, brought back to the number of points by a Fourier series: a linear map of the spectrum.
    state.ignore("wavelet", "mode")
    return Reading((Linear(*_linear_map(state)),))


def _linear_map(state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The table of a map that is known to be linear, from what the live object makes of each point alone."""
    if state.live is None or state.width is None:
        raise state.refuse("its numbers are only known to the fitted object, and there is none")
    table = np.asarray(state.live.transform(np.identity(state.width)), dtype=np.float64).T
    return state.finite("its table", table), np.zeros(len(table))


@reads(FAMILY, [f"{NIRS4ALL}.feature_selection.FlexiblePCA"])
def flexible_pca(state: State) -> Reading:
    return Reading(nested(state, "pca_", state.get("pca_")))


@reads(FAMILY, [f"{NIRS4ALL}.feature_selection.FlexibleSVD"])
def flexible_svd(state: State) -> Reading:
    return Reading(nested(state, "svd_", state.get("svd_")))


@reads(FAMILY, [f"{NIRS4ALL}.feature_selection.CARS", f"{NIRS4ALL}.feature_selection.MCUVE"])
def selected(state: State) -> Reading:
    return Reading((Select(np.ravel(state.get("selected_indices_")).astype(np.int32)),))


refuses(
    [f"{NIRS4ALL}.nirs.WaveletPCA", f"{NIRS4ALL}.nirs.WaveletSVD", f"{NIRS4ALL}.fck_static.FCKStaticTransformer"],
    "its bank of filters is no operator of this version",
)
refuses(
    [f"{NIRS4ALL}.nirs.WaveletFeatures", f"{NIRS4ALL}.sequence.SequenceSummary"],
    "statistics of its coefficients (entropy among them) are no operators of this version",
)
refuses(
    [f"{NIRS4ALL}.targets.{name}" for name in ("IntegerKBinsDiscretizer", "RangeDiscretizer")],
    "it makes classes of a target; train a classifier on them and give its chain the classes",
)
refuses([f"{NIRS4ALL}.features.FlattenPreprocessing"], "it expects more than one spectrum for each sample")
