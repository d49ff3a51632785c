"""scikit-learn's makers of columns: products of points, bins, thresholds."""

from __future__ import annotations

from itertools import chain, combinations, combinations_with_replacement

import numpy as np

from ..operators import SNV, Operators, Scale, Select
from ..preprocessing import Bins, Fill, Products, Quantiles, Splines
from .registry import Reading, reads, refuses, spelled
from .state import State

__all__: list[str] = []

FAMILY = "columns"
PACKAGE = "sklearn.preprocessing"


@reads(FAMILY, spelled(PACKAGE, ["_polynomial"], "PolynomialFeatures"))
def polynomial(state: State) -> Reading:
    least, most = state.whole("_min_degree"), state.whole("_max_degree")
    chosen = combinations if state.get("interaction_only") else combinations_with_replacement
    points = range(state.whole("n_features_in_"))
    factors = list(chain.from_iterable(chosen(points, degree) for degree in range(max(1, least), most + 1)))
    if state.get("include_bias"):
        factors.insert(0, ())
    columns = np.full((len(factors), max(1, most)), -1, dtype=np.int32)
    for row, numbers in zip(columns, factors, strict=True):
        row[: len(numbers)] = numbers
    return Reading((Products(columns),))


@reads(FAMILY, spelled(PACKAGE, ["_discretization"], "KBinsDiscretizer"), "ordinal and onehot-dense")
def bins(state: State) -> Reading:
    encode = state.expect("encode", "ordinal", "onehot-dense")
    edges = tuple(
        state.finite("bin_edges_", np.asarray(row, dtype=np.float64)[1:-1]) for row in state.get("bin_edges_")
    )
    return Reading((Bins(edges, encode == "onehot-dense"),))


@reads(FAMILY, spelled(PACKAGE, ["_data"], "Binarizer"))
def threshold(state: State) -> Reading:
    # Above the threshold, which is: at least the next number.
    edge = np.nextafter(np.array([state.real("threshold", default=0.0)]), np.inf)
    return Reading((Bins((edge,) * state.whole("n_features_in_")),))


@reads(FAMILY, spelled(PACKAGE, ["_polynomial"], "SplineTransformer"), "dense; every extrapolation but error")
def splines(state: State) -> Reading:
    beyond = state.expect("extrapolation", "constant", "continue", "linear", "periodic")
    state.expect("sparse_output", False, default=False)
    fitted = state.get("bsplines_")
    if beyond == "linear" and int(fitted[0].k) < 2:
        raise state.refuse("extrapolation='linear' is not supported below degree 2")
    knots, table = np.array([spline.t for spline in fitted]), np.asarray(fitted[0].c, dtype=np.float64)
    if not state.get("include_bias"):
        table = np.ascontiguousarray(table[:, :-1])
    return Reading((Splines(state.finite("bsplines_", knots), int(fitted[0].k), table, beyond),))


QUANTILES = spelled(PACKAGE, ["_data"], "QuantileTransformer")


@reads(FAMILY, QUANTILES, "uniform and normal")
def quantiles(state: State) -> Reading:
    normal = state.expect("output_distribution", "uniform", "normal") == "normal"
    return Reading((Quantiles(state.table("quantiles_"), state.vector("references_"), normal),))


@reads(FAMILY, QUANTILES, "undone if uniform", method="inverse_transform")
def quantiles_undone(state: State) -> Reading:
    state.expect("output_distribution", "uniform")
    return Reading((Quantiles(state.table("quantiles_"), state.vector("references_"), undone=True),))


@reads(FAMILY, spelled(PACKAGE, ["_data"], "KernelCenterer"))
def kernel_centerer(state: State) -> Reading:
    offset = state.vector("K_fit_rows_") - state.real("K_fit_all_")
    return Reading((SNV(with_std=False), Scale(offset)))


refuses(
    spelled(PACKAGE, ["_encoders", "_target_encoder"], "OneHotEncoder", "OrdinalEncoder", "TargetEncoder"),
    "it encodes categories, and spectra are numbers",
)


@reads(
    FAMILY,
    spelled("sklearn.impute", ["_base"], "SimpleImputer"),
    "a number that stands for what is missing is filled; NaN is refused with its spectrum, as everywhere",
)
def fill(state: State) -> Reading:
    state.expect("add_indicator", False, default=False)
    values = np.ravel(np.asarray(state.get("statistics_"), dtype=np.float64))
    # A point that was missing in every spectrum has no value, and is left out.
    kept = np.flatnonzero(~np.isnan(values)).astype(np.int32)
    operators: Operators = () if len(kept) == len(values) else (Select(kept),)
    missing = state.real("missing_values")
    if not np.isnan(missing):
        operators += (Fill(state.finite("statistics_", values[kept]), missing),)
    return Reading(operators)


refuses(
    spelled("sklearn.impute", ["_base"], "MissingIndicator"),
    "it tells what is missing, and spectra with missing values are refused",
)
refuses(
    spelled("sklearn.impute", ["_knn", "_iterative"], "KNNImputer", "IterativeImputer"),
    "it fills a spectrum from the points that this one has, which differ from spectrum to spectrum; SimpleImputer has "
    "one value for each point",
)
