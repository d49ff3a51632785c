"""Savitzky–Golay: the weights are the exact ones, rounded once, and the filter is scipy's in every edge mode."""

from __future__ import annotations

from fractions import Fraction
from math import factorial
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.lower.savitzky_golay import weights
from n4akit.bundle.operators import SavitzkyGolay
from scipy.signal import savgol_filter

from ...conftest import Tecator
from .agreement import Matrix, answers, assert_agrees, disagreement

Mode = Literal["interp", "mirror", "nearest", "wrap", "constant"]
MODES: list[Mode] = ["interp", "mirror", "nearest", "wrap", "constant"]
PADDING = {"mirror": "reflect", "nearest": "edge", "wrap": "wrap", "constant": "constant"}
"""What numpy.pad calls the modes."""


def fitted(window: int, polyorder: int, deriv: int, at: Fraction) -> list[Fraction]:
    """The weights from the normal equations in powers of the distance from `at`, solved by exact elimination."""
    if deriv > polyorder:
        return [Fraction(0)] * window
    powers = [[(i - at) ** k for k in range(polyorder + 1)] for i in range(window)]
    columns = list(zip(*powers, strict=True))
    system = [
        [sum(map(Fraction.__mul__, a, b), Fraction(0)) for b in columns] + [Fraction(row == deriv)]
        for row, a in enumerate(columns)
    ]
    for k, pivot in enumerate(system):
        pivot[:] = [value / pivot[k] for value in pivot]
        for other in system:
            if other is not pivot:
                other[:] = [v - other[k] * p for v, p in zip(other, pivot, strict=True)]
    solution = [row[-1] * factorial(deriv) for row in system]
    return [sum(map(Fraction.__mul__, solution, row), Fraction(0)) for row in powers]


@pytest.mark.parametrize("window", [1, 2, 3, 5, 6, 11, 24])
@pytest.mark.parametrize("polyorder", [0, 1, 2, 3, 5])
def test_the_weights_are_exact_at_every_position(window: int, polyorder: int) -> None:
    if polyorder >= window:
        polyorder = window - 1
    positions = [Fraction(window - 1, 2), *map(Fraction, range(window))]
    for deriv in range(polyorder + 2):
        operator = SavitzkyGolay(window, polyorder, deriv)
        assert weights(operator, positions) == [fitted(window, polyorder, deriv, at) for at in positions]


def test_the_textbook_table_comes_out() -> None:
    """Savitzky and Golay 1964, tables I and III."""
    smooth, slope = SavitzkyGolay(5, 2), SavitzkyGolay(7, 2, deriv=1)
    assert weights(smooth, [2]) == [[Fraction(n, 35) for n in (-3, 12, 17, 12, -3)]]
    assert weights(slope, [3]) == [[Fraction(n, 28) for n in (-3, -2, -1, 0, 1, 2, 3)]]


def test_the_distance_of_two_points_enters_exactly() -> None:
    plain, spaced = (weights(SavitzkyGolay(9, 4, deriv=3, delta=delta), [4])[0] for delta in (1.0, 0.1))
    assert spaced == [weight / Fraction(0.1) ** 3 for weight in plain]


