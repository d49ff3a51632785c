"""What disturbs, fitted and taken away: scatter with polynomials, orthogonal signals, baselines through points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..lower.orthonormal import orthonormal
from ..lower.resample import spline_weights
from ..operators import MSC, Affine, Linear, Project, Scale
from ..preprocessing import EMSC, Remove
from .nested import nested
from .registry import Reading, reads, refuses, spelled
from .state import State

__all__: list[str] = []

FAMILY = "correction"
OURS = "n4akit.bundle.transformers"
NIRS4ALL = "nirs4all.operators.transforms"


@reads(FAMILY, spelled(OURS, ["scatter"], "ExtendedMultiplicativeScatterCorrection"))
def emsc(state: State) -> Reading:
    reference, degree = state.vector("reference_"), state.whole("degree")
    return Reading((EMSC.polynomial(reference, degree, state.get("interferents", default=None)),))


@reads(
    FAMILY,
    spelled(
        "chemotools.scatter", ["_extended_multiplicative_scatter_correction"], "ExtendedMultiplicativeScatterCorrection"
    ),
    "every order, interferences and weights",
)
def chemotools_emsc(state: State) -> Reading:
    reference, order, design = state.vector("reference_"), state.whole("order"), state.table("A_")
    nuisances = np.delete(design, order + 1, axis=1).T.copy()
    return Reading((EMSC(reference, nuisances, state.vector("weights_")),))


@reads(
    FAMILY,
    [f"{NIRS4ALL}.nirs.ExtendedMultiplicativeScatterCorrection"],
    "as of nirs4all 1.4, checked against the live object",
)
def nirs4all_emsc(state: State) -> Reading:
    axis = state.vector("wavelengths_")
    return Reading((EMSC.polynomial(state.vector("reference_"), state.whole("degree"), axis=axis),))


@reads(FAMILY, [f"{NIRS4ALL}.nirs.MultiplicativeScatterCorrection"], "as of nirs4all 0.7 and 1.4")
def nirs4all_msc(state: State) -> Reading:
    if "reference_" in state.values:
        return Reading((MSC(state.vector("reference_")),))
    # Before, every point had a line of its own, whatever the spectrum.
    centred = nested(state, "scaler_", state.get("scaler_")) if state.get("scale", default=False) else ()
    return Reading((*centred, Scale(state.vector("b_"), state.vector("a_"))))


PROJECTION = "chemotools.projection"


@reads(FAMILY, spelled(PROJECTION, ["_direct_orthogonalization"], "DirectOrthogonalization"))
def direct_orthogonalization(state: State) -> Reading:
    return Reading((_removed(state, "x_weights_orth_", "x_loadings_orth_"),))


@reads(FAMILY, spelled(PROJECTION, ["_orthogonal_pls"], "OrthogonalPLS"))
def orthogonal_pls(state: State) -> Reading:
    return Reading((_removed(state, "x_weights_orth_", "x_loadings_orth_", in_turn=True),))


@reads(FAMILY, spelled(PROJECTION, ["_orthogonal_signal_correction"], "OrthogonalSignalCorrection"), "every method")
def orthogonal_signals(state: State) -> Reading:
    return Reading((_removed(state, "weights_", "loadings_", in_turn=True),))


def _removed(state: State, weights: str, loadings: str, *, in_turn: bool = False) -> Remove:
    center = state.vector("mean_X_")
    return Remove(state.table(weights).T.copy(), state.table(loadings).T.copy(), center, in_turn)


@reads(FAMILY, spelled(PROJECTION, ["_external_parameter_orthogonalization"], "ExternalParameterOrthogonalization"))
def external_parameters(state: State) -> Reading:
    directions = state.table("V_epo_").T.copy()
    return Reading((Remove(directions, directions, state.vector("mean_X_")),) if len(directions) else ())


@reads(FAMILY, [f"{NIRS4ALL}.orthogonalization.OSC"], "scale or not")
def nirs4all_osc(state: State) -> Reading:
    mean, std = state.vector("X_mean_"), state.vector("X_std_")
    left = Remove(state.table("W_ortho_").T.copy(), state.table("P_ortho_").T.copy(), in_turn=True)
    return Reading((Scale(mean, std), left, Affine(std, mean)))


@reads(FAMILY, [f"{NIRS4ALL}.orthogonalization.EPO"])
def nirs4all_epo(state: State) -> Reading:
    # Its projection (p, p) takes the directions away that the parameters explain.
    coefs = state.table("projection_coefs_")
    directions = np.array(orthonormal(coefs, np.ones(coefs.shape[1])))
    return Reading((Remove(directions, directions, state.vector("X_mean_")),) if len(directions) else ())


BASELINE = "chemotools.baseline"


def _through(indices: NDArray[np.intp], curves: NDArray[np.float64]) -> Remove:
    """Subtract Σ x[index]·curve: curves (k, p), one for each of the points that a baseline goes through."""
    chosen = np.zeros(curves.shape)
    chosen[np.arange(len(indices)), indices] = 1.0
    return Remove(chosen, curves)


@reads(FAMILY, spelled(BASELINE, ["_linear_correction"], "LinearCorrection"))
def chemotools_linear_correction(state: State) -> Reading:
    width = state.whole("n_features_in_")
    share = np.arange(float(width)) / max(1, width - 1)
    return Reading((_through(np.array([0, width - 1]), np.array([1.0 - share, share])),))


@reads(FAMILY, spelled(BASELINE, ["_cubic_spline_correction"], "CubicSplineCorrection"))
def chemotools_spline_correction(state: State) -> Reading:
    indices, width = np.ravel(state.get("indices_")).astype(np.intp), state.whole("n_features_in_")
    curves = spline_weights(indices.astype(np.float64), np.arange(float(width))).T.copy()
    return Reading((_through(indices, curves),))


@reads(FAMILY, spelled(BASELINE, ["_constant_baseline_correction"], "ConstantBaselineCorrection"))
def chemotools_constant_correction(state: State) -> Reading:
    width, (start, end) = state.whole("n_features_in_"), (state.whole("start_index_"), state.whole("end_index_"))
    weights = np.zeros(width)
    weights[start : end + 1] = 1.0
    if not weights.any():
        raise state.refuse(f"no point lies from {start} to {end}")
    return Reading((Remove((weights / weights.sum())[None], np.ones((1, width))),))


@reads(FAMILY, spelled(BASELINE, ["_subtract_reference"], "SubtractReference"), "scaled or not")
def chemotools_reference(state: State) -> Reading:
    if state.get("reference_") is None:
        return Reading(())
    reference = state.vector("reference_")
    if not state.get("scale_reference"):
        return Reading((Scale(reference),))
    band = np.zeros(len(reference))
    band[state.whole("start_index_") : state.whole("end_index_")] = 1.0
    part = reference * band
    return Reading((Remove((part / (part * part).sum())[None], reference[None]),))


@reads(FAMILY, [f"{NIRS4ALL}.signal.Baseline"])
def nirs4all_mean(state: State) -> Reading:
    return Reading((Scale(state.vector("mean_")),))


ADAPTATION = "chemotools.adaptation"


@reads(FAMILY, spelled(ADAPTATION, ["_direct_standardization"], "DirectStandardization"))
def direct_standardization(state: State) -> Reading:
    if not state.get("x_source_provided_"):
        return Reading(())
    return Reading((Project(state.table("V_ds_").T.copy()), Project(state.table("B_ds_").T.copy())))


@reads(FAMILY, spelled(ADAPTATION, ["_piecewise_direct_standardization"], "PiecewiseDirectStandardization"))
def piecewise_standardization(state: State) -> Reading:
    if not state.get("x_source_provided_"):
        return Reading(())
    offset = state.vector("bias_")
    if state.get("T_") is not None:
        return Reading((Linear(state.table("T_").T.copy(), offset),))
    band, half = state.table("coef_band_"), state.whole("window_length")
    table = np.zeros((len(band), len(band)))
    for i, row in enumerate(table):
        first, last = max(0, i - half), min(len(band), i + half + 1)
        row[first:last] = band[i, : last - first]
    return Reading((Linear(table, offset),))


@reads(FAMILY, spelled(ADAPTATION, ["_spectral_space_transform"], "SpectralSpaceTransform"), "without with_std")
def spectral_space(state: State) -> Reading:
    if not state.get("x_source_provided_"):
        return Reading(())
    state.expect("with_std", False)
    moved = Remove(state.table("A_eff_").T.copy(), -state.table("dP_eff_"))
    return Reading((moved, Scale(-state.vector("bias_"))))


ROUNDS = "it weighs the points of each spectrum anew, by as many rounds as that one takes, which no plan can do"

refuses(
    (
        *spelled(BASELINE, ["_air_pls", "_ar_pls", "_as_ls"], "AirPls", "ArPls", "AsLs"),
        *(f"{NIRS4ALL}.nirs.{name}" for name in ("AirPLS", "ArPLS", "ASLSBaseline", "BEADS", "IASLS", "IModPoly")),
        *(f"{NIRS4ALL}.nirs.{name}" for name in ("ModPoly", "PyBaselineCorrection")),
    ),
    ROUNDS,
)
refuses(
    (
        *spelled(BASELINE, ["_rubberband_correction"], "RubberbandCorrection"),
        *(f"{NIRS4ALL}.nirs.{name}" for name in ("SNIP", "RollingBall")),
    ),
    "its baseline follows from comparing the points of each spectrum, which no plan can do",
)
refuses(
    (
        *spelled(ADAPTATION, ["_x_axis_interpolator"], "XAxisInterpolator"),
        *spelled(ADAPTATION, ["_metadata_function_transformer"], "MetadataFunctionTransformer"),
    ),
    "it needs more than the spectrum itself, given with every call",
)
