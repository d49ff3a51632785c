"""Detrending: what is left is what the least-squares polynomial does not explain, whatever the degree."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from n4akit.bundle.lower.polynomials import derived, orthogonal, position, value
from n4akit.bundle.operators import Detrend
from numpy.polynomial import Polynomial
from scipy.signal import detrend

from ...conftest import Tecator
from .agreement import Matrix, answers, assert_agrees, disagreement


def in_long_double(X: Matrix, degree: int) -> Matrix:
    """The residues of the fit, by an orthogonal basis in long double: Gram–Schmidt on powers, done twice."""
    t = np.linspace(-1, 1, X.shape[1], dtype=np.longdouble)
    rest = X.astype(np.longdouble)
    basis: list[np.ndarray[tuple[int], np.dtype[np.longdouble]]] = []
    for k in range(degree + 1):
        v = t**k
        for _ in range(2):
            for other in basis:
                v = v - (v * other).sum() * other
        basis.append(v / np.sqrt((v * v).sum()))
        rest = rest - (rest * basis[-1]).sum(axis=1, keepdims=True) * basis[-1]
    return rest.astype(np.float64)


@pytest.mark.parametrize("degree", range(13))
def test_every_degree_leaves_what_long_double_leaves(degree: int, tecator: Tecator) -> None:
    X = tecator.X[::9]
    assert_agrees(Detrend(degree), X=X, expected=in_long_double(X, degree), within=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 2, 5])
def test_it_is_numpys_polynomial_fit(degree: int, tecator: Tecator) -> None:
    X = tecator.X[::9]
    t = np.arange(100.0)
    expected = np.array([x - Polynomial.fit(t, x, degree)(t) for x in X])
    assert_agrees(Detrend(degree), X=X, expected=expected, within=1e-12)


@pytest.mark.parametrize("breakpoints", [(), (50,), (10, 37, 90), (1,), (2, 99)])
@pytest.mark.parametrize(("degree", "kind"), [(0, "constant"), (1, "linear")])
def test_between_breakpoints_each_part_is_scipys(
    breakpoints: tuple[int, ...], degree: int, kind: str, tecator: Tecator
) -> None:
    X = tecator.X[::9]
    edges = [0, *breakpoints, 100]
    if kind == "linear":
        expected = detrend(X, type="linear", bp=np.array(breakpoints, dtype=np.int64))
    else:
        expected = np.concatenate([X[:, a:b] - X[:, a:b].mean(axis=1, keepdims=True) for a, b in pairwise(edges)], 1)
    assert_agrees(Detrend(degree, breakpoints), X=X, expected=expected, within=1e-12)


def test_a_part_with_fewer_points_than_the_degree_needs_is_explained_whole(tecator: Tecator) -> None:
    X = tecator.X[::9]
    found = answers(Detrend(3, breakpoints=(2, 6)), X=X)
    assert np.abs(found[:, :6]).max() <= 1e-14
    assert disagreement(found[:, 6:], in_long_double(X[:, 6:], 3)) <= 1e-12


def test_a_polynomial_leaves_nothing() -> None:
    t = np.arange(100.0) / 100.0
    X: Matrix = np.array([3.0 - t + 5.0 * t**2 - 2.0 * t**4])
    assert np.abs(answers(Detrend(4), X=X)).max() <= 1e-14
    assert np.abs(answers(Detrend(3), X=X)).max() > 1e-3


@pytest.mark.parametrize("points", [1, 2, 5, 12, 101])
def test_the_polynomials_are_orthogonal_to_the_last_digit(points: int) -> None:
    polynomials = orthogonal(points, min(points - 1, 8))
    rows = [[value(polynomial, position(i, points)) for i in range(points)] for polynomial in polynomials]
    for j, row in enumerate(rows):
        assert len(polynomials[j]) == j + 1 and polynomials[j][-1] > 0
        assert [sum(map(int.__mul__, row, other)) for other in rows[:j]] == [0] * j


def test_a_position_is_whole_between_two_points_too() -> None:
    assert [position(Fraction(i, 2), 4) for i in range(7)] == [-3, -2, -1, 0, 1, 2, 3]


def test_the_derivative_is_the_textbooks() -> None:
    assert derived([7, 5, 3, 2], 1) == [5, 6, 6] and derived([7, 5, 3, 2], 2) == [6, 12]
    assert derived([7, 5], 2) == [] and value([], 3) == 0


def test_a_degree_of_all_points_explains_everything(tecator: Tecator) -> None:
    """With 200 points the polynomials themselves exceed all doubles: only their proportions matter."""
    X = np.concatenate([tecator.X, tecator.X[:, ::-1]], axis=1)[::20]
    assert np.abs(answers(Detrend(199), X=X)).max() <= 1e-11
    assert np.abs(answers(Detrend(60), X=X)).max() > 1e-6