def exactly(x: list[int], operator: SavitzkyGolay) -> list[Fraction]:
    """The filtered row in exact arithmetic, from numpy's own padding."""
    window, p = operator.window_length, len(x)
    before = (window - 1) // 2
    central = fitted(window, operator.polyorder, operator.deriv, Fraction(window - 1, 2))
    values = []
    if operator.mode == "interp":
        for i in range(p):
            start = min(max(i - before, 0), p - window)
            inside = window // 2 <= i < p - window // 2
            row = central if inside else fitted(window, operator.polyorder, operator.deriv, Fraction(i - start))
            values.append(sum((w * x[start + k] for k, w in enumerate(row)), Fraction(0)))
        return values
    given_value = {"constant_values": int(operator.cval)} if operator.mode == "constant" else {}
    padded = np.pad(x, window, PADDING[operator.mode], **given_value).tolist()  # type: ignore[call-overload]
    return [sum((w * padded[i + window - before + k] for k, w in enumerate(central)), Fraction(0)) for i in range(p)]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_short_rows_are_filtered_as_exact_arithmetic_filters_them(data: st.DataObject) -> None:
    mode = data.draw(st.sampled_from(MODES))
    x = data.draw(st.lists(st.integers(-50, 50), min_size=2, max_size=14))
    window = data.draw(st.integers(1, len(x) if mode == "interp" else 2 * len(x)))
    polyorder = data.draw(st.integers(0, min(window - 1, 5)))
    operator = SavitzkyGolay(window, polyorder, data.draw(st.integers(0, polyorder)), mode=mode, cval=7.0)
    found = answers(operator, X=np.array([x], dtype=np.float64))
    expected = np.array([[float(value) for value in exactly(x, operator)]])
    # The largest weight times the largest value, a few roundings of it for each point of the window.
    positions = [Fraction(window - 1, 2), *map(Fraction, range(window))]
    largest = max(abs(w) for row in weights(operator, positions) for w in row)
    assert np.abs(found - expected).max() <= 2.0**-52 * window * 50.0 * float(largest)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("window", "polyorders", "within"),
    [(1, [0], 1e-15), (5, [0, 2, 3, 4], 1e-11), (15, [1, 2, 3], 1e-12), (31, [2, 4, 5], 1e-9), (51, [0, 3], 1e-12)],
)
def test_tecator_is_filtered_as_scipy_filters_it(
    mode: Mode, window: int, polyorders: list[int], within: float, tecator: Tecator
) -> None:
    X = tecator.X[::9]
    for polyorder in polyorders:
        for deriv in range(min(polyorder + 2, 4)):
            operator = SavitzkyGolay(window, polyorder, deriv, 2.0, mode, 0.5)
            expected = savgol_filter(X, window, polyorder, deriv=deriv, delta=2.0, mode=mode, cval=0.5)
            assert_agrees(operator, X=X, expected=expected, within=within)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("window", [2, 4, 8, 20])
def test_even_windows_too(mode: Mode, window: int, tecator: Tecator) -> None:
    X = tecator.X[::9]
    for polyorder in range(min(window, 4)):
        operator = SavitzkyGolay(window, polyorder, deriv=polyorder // 2, mode=mode)
        expected = savgol_filter(X, window, polyorder, deriv=polyorder // 2, mode=mode)
        assert_agrees(operator, X=X, expected=expected, within=1e-11)


@pytest.mark.parametrize("mode", MODES[1:])
@pytest.mark.parametrize("points", [1, 2, 7])
def test_a_window_may_be_longer_than_the_spectrum(mode: Mode, points: int, tecator: Tecator) -> None:
    X = tecator.X[::9, :points]
    expected = savgol_filter(X, 11, 2, mode=mode, cval=2.5)
    assert_agrees(SavitzkyGolay(11, 2, mode=mode, cval=2.5), X=X, expected=expected, within=1e-12)


@pytest.mark.parametrize("window", [98, 99, 100])
def test_a_window_may_be_as_long_as_the_spectrum(window: int, tecator: Tecator) -> None:
    expected = savgol_filter(tecator.X, window, 2, deriv=1, mode="interp")
    assert disagreement(answers(SavitzkyGolay(window, 2, deriv=1), X=tecator.X), expected) <= 1e-11


@pytest.mark.parametrize("delta", [0.1, 1 / 3, 2.0, -4.0])
def test_the_distance_of_two_points_is_scipys_delta(delta: float, tecator: Tecator) -> None:
    for deriv in range(4):
        expected = savgol_filter(tecator.X, 13, 3, deriv=deriv, delta=delta)
        assert_agrees(SavitzkyGolay(13, 3, deriv, delta), X=tecator.X, expected=expected, within=1e-12)


def test_the_weights_stay_exact_where_scipys_lose_their_digits() -> None:
    """A window of 201 points and degree 12: the moments of the weights are those of the identity."""
    operator = SavitzkyGolay(201, 12)
    row = weights(operator, [100])[0]
    for power in range(13):
        moment = sum(w * (i - 100) ** power for i, w in enumerate(row))
        assert moment == (1 if power == 0 else 0)


def test_a_polynomial_passes_unchanged() -> None:
    t = np.arange(60.0) - 30.0
    X: Matrix = np.array([t**3 - 40.0 * t + 7.0])
    found = answers(SavitzkyGolay(17, 3, deriv=1), X=X)
    assert disagreement(found, np.array([3.0 * t**2 - 40.0])) <= 1e-14
