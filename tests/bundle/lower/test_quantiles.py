"""Ranks among fitted quantiles, and their normal values: scikit-learn's, at and between and beyond the quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.preprocessing import Quantiles
from scipy.special import ndtri
from sklearn.preprocessing import QuantileTransformer

from ...conftest import Tecator
from .agreement import Matrix, answers, assert_agrees, plan_of


@pytest.fixture(scope="module")
def spectra(tecator: Tecator) -> Matrix:
    """Few points; one of a few values only, and one that never changes."""
    X = tecator.X[:, ::20].copy()
    X[:, 3] = np.round(X[:, 3])
    X[:, 4] = 3.0
    return X


@pytest.mark.parametrize("count", [215, 20, 1])
@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_ranks_are_scikit_learns(count: int, distribution: str, spectra: Matrix) -> None:
    fitted = QuantileTransformer(n_quantiles=count, output_distribution=distribution).fit(spectra)
    X = np.concatenate([spectra, spectra - 0.3, spectra + 0.3, fitted.quantiles_, spectra[::-1] * 1.0001])
    operator = Quantiles(fitted.quantiles_, fitted.references_, distribution == "normal")
    assert_agrees(operator, X=X, expected=fitted.transform(X), within=1e-13)


def test_ranks_are_undone(spectra: Matrix) -> None:
    fitted = QuantileTransformer(n_quantiles=50).fit(spectra)
    ranks = np.concatenate([fitted.transform(spectra), np.linspace(-0.5, 1.5, 60).reshape(12, 5)])
    operator = Quantiles(fitted.quantiles_, fitted.references_, undone=True)
    assert_agrees(operator, X=ranks, expected=fitted.inverse_transform(np.clip(ranks, 0.0, 1.0)), within=1e-13)


def test_normal_values_are_right_to_the_last_digits() -> None:
    """Ranks from the nearest to 0 that are told apart to the nearest to 1."""
    tails = np.logspace(-6.9, -1.0, 400)
    X = np.concatenate([tails, np.linspace(0.05, 0.95, 600), 1.0 - tails]).reshape(-1, 1)
    line = (np.array([[0.0], [1.0]]), np.array([0.0, 1.0]))
    ranks = answers(Quantiles(*line), X=X)
    np.testing.assert_allclose(answers(Quantiles(*line, normal=True), X=X), ndtri(ranks), rtol=1e-14, atol=1e-15)


UP = np.array([[0.0, 1.0], [2.0, 3.0]])


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Quantiles(UP[:, :1], np.array([0.0, 1.0])), "Quantiles: fitted on 1 points, but it gets 2"),
        (Quantiles(UP, np.array([0.0, 0.5, 1.0])), "2 quantiles of 3 ranks"),
        (Quantiles(UP[::-1], np.array([0.0, 1.0])), "both ascending"),
        (Quantiles(UP, np.array([1.0, 0.0])), "both ascending"),
        (Quantiles(UP, np.array([0.0, 1.0]), normal=True, undone=True), "what undoes normal values is not known"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(operator: Quantiles, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=2)
