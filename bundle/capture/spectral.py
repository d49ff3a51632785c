"""Operators on spectra: this package's transformers, and those of chemotools and nirs4all by their names."""

from __future__ import annotations

import math

import numpy as np

from ..lower.orthonormal import orthonormal
from ..operators import MSC, SNV, Detrend, GapDerivative, Gradient, RobustSNV, SavitzkyGolay
from ..preprocessing import EMSC, Remove
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "spectral"
OURS = "n4akit.bundle.transformers"
SCALERS = "nirs4all.operators.transforms.scalers"
NIRS = "nirs4all.operators.transforms.nirs"


@reads(FAMILY, spelled(OURS, ["scatter"], "StandardNormalVariate"))
@reads(FAMILY, [f"{SCALERS}.StandardNormalVariate"], "axis=1")
@reads(FAMILY, spelled("chemotools.scatter", ["_standard_normal_variate"], "StandardNormalVariate"))
def snv(state: State) -> Reading:
    state.expect("axis", 1, -1, default=1)
    with_mean, with_std = state.flag("with_mean", default=True), state.flag("with_std", default=True)
    return Reading((SNV(with_mean, with_std, state.whole("ddof", default=0)),))


@reads(FAMILY, spelled(OURS, ["scatter"], "RobustNormalVariate"))
def robust_snv(state: State) -> Reading:
    with_center, with_scale = state.flag("with_center", default=True), state.flag("with_scale", default=True)
    return Reading((RobustSNV(with_center, with_scale, state.real("k", default=1.4826)),))


@reads(FAMILY, spelled(OURS, ["derivatives"], "SavitzkyGolay"))
@reads(FAMILY, [f"{NIRS}.SavitzkyGolay"], "along each spectrum")
def savitzky_golay(state: State) -> Reading:
    return Reading(
        (
            SavitzkyGolay(
                state.whole("window_length", default=11),
                state.whole("polyorder", default=3),
                state.whole("deriv", default=0),
                state.real("delta", default=1.0),
                str(state.get("mode", default="interp")),
                state.real("cval", default=0.0),
            ),
        )
    )


@reads(
    FAMILY, spelled("chemotools.derivative", ["_savitzky_golay"], "SavitzkyGolay"), "every mode of scipy but reflect"
)
def chemotools_savitzky_golay(state: State) -> Reading:
    window = state.whole("window_length_", "window_length", "window_size", default=3)
    polyorder = state.whole("polyorder_", "polyorder", "polynomial_order", default=1)
    deriv = state.whole("deriv_", "deriv", "derivate_order", default=1)
    mode = state.expect("mode", "interp", "mirror", "nearest", "wrap", "constant", default="nearest")
    return Reading((SavitzkyGolay(window, polyorder, deriv, 1.0, str(mode)),))


@reads(FAMILY, spelled(OURS, ["derivatives"], "NorrisWilliams"))
def gap_derivative(state: State) -> Reading:
    segment, gap = state.whole("segment", default=5), state.whole("gap", default=3)
    deriv, delta = state.whole("deriv", default=1), state.real("delta", default=1.0)
    return Reading((GapDerivative(segment, gap, deriv, delta, str(state.get("mode", default="nearest"))),))


@reads(FAMILY, spelled("chemotools.derivative", ["_norris_william"], "NorrisWilliams"), "mode nearest, mirror, wrap")
def chemotools_norris_williams(state: State) -> Reading:
    segment = state.whole("window_length_", "window_length", "window_size", default=5)
    gap, deriv = state.whole("gap_size", default=3), state.whole("deriv_", "deriv", "derivative_order", default=1)
    mode = str(state.expect("mode", "nearest", "mirror", "wrap", default="nearest"))
    return Reading((GapDerivative(segment, gap, deriv, 1.0, mode),))


@reads(FAMILY, spelled(OURS, ["derivatives"], "GradientDerivative"))
def gradient(state: State) -> Reading:
    deriv, delta = state.whole("deriv", default=1), state.real("delta", default=1.0)
    return Reading((Gradient(deriv, delta, state.whole("edge_order", default=1)),))


@reads(FAMILY, [f"{NIRS}.FirstDerivative"], "along each spectrum, checked against the live object")
def nirs4all_first_derivative(state: State) -> Reading:
    return _nirs4all_gradient(state, 1)


@reads(FAMILY, [f"{NIRS}.SecondDerivative"], "along each spectrum, checked against the live object")
def nirs4all_second_derivative(state: State) -> Reading:
    return _nirs4all_gradient(state, 2)


def _nirs4all_gradient(state: State, deriv: int) -> Reading:
    delta, edge_order = state.real("delta", default=1.0), state.whole("edge_order", default=2)
    return Reading((Gradient(deriv, delta, edge_order),))


@reads(FAMILY, spelled(OURS, ["smoothing"], "Detrending"))
def detrend(state: State) -> Reading:
    return Reading((Detrend(state.whole("degree", default=1), state.wholes("breakpoints", default=())),))


@reads(FAMILY, spelled("chemotools.baseline", ["_polynomial_correction"], "PolynomialCorrection"))
def chemotools_polynomial_correction(state: State) -> Reading:
    indices, width, order = list(state.get("indices_")), state.whole("n_features_in_"), state.whole("order")
    if indices == list(range(width)):
        return Reading((Detrend(order),))
    # Orthogonal over the points that count, each as often as it is named; drawn through all of them.
    counts = np.bincount(np.asarray(indices), minlength=width).astype(np.float64)
    powers = EMSC.polynomial(np.ones(width), order).nuisances
    basis = np.array(orthonormal(powers, counts))
    return Reading((Remove(basis * counts, basis),))


@reads(FAMILY, spelled(OURS, ["scatter"], "MultiplicativeScatterCorrection"))
def msc(state: State) -> Reading:
    return Reading((MSC(state.vector("reference_")),))


@reads(
    FAMILY,
    spelled("chemotools.scatter", ["_multiplicative_scatter_correction"], "MultiplicativeScatterCorrection"),
    "weights too",
)
def chemotools_msc(state: State) -> Reading:
    reference, weights = state.vector("reference_"), state.vector("weights_")
    if all(math.isclose(weight, weights[0], rel_tol=1e-12) for weight in weights):
        return Reading((MSC(reference),))
    return Reading((EMSC(reference, np.ones((1, len(reference))), weights),))
