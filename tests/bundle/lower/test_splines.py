"""B-splines of each point: scipy's, inside the base interval and as each mode goes on beyond it."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.preprocessing import Splines
from scipy.interpolate import BSpline
from sklearn.preprocessing import SplineTransformer

from ...conftest import Tecator
from .agreement import answers, assert_agrees, plan_of


@pytest.mark.parametrize("degree", range(6))
def test_they_are_scipys(degree: int) -> None:
    rng = np.random.default_rng(degree)
    knots, table = np.sort(rng.uniform(size=(2, 9 + degree)), axis=1), rng.normal(size=(8, 3))
    low, high = knots[:, degree].max(), knots[:, 8].min()
    X = np.concatenate([rng.uniform(low, high, size=(200, 2)), np.full((1, 2), low), np.full((1, 2), high)])
    expected = np.concatenate([BSpline(knots[j], table, degree)(X[:, j]) for j in range(2)], axis=1)
    operator = Splines(knots, degree, table, "continue")
    np.testing.assert_allclose(answers(operator, X=X), expected, rtol=0.0, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("mode", ["constant", "continue", "linear", "periodic"])
@pytest.mark.parametrize("degree", [2, 3])
def test_beyond_the_base_interval_they_go_on_as_scikit_learns(mode: str, degree: int, tecator: Tecator) -> None:
    X = tecator.X[:, ::40]
    fitted = SplineTransformer(5, degree, extrapolation=mode, knots="quantile").fit(X)
    wide = np.concatenate([X, X - 0.4, X + 0.4, X - 1.3, X + 1.3])
    knots = np.array([spline.t for spline in fitted.bsplines_])
    operator = Splines(knots, degree, fitted.bsplines_[0].c, mode)
    assert_agrees(operator, X=wide, expected=fitted.transform(wide), within=1e-11)


KNOTS = np.arange(8.0).reshape(1, -1)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Splines(KNOTS, 3, np.identity(5)), "expected a row of 9 for each"),
        (Splines(np.tile(KNOTS, (2, 1)), 3, np.identity(4)), "2 rows of 8 knots for 1 points"),
        (Splines(KNOTS, 3, np.identity(4), "error"), "beyond='error'"),
        (Splines(KNOTS, 0, np.identity(7), "linear"), r"linear from degree 1"),
        (Splines(KNOTS, -1, np.identity(8)), "degree=-1"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(operator: Splines, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=1)
