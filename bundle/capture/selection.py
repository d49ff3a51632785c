"""Choosing points: everything that keeps a mask or a list of columns."""

from __future__ import annotations

import numpy as np

from ..operators import Select
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "selection"


@reads(FAMILY, spelled("sklearn.feature_selection", ["_rfe"], "RFE", "RFECV"))
@reads(FAMILY, spelled("sklearn.feature_selection", ["_sequential"], "SequentialFeatureSelector"))
def mask(state: State) -> Reading:
    return Reading((Select(np.flatnonzero(np.asarray(state.get("support_"))).astype(np.int32)),))


@reads(FAMILY, spelled("sklearn.feature_selection", ["_variance_threshold"], "VarianceThreshold"))
def variance_threshold(state: State) -> Reading:
    kept = state.vector("variances_") > float(state.get("threshold"))
    return Reading((Select(np.flatnonzero(kept).astype(np.int32)),))


@reads(
    FAMILY,
    spelled(
        "sklearn.feature_selection",
        ["_univariate_selection"],
        "SelectKBest",
        "SelectPercentile",
        "GenericUnivariateSelect",
    ),
    "through the live object",
)
@reads(
    FAMILY,
    spelled("sklearn.feature_selection", ["_univariate_selection"], "SelectFpr", "SelectFdr", "SelectFwe"),
    "through the live object",
)
@reads(FAMILY, spelled("sklearn.feature_selection", ["_from_model"], "SelectFromModel"), "through the live object")
@reads(FAMILY, spelled("chemotools.feature_selection", ["_index_selector"], "IndexSelector"), "through the live object")
@reads(FAMILY, spelled("chemotools.feature_selection", ["_range_cut"], "RangeCut"), "through the live object")
@reads(
    FAMILY,
    spelled("chemotools.feature_selection", ["_sr_selector", "_vip_selector"], "SRSelector", "VIPSelector"),
    "through the live object",
)
def live_support(state: State) -> Reading:
    # Which columns are kept follows from scores by rules of the class; the object itself knows them best.
    if state.live is None:
        raise state.refuse("which points it keeps is only known to the fitted object, and there is none")
    if hasattr(state.live, "get_support"):
        return Reading((Select(np.asarray(state.live.get_support(indices=True), dtype=np.int32)),))
    start, end = int(state.get("start_index_")), int(state.get("end_index_"))
    return Reading((Select(np.arange(start, end, dtype=np.int32)),))
