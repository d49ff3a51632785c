"""Derivatives by differences: across a gap as Norris and Williams wrote it, between neighbours as numpy does it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from n4akit.bundle.operators import GapDerivative, Gradient
from scipy.ndimage import convolve1d

from ...conftest import Tecator
from .agreement import Matrix, answers, assert_agrees, disagreement

MODES: list[Literal["mirror", "nearest", "wrap"]] = ["mirror", "nearest", "wrap"]


def by_definition(X: Matrix, segment: int, gap: int, deriv: int) -> Matrix:
    """Means of `segment` neighbours, then differences over `gap` of these, where all points are there."""
    means: Matrix = np.stack([X[:, i : i + segment].mean(axis=1) for i in range(X.shape[1] - segment + 1)], axis=1)
    first, last = means[:, : means.shape[1] - gap + 1], means[:, gap - 1 :]
    # Of an even gap two points are in the middle: the later one is meant.
    middle = means[:, gap // 2 : gap // 2 + first.shape[1]]
    change: Matrix = last - first if deriv == 1 else last - 2.0 * middle + first
    return change / gap


@pytest.mark.parametrize("segment", [1, 4, 5])
@pytest.mark.parametrize(("gap", "deriv"), [(2, 1), (3, 1), (7, 1), (8, 1), (3, 2), (7, 2), (8, 2)])
def test_the_gap_derivative_is_what_its_definition_says(segment: int, gap: int, deriv: int, tecator: Tecator) -> None:
    X = tecator.X[::9]
    expected = by_definition(X, segment, gap, deriv)
    taps = gap + segment - 1
    inside = slice((taps - 1) // 2, 100 - taps // 2)
    found = answers(GapDerivative(segment, gap, deriv), X=X)
    assert disagreement(found[:, inside], expected) <= 1e-12


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("segment", "gap", "deriv"), [(5, 3, 1), (5, 3, 2), (4, 6, 1), (1, 2, 1), (3, 11, 2)])
def test_beyond_the_ends_the_spectrum_goes_on_as_in_scipys_filters(
    mode: Literal["mirror", "nearest", "wrap"], segment: int, gap: int, deriv: int, tecator: Tecator
) -> None:
    X = tecator.X[::9]
    differences = np.zeros(gap)
    differences[[0, -1]] = [1.0, -1.0] if deriv == 1 else [1.0, 1.0]
    if deriv == 2:
        differences[(gap - 1) // 2] = -2.0
    kernel = np.convolve(np.ones(segment) / segment, differences / gap)
    expected = convolve1d(X, kernel, axis=1, mode=mode)
    assert_agrees(GapDerivative(segment, gap, deriv, mode=mode), X=X, expected=expected, within=1e-12)


@pytest.mark.parametrize("deriv", [1, 2])
def test_the_gap_derivative_is_per_unit_of_delta(deriv: int, tecator: Tecator) -> None:
    X = tecator.X[::9]
    expected = answers(GapDerivative(5, 5, deriv), X=X) / 2.5**deriv
    assert_agrees(GapDerivative(5, 5, deriv, delta=2.5), X=X, expected=expected, within=1e-13)


@pytest.mark.parametrize("mode", MODES)
def test_a_gap_may_be_longer_than_the_spectrum(mode: Literal["mirror", "nearest", "wrap"], tecator: Tecator) -> None:
    X = tecator.X[::9, :4]
    kernel = np.convolve(np.ones(3) / 3, np.array([1.0, *[0.0] * 8, -1.0]) / 10)
    expected = convolve1d(X, kernel, axis=1, mode=mode)
    assert_agrees(GapDerivative(3, 10, mode=mode), X=X, expected=expected, within=1e-12)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("delta", [1.0, 2.0, 0.3, -1.0])
@pytest.mark.parametrize(("points", "deriv"), [(3, 1), (4, 2), (100, 1), (100, 2), (100, 3)])
def test_the_gradient_is_numpys(
    edge_order: Literal[1, 2], delta: float, points: int, deriv: int, tecator: Tecator
) -> None:
    X = tecator.X[::9, :points]
    expected = X
    for _ in range(deriv):
        expected = np.gradient(expected, delta, axis=1, edge_order=edge_order)
    assert_agrees(Gradient(deriv, delta, edge_order), X=X, expected=expected, within=1e-10)


def test_a_parabola_has_the_slope_that_it_has() -> None:
    t = np.arange(12.0)
    found = answers(Gradient(delta=0.5, edge_order=2), X=np.array([t**2 - 5.0 * t]))
    np.testing.assert_array_equal(found, [2.0 * (2.0 * t - 5.0)])
