"""Weights that slide over a spectrum: scipy's filters, in every way to go on beyond the ends."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.operators import Operator
from n4akit.bundle.preprocessing import Filter, Gaussian, Whittaker
from scipy.ndimage import correlate1d, gaussian_filter1d

from ...conftest import Tecator
from .agreement import answers, assert_agrees, plan_of

MODES: list[Literal["mirror", "nearest", "wrap", "reflect", "constant"]] = [
    *("mirror", "nearest", "wrap", "reflect", "constant")
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("window", [1, 3, 8, 101, 251])
def test_it_is_scipys(
    mode: Literal["mirror", "nearest", "wrap", "reflect", "constant"], window: int, tecator: Tecator
) -> None:
    X, taps = tecator.X[::9], np.random.default_rng(window).normal(size=window)
    # Of an even window scipy puts the larger half behind the point, these filters put it ahead.
    expected = correlate1d(X, taps, axis=1, mode=mode, origin=-1 if window % 2 == 0 else 0)
    assert_agrees(Filter(taps, mode), X=X, expected=expected, within=1e-12)


@pytest.mark.parametrize("points", [2, 3, 40])
def test_a_line_goes_on_as_a_line(points: int) -> None:
    X = np.array([3.0 - 0.5 * np.arange(points), np.arange(points) ** 2])
    filtered = answers(Filter(np.full(9, 1.0 / 9.0), "linear"), X=X)
    np.testing.assert_allclose(filtered[0], X[0], rtol=1e-13, atol=1e-13)
    ahead = X[1][0] + (X[1][1] - X[1][0]) * np.arange(-4, 0)
    behind = X[1][-1] + (X[1][-1] - X[1][-2]) * np.arange(1, 5)
    whole = np.concatenate([ahead, X[1], behind])
    np.testing.assert_allclose(filtered[1], np.convolve(whole, np.full(9, 1.0 / 9.0), "valid"), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("sigma", "order"), [(2.0, 0), (1.0, 2), (2.5, 1), (0.7, 3), (30.0, 1)])
def test_a_gaussian_is_scipys(
    sigma: float, order: int, mode: Literal["mirror", "nearest", "wrap", "reflect", "constant"], tecator: Tecator
) -> None:
    X = tecator.X[::9]
    expected = gaussian_filter1d(X, sigma, order=order, mode=mode)
    assert_agrees(Gaussian(sigma, order, mode), X=X, expected=expected, within=1e-11)


@pytest.mark.parametrize("penalty", [0.0, 1e-2, 1e2, 1e4])
def test_the_smooth_is_the_least_of_what_whittaker_weighs(penalty: float, tecator: Tecator) -> None:
    X, weights = tecator.X[::9], np.random.default_rng(0).uniform(0.5, 2.0, 100)
    bends = np.diff(np.identity(100), 2, axis=0)
    expected = np.asarray(np.linalg.solve(np.diag(weights) + penalty * bends.T @ bends, (X * weights).T).T, float)
    assert_agrees(Whittaker(penalty, weights), X=X, expected=expected, within=1e-10)


@pytest.mark.parametrize(
    ("operator", "width", "message"),
    [
        (Gaussian(0.0), 10, "sigma=0.0"),
        (Gaussian(1.0, order=9), 10, "order=9"),
        (Gaussian(1.0, truncate=np.inf), 10, "truncate=inf"),
        (Whittaker(-1.0, np.ones(10)), 10, "penalty=-1.0"),
        (Whittaker(1.0, np.zeros(10)), 10, "weights > 0"),
        (Whittaker(1.0, np.ones(2)), 2, "on 2 points"),
        (Filter(np.array([])), 10, "0 taps"),
        (Filter(np.array([1.0, np.nan])), 10, "expected one or more finite numbers"),
        (
            Filter(np.ones(3), "interp"),
            10,
            "mode='interp', expected mirror, nearest, wrap, reflect, constant or linear",
        ),
        (Filter(np.ones(3), "linear"), 1, "spectra of 1 point"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(operator: Operator, width: int, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=width)
