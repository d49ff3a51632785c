"""Linear regressions: whatever the way they were fitted, they predict by coefficients and an intercept."""

from __future__ import annotations

import numpy as np

from ..operators import Linear
from .registry import READERS, Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "linear"
PACKAGE = "sklearn.linear_model"


@reads(FAMILY, spelled(PACKAGE, ["_base"], "LinearRegression"), model=True)
@reads(FAMILY, spelled(PACKAGE, ["_ridge"], "Ridge", "RidgeCV"), model=True)
@reads(
    FAMILY,
    spelled(
        PACKAGE,
        ["_coordinate_descent"],
        *("Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV"),
        *("MultiTaskElasticNet", "MultiTaskElasticNetCV"),
    ),
    model=True,
)
@reads(
    FAMILY, spelled(PACKAGE, ["_least_angle"], "Lars", "LarsCV", "LassoLars", "LassoLarsCV", "LassoLarsIC"), model=True
)
@reads(
    FAMILY,
    spelled(PACKAGE, ["_omp"], "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV"),
    model=True,
)
@reads(FAMILY, spelled(PACKAGE, ["_bayes"], "BayesianRidge", "ARDRegression"), model=True)
@reads(FAMILY, spelled(PACKAGE, ["_huber"], "HuberRegressor"), model=True)
@reads(FAMILY, spelled(PACKAGE, ["_theil_sen"], "TheilSenRegressor"), model=True)
@reads(FAMILY, spelled(PACKAGE, ["_stochastic_gradient"], "SGDRegressor"), model=True)
@reads(FAMILY, spelled(PACKAGE, ["_passive_aggressive"], "PassiveAggressiveRegressor"), model=True)
@reads(FAMILY, spelled(PACKAGE, ["_quantile"], "QuantileRegressor"), model=True)
@reads(FAMILY, spelled("sklearn.svm", ["_classes"], "LinearSVR"), model=True)
def linear(state: State) -> Reading:
    coef = state.table("coef_")
    intercept = state.finite("intercept_", np.broadcast_to(np.ravel(state.get("intercept_")), (len(coef),)))
    return Reading((Linear(coef, intercept),))


@reads(FAMILY, spelled(PACKAGE, ["_ransac"], "RANSACRegressor"), "of a linear regression", model=True)
def ransac(state: State) -> Reading:
    inner = State.of(state.get("estimator_"), state.where)
    reader = READERS.get(inner.name)
    if reader is None or reader.predict is None:
        raise state.refuse(f"its estimator_ is a {inner.name}, which is not supported")
    return reader.predict(inner)
