"""Filters along the spectrum: means, Gaussians, differences across a gap, penalised least squares."""

from __future__ import annotations

import numpy as np

from ..operators import Detrend, Gradient, RobustSNV, SavitzkyGolay
from ..preprocessing import Filter, Gaussian, LocalSNV, Whittaker
from .registry import Reading, reads, refuses, spelled
from .state import State

__all__: list[str] = []

FAMILY = "smoothing"
OURS = "n4akit.bundle.transformers"
NIRS4ALL = "nirs4all.operators.transforms"
CHEMOTOOLS = "chemotools.smooth"


@reads(FAMILY, spelled(OURS, ["smoothing"], "MovingAverage"), "every mode")
def moving_average(state: State) -> Reading:
    return Reading((Filter.mean(state.whole("window_length"), str(state.get("mode"))),))


@reads(FAMILY, spelled(OURS, ["smoothing"], "GaussianFilter"), "derivatives too")
def gaussian_filter(state: State) -> Reading:
    sigma, order = state.real("sigma"), state.whole("order")
    return Reading((Gaussian(sigma, order, str(state.get("mode")), state.real("truncate")),))


@reads(FAMILY, spelled(CHEMOTOOLS, ["_mean_filter"], "MeanFilter"), "every mode")
def mean_filter(state: State) -> Reading:
    window = state.whole("window_length_", "window_length", "window_size", default=3)
    mode = state.expect("mode", "nearest", "mirror", "wrap", "reflect", "constant", default="nearest")
    return Reading((Filter.mean(window, str(mode)),))


@reads(FAMILY, spelled(CHEMOTOOLS, ["_modified_sinc_smoother"], "ModifiedSincFilter"), "every mode")
def modified_sinc(state: State) -> Reading:
    state.expect("axis", 1, -1, default=1)
    mode = str(state.expect("mode", "interp", "nearest", "mirror", "wrap", "constant", default="interp"))
    # What it calls interp goes on along the line through the two outermost points.
    return Reading((Filter(state.vector("kernel_"), "linear" if mode == "interp" else mode),))


@reads(FAMILY, spelled(CHEMOTOOLS, ["_savitzky_golay_filter"], "SavitzkyGolayFilter"), "every mode")
def smoothing_polynomial(state: State) -> Reading:
    state.expect("axis", 1, -1, default=1)
    window = state.whole("window_length_", "window_length", "window_size", default=21)
    order = state.whole("polyorder_", "polyorder", "polynomial_order", default=1)
    mode = str(state.expect("mode", "interp", "nearest", "mirror", "wrap", "constant", default="interp"))
    return Reading((SavitzkyGolay(window, order, mode=mode),))


@reads(FAMILY, spelled(CHEMOTOOLS, ["_whittaker_smooth"], "WhittakerSmooth"), "weights too")
def whittaker(state: State) -> Reading:
    return Reading((Whittaker(state.real("lam"), state.vector("weights_")),))


@reads(FAMILY, [f"{NIRS4ALL}.signal.Gaussian"], "derivatives too")
def nirs4all_gaussian(state: State) -> Reading:
    return Reading((Gaussian(state.real("sigma", default=1.0), state.whole("order", default=2)),))


@reads(FAMILY, [f"{NIRS4ALL}.signal.Detrend"], "breakpoints too")
def nirs4all_detrend(state: State) -> Reading:
    breakpoints = sorted({int(point) for point in np.ravel(state.get("bp", default=0))} - {0})
    return Reading((Detrend(1, tuple(breakpoints)),))


@reads(FAMILY, [f"{NIRS4ALL}.scalers.Derivate"], "along each spectrum (nirs4all 1.4), checked against the live object")
def nirs4all_derivate(state: State) -> Reading:
    state.expect("axis", 1, -1, default=1)
    return Reading((Gradient(state.whole("order", default=1), state.real("delta", default=1.0), 1),))


@reads(FAMILY, [f"{NIRS4ALL}.norris_williams.NorrisWilliams"])
def nirs4all_norris_williams(state: State) -> Reading:
    """A mean over the segment, then the difference of the points at the gap on both sides, as often as `deriv` says."""
    gap, segment = state.whole("gap", default=5), state.whole("segment", default=5)
    difference = np.zeros(2 * gap + 1)
    difference[[0, -1]] = [-1.0, 1.0]
    taps = difference / (2.0 * gap * state.real("delta", default=1.0))
    once = (Filter.mean(segment, "nearest"), Filter(taps, "nearest"))
    return Reading(once * state.whole("deriv", default=1))


@reads(FAMILY, [f"{NIRS4ALL}.scalers.RobustStandardNormalVariate"], "axis=1")
def nirs4all_robust(state: State) -> Reading:
    state.expect("axis", 1, -1, default=1)
    center, scale = state.flag("with_center", default=True), state.flag("with_scale", default=True)
    return Reading((RobustSNV(center, scale, state.real("k", default=1.4826)),))


@reads(FAMILY, [f"{NIRS4ALL}.scalers.LocalStandardNormalVariate"], "every mode")
def nirs4all_local(state: State) -> Reading:
    mode = {"reflect": "mirror", "edge": "nearest", "constant": "constant"}.get(str(state.get("pad_mode")))
    if mode is None:
        raise state.refuse(f"pad_mode={state.get('pad_mode')!r} is not supported, only reflect, edge and constant")
    return Reading((LocalSNV(state.whole("window"), mode, state.real("constant_values", default=0.0)),))


refuses(
    spelled(CHEMOTOOLS, ["_median_filter"], "MedianFilter"),
    "the median of a window follows from comparing its points, which no plan can do",
)
refuses(
    [f"{NIRS4ALL}.wavelet_denoise.WaveletDenoise"],
    "it takes away what lies below a threshold of each spectrum's own, which is no operator of this version",
)
