"""Continuous wavelets: numpy's convolution with Ricker's formula, and with the derivatives of a Gaussian."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.preprocessing import ContinuousWavelet
from numpy.typing import NDArray
from scipy.special import gamma, hermitenorm

from ...conftest import Tecator
from .agreement import answers, assert_agrees, plan_of

Matrix = NDArray[np.float64]


def ricker(count: int, scale: float) -> Matrix:
    """Ricker's wavelet as geophysicists write it."""
    t = (np.arange(count) - (count - 1) / 2) / scale
    return np.asarray(2 / (np.sqrt(3 * scale) * np.pi**0.25) * (1 - t**2) * np.exp(-(t**2) / 2))


def convolved(X: Matrix, wavelet: Matrix) -> Matrix:
    return np.array([np.convolve(row, wavelet[::-1], "same") for row in X])


@pytest.mark.parametrize("scales", [[1.0], [2.0, 5.0], [0.5, 3.0, 30.0], [0.05, 1e6]])
def test_order_two_is_rickers(scales: list[float], tecator: Tecator) -> None:
    X = tecator.X[::9]
    counts = [min(int(np.ceil(10 * scale)), 100) for scale in scales]
    expected = [convolved(X, ricker(count, scale)) for count, scale in zip(counts, scales, strict=True)]
    assert_agrees(ContinuousWavelet(np.array(scales)), X=X, expected=np.concatenate(expected, axis=1), within=1e-12)


@pytest.mark.parametrize("order", range(1, 9))
def test_every_order_is_a_derivative_of_a_gaussian(order: int, tecator: Tecator) -> None:
    X, scale = tecator.X[::9], 3.0
    t = (np.arange(30) - 14.5) / scale
    # The derivative is (−1)ᵐ times a Hermite polynomial and the Gaussian.
    wavelet = -hermitenorm(order)(t) * np.exp(-(t**2) / 2) / np.sqrt(scale * gamma(order + 0.5))
    assert_agrees(ContinuousWavelet(np.array([scale]), order), X=X, expected=convolved(X, wavelet), within=1e-11)


def test_a_straight_baseline_is_nothing_to_it() -> None:
    line = (0.5 + 0.01 * np.arange(200.0)).reshape(1, -1)
    found = answers(ContinuousWavelet(np.array([4.0])), X=line)
    assert np.abs(found[0, 20:-20]).max() < 1e-3 * np.abs(found).max()


def test_it_answers_with_the_band_where_the_band_is() -> None:
    band = np.exp(-(((np.arange(200.0) - 120.0) / 6.0) ** 2) / 2).reshape(1, -1)
    assert answers(ContinuousWavelet(np.array([6.1])), X=band)[0].argmax() in (119, 120, 121)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (ContinuousWavelet(np.array([])), r"scales=\[\], order=2; expected one or more"),
        (ContinuousWavelet(np.array([1.0, 0.0])), r"scales=\[1.0, 0.0\]"),
        (ContinuousWavelet(np.array([np.nan])), r"scales=\[nan\]"),
        (ContinuousWavelet(np.array([np.inf])), r"scales=\[inf\]"),
        (ContinuousWavelet(np.array([1.0]), order=0), "order=0; expected .* order 1 to 8"),
        (ContinuousWavelet(np.array([1.0]), order=9), "order=9"),
    ],
)
def test_what_makes_no_sense_is_refused(operator: ContinuousWavelet, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=10)
