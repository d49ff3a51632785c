"""Operators on spectra: this package's transformers, and those of chemotools and nirs4all by their names."""

from __future__ import annotations

import math

from ..operators import MSC, SNV, Detrend, GapDerivative, Gradient, RobustSNV, SavitzkyGolay, Scale
from .nested import nested
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "spectral"
OURS = "n4akit.bundle.transformers"
SCALERS = "nirs4all.operators.transforms.scalers"
NIRS = "nirs4all.operators.transforms.nirs"


@reads(FAMILY, [f"{OURS}.StandardNormalVariate"])
@reads(FAMILY, [f"{SCALERS}.StandardNormalVariate"], "axis=1")
@reads(FAMILY, spelled("chemotools.scatter", ["_standard_normal_variate"], "StandardNormalVariate"))
def snv(state: State) -> Reading:
    state.expect("axis", 1, -1, default=1)
    with_mean, with_std = state.flag("with_mean", default=True), state.flag("with_std", default=True)
    return Reading((SNV(with_mean, with_std, state.whole("ddof", default=0)),))


@reads(FAMILY, [f"{OURS}.RobustNormalVariate"])
def robust_snv(state: State) -> Reading:
    with_center, with_scale = state.flag("with_center", default=True), state.flag("with_scale", default=True)
    return Reading((RobustSNV(with_center, with_scale, state.real("k", default=1.4826)),))


@reads(FAMILY, [f"{OURS}.SavitzkyGolay"])
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


@reads(FAMILY, [f"{OURS}.NorrisWilliams"])
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


@reads(FAMILY, [f"{OURS}.GradientDerivative"])
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


@reads(FAMILY, [f"{OURS}.Detrending"])
def detrend(state: State) -> Reading:
    return Reading((Detrend(state.whole("degree", default=1), state.wholes("breakpoints", default=())),))


@reads(FAMILY, spelled("chemotools.baseline", ["_linear_correction"], "LinearCorrection"), "refused by name")
def chemotools_linear_correction(state: State) -> Reading:
    raise state.refuse("a line through the two end points is not supported; a least-squares line is (Detrend)")


@reads(FAMILY, spelled("chemotools.baseline", ["_polynomial_correction"], "PolynomialCorrection"), "all points")
def chemotools_polynomial_correction(state: State) -> Reading:
    indices = list(state.get("indices_"))
    if indices != list(range(state.whole("n_features_in_"))):
        raise state.refuse("indices: a polynomial through some of the points is not supported, only through all")
    return Reading((Detrend(state.whole("order")),))


@reads(FAMILY, [f"{NIRS}.MultiplicativeScatterCorrection"], "point by point, as nirs4all means it")
def nirs4all_msc(state: State) -> Reading:
    # Not a line through each spectrum: one for each point, through the spectra that it was fitted on.
    centred = nested(state, "scaler_", state.get("scaler_")) if state.flag("scale", default=True) else ()
    return Reading((*centred, Scale(state.vector("b_"), state.vector("a_"))))


@reads(FAMILY, [f"{OURS}.MultiplicativeScatterCorrection"])
def msc(state: State) -> Reading:
    return Reading((MSC(state.vector("reference_")),))


@reads(
    FAMILY,
    spelled("chemotools.scatter", ["_multiplicative_scatter_correction"], "MultiplicativeScatterCorrection"),
    "weights all equal",
)
def chemotools_msc(state: State) -> Reading:
    weights = state.vector("weights_")
    if not all(math.isclose(weight, weights[0], rel_tol=1e-12) for weight in weights):
        raise state.refuse("weights: only equal weights of all points are supported")
    return Reading((MSC(state.vector("reference_")),))
