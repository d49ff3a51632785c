"""Spectra at other positions of their axis: scipy's interpolation, whatever the axis."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.preprocessing import Resample
from scipy.interpolate import CubicSpline, interp1d

from ...conftest import Tecator
from .agreement import answers, assert_agrees, plan_of

METHODS: list[Literal["linear", "nearest", "cubic"]] = ["linear", "nearest", "cubic"]
UNEVEN = np.cumsum(np.random.default_rng(0).uniform(0.5, 3.0, 100)) + 850.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("descending", [False, True])
def test_it_is_scipys(method: Literal["linear", "nearest", "cubic"], descending: bool, tecator: Tecator) -> None:
    X, order = tecator.X[::9], slice(None, None, -1 if descending else 1)
    target = np.r_[np.linspace(840.0, UNEVEN[-1] + 10.0, 150), UNEVEN[:5], UNEVEN[-3:]]
    expected = np.asarray(interp1d(UNEVEN[order], X, method, bounds_error=False, fill_value=0.5)(target), float)
    assert_agrees(Resample(UNEVEN[order], target, method, 0.5), X=X, expected=expected, within=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_without_a_fill_the_ends_are_held(method: Literal["linear", "nearest", "cubic"], tecator: Tecator) -> None:
    found = answers(Resample(UNEVEN, np.array([0.0, 1e9]), method), X=tecator.X)
    np.testing.assert_allclose(found, tecator.X[:, [0, -1]], rtol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_at_its_own_points_a_spectrum_is_itself(
    method: Literal["linear", "nearest", "cubic"], tecator: Tecator
) -> None:
    found = answers(Resample(tecator.wavelengths, tecator.wavelengths, method), X=tecator.X)
    np.testing.assert_array_equal(found, tecator.X)


def test_half_way_between_two_points_the_lower_is_nearest() -> None:
    found = answers(Resample(np.arange(4.0), np.array([0.5, 1.5, 2.5]), "nearest"), X=np.array([[1.0, 2.0, 4.0, 8.0]]))
    np.testing.assert_array_equal(found, [[1.0, 2.0, 4.0]])


@pytest.mark.parametrize("points", [2, 3, 4, 5, 6])
def test_few_points_have_a_spline_too(points: int, tecator: Tecator) -> None:
    X, source = tecator.X[::9, :points], UNEVEN[:points]
    target = np.linspace(source[0], source[-1], 23)
    expected = CubicSpline(source, X, axis=1)(target)
    assert_agrees(Resample(source, target, "cubic"), X=X, expected=expected, within=1e-12)


def test_so_many_points_at_equal_distances(tecator: Tecator) -> None:
    X, target = tecator.X[::9], np.linspace(0.0, 99.0, 23)
    expected = np.array([np.interp(target, np.arange(100.0), x) for x in X])
    assert_agrees(Resample(None, 23), X=X, expected=expected, within=1e-12)


TEN = np.arange(10.0)


@pytest.mark.parametrize(
    ("operator", "width", "message"),
    [
        (Resample(np.arange(9.0), TEN), 10, "a source of 9 positions for 10 points"),
        (Resample(np.r_[TEN[:9], 8.0], TEN), 10, "only ascend or only descend"),
        (Resample(TEN, np.array([])), 10, "0 target positions"),
        (Resample(TEN, np.array([np.nan])), 10, "finite numbers"),
        (Resample(TEN, TEN, "quadratic"), 10, "method='quadratic', expected linear, nearest, cubic"),
        (Resample(TEN, TEN, fill=np.inf), 10, "fill=inf"),
        (Resample(TEN[:1], TEN), 1, "at least 2"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(operator: Resample, width: int, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=width)
