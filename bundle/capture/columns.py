"""scikit-learn's makers of columns: products of points, bins, thresholds."""

from __future__ import annotations

from itertools import chain, combinations, combinations_with_replacement

import numpy as np

from ..operators import SNV, Concat, Operators, Scale, Select
from ..preprocessing import Bins, Fill, Missing, Products, Quantiles, Splines
from .origin import ROUTE
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
    try:
        knots, table = np.array([spline.t for spline in fitted]), np.asarray(fitted[0].c, dtype=np.float64)
    except AttributeError:  # scipy keeps them otherwise today, and says so when they are asked for
        raise state.refuse(f"another scipy wrote its splines, which this one cannot read: {ROUTE}") from None
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
    "every strategy, NaN or a number for what is missing; indicators too",
)
def fill(state: State) -> Reading:
    values = np.ravel(np.asarray(state.get("statistics_"), dtype=np.float64))
    # A point that was missing in every spectrum has no value, and is left out.
    kept = np.flatnonzero(~np.isnan(values)).astype(np.int32)
    if not len(kept):
        raise state.refuse("it has no value for any point")
    chosen: Operators = () if len(kept) == len(values) else (Select(kept),)
    missing = state.real("missing_values")
    filled = (*chosen, Fill(state.finite("statistics_", values[kept]), missing))
    if not state.flag("add_indicator", default=False):
        return Reading(filled)
    index = np.asarray(state.get("indicator_").features_, dtype=np.int32)
    return Reading((Concat((filled, (Missing(index, missing),))),) if len(index) else filled)


@reads(
    FAMILY,
    spelled("sklearn.impute", ["_base"], "MissingIndicator"),
    "dense; error_on_new=True only where every point is told",
)
def indicator(state: State) -> Reading:
    state.expect("sparse", False, "auto", default="auto")
    index = np.asarray(state.get("features_"), dtype=np.int32)
    if not len(index):
        raise state.refuse("nothing was missing when it was fitted, so that it tells nothing")
    if state.get("features") == "missing-only" and len(index) < state.whole("n_features_in_"):
        # Its own refusal of other points would be a spectrum without an answer, which a step after it might answer.
        state.expect("error_on_new", False)
    return Reading((Missing(index, state.real("missing_values")),))


refuses(
    spelled("sklearn.impute", ["_knn", "_iterative"], "KNNImputer", "IterativeImputer"),
    "it fills a spectrum from the points that this one has, which differ from spectrum to spectrum; SimpleImputer has "
    "one value for each point",
)
