"""What is done to each spectrum by itself: plain formulas, and no answer for a spectrum that cannot be scaled."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.operators import MSC, SNV, Normalize, Operator, RobustSNV
from n4akit.bundle.runtime import InputError, Replay
from sklearn.preprocessing import normalize

from ...conftest import Tecator
from .agreement import Matrix, answers, assert_agrees, disagreement, plan_of


@pytest.mark.parametrize("ddof", [0, 1, 99])
def test_snv_is_its_formula(ddof: int, tecator: Tecator) -> None:
    X = tecator.X
    centred = X - X.mean(axis=1, keepdims=True)
    std = X.std(axis=1, ddof=ddof, keepdims=True)
    assert_agrees(SNV(ddof=ddof), X=X, expected=centred / std, within=1e-13)
    assert_agrees(SNV(with_mean=False, ddof=ddof), X=X, expected=X / std, within=1e-13)
    assert_agrees(SNV(with_std=False), X=X, expected=centred, within=1e-13)
    assert_agrees(SNV(with_mean=False, with_std=False), X=X, expected=X, within=1e-13)


@pytest.mark.parametrize("points", [100, 99])
def test_robust_snv_is_its_formula(points: int, tecator: Tecator) -> None:
    X = tecator.X[:, :points]
    centred = X - np.median(X, axis=1, keepdims=True)
    spread = 1.4826 * np.median(np.abs(centred), axis=1, keepdims=True)
    assert_agrees(RobustSNV(), X=X, expected=centred / spread, within=1e-13)
    assert_agrees(RobustSNV(k=2.0), X=X, expected=centred / spread * (1.4826 / 2.0), within=1e-13)
    assert_agrees(RobustSNV(with_scale=False), X=X, expected=centred, within=1e-13)
    assert_agrees(RobustSNV(with_center=False), X=X, expected=X / spread, within=1e-13)


def test_msc_is_the_line_through_the_reference(tecator: Tecator) -> None:
    X, reference = tecator.X, tecator.X.mean(axis=0)
    lines = np.polyfit(reference, X.T, 1)
    expected = (X - lines[1][:, None]) / lines[0][:, None]
    assert_agrees(MSC(reference), X=X, expected=expected, within=1e-12)


def test_msc_gives_the_reference_back_for_what_was_only_scattered(tecator: Tecator) -> None:
    reference = tecator.X[3]
    X: Matrix = np.array([[0.5], [2.0], [-1.0]]) * reference + np.array([[1.0], [0.0], [3.0]])
    assert disagreement(answers(MSC(reference), X=X), np.tile(reference, (3, 1))) <= 1e-13


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_norms_are_scikit_learns(norm: str, tecator: Tecator) -> None:
    X = np.concatenate([tecator.X, -tecator.X[:5], np.zeros((1, 100))])
    assert_agrees(Normalize(norm), X=X, expected=normalize(X, norm), within=1e-14)


SCALING: list[Operator] = [SNV(), RobustSNV(), MSC(np.linspace(1.0, 2.0, 10))]


@pytest.mark.parametrize("operator", SCALING, ids=lambda operator: type(operator).__name__)
@pytest.mark.parametrize("level", [0.0, 0.1, -3.7, 1e-200, 1e100, 5e-324])
def test_a_constant_spectrum_has_no_answer(operator: Operator, level: float) -> None:
    spectra = np.array([np.linspace(1.0, 3.0, 10) ** 2, np.full(10, level)])
    with pytest.raises(InputError, match="row 2") as refused:
        Replay(plan_of(operator, width=10)).predict(spectra)
    assert [row for row, _ in refused.value.rows] == [1]


@pytest.mark.parametrize("operator", SCALING, ids=lambda operator: type(operator).__name__)
def test_rounding_noise_on_a_constant_is_no_spectrum(operator: Operator) -> None:
    noisy = np.full((1, 10), 0.3)
    noisy[0, ::2] = np.nextafter(0.3, 1.0)
    noisy[0, ::3] = np.nextafter(0.3, 0.0)
    with pytest.raises(InputError, match="constant"):
        Replay(plan_of(operator, width=10)).predict(noisy)


@pytest.mark.parametrize("operator", SCALING, ids=lambda operator: type(operator).__name__)
def test_a_spectrum_that_hardly_varies_is_still_scaled(operator: Operator) -> None:
    """Of the level, 2⁻⁴⁰ is little but measured: a counter with many digits."""
    spectra = 1.0 + 2.0**-40 * np.linspace(-1.0, 1.0, 10).reshape(1, -1) ** 3
    assert np.isfinite(Replay(plan_of(operator, width=10)).predict(spectra)).all()


def test_half_of_the_points_on_one_level_leave_a_robust_spread_of_nothing(tecator: Tecator) -> None:
    spectra = tecator.X[:2].copy()
    spectra[1, :60] = 2.5
    with pytest.raises(InputError, match="row 2"):
        Replay(plan_of(RobustSNV(), width=100)).predict(spectra)
    assert np.isfinite(Replay(plan_of(SNV(), width=100)).predict(spectra)).all()
