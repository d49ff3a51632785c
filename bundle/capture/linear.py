"""Linear regressions: whatever the way they were fitted, they predict by coefficients and an intercept."""

from __future__ import annotations

import numpy as np

from ..operators import Linear
from .nested import nested
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "linear"
PACKAGE = "sklearn.linear_model"


@reads(FAMILY, spelled(PACKAGE, ["_base"], "LinearRegression"), method="predict")
@reads(FAMILY, spelled(PACKAGE, ["_ridge"], "Ridge", "RidgeCV"), method="predict")
@reads(
    FAMILY,
    spelled(
        PACKAGE,
        ["_coordinate_descent"],
        *("Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV"),
        *("MultiTaskElasticNet", "MultiTaskElasticNetCV"),
    ),
    method="predict",
)
@reads(
    FAMILY,
    spelled(PACKAGE, ["_least_angle"], "Lars", "LarsCV", "LassoLars", "LassoLarsCV", "LassoLarsIC"),
    method="predict",
)
@reads(
    FAMILY,
    spelled(PACKAGE, ["_omp"], "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV"),
    method="predict",
)
@reads(FAMILY, spelled(PACKAGE, ["_bayes"], "BayesianRidge", "ARDRegression"), method="predict")
@reads(FAMILY, spelled(PACKAGE, ["_huber"], "HuberRegressor"), method="predict")
@reads(FAMILY, spelled(PACKAGE, ["_theil_sen"], "TheilSenRegressor"), method="predict")
@reads(FAMILY, spelled(PACKAGE, ["_stochastic_gradient"], "SGDRegressor"), method="predict")
@reads(FAMILY, spelled(PACKAGE, ["_passive_aggressive"], "PassiveAggressiveRegressor"), method="predict")
@reads(FAMILY, spelled(PACKAGE, ["_quantile"], "QuantileRegressor"), method="predict")
@reads(FAMILY, spelled("sklearn.svm", ["_classes"], "LinearSVR"), method="predict")
def linear(state: State) -> Reading:
    coef = state.table("coef_")
    intercept = state.finite("intercept_", np.broadcast_to(np.ravel(state.get("intercept_")), (len(coef),)))
    return Reading((Linear(coef, intercept),))


@reads(FAMILY, spelled(PACKAGE, ["_ransac"], "RANSACRegressor"), "of a linear regression", method="predict")
def ransac(state: State) -> Reading:
    return Reading(nested(state, "estimator_", state.get("estimator_"), "predict"))
