"""What disturbs is fitted and taken away: as numpy's least squares fit it."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.operators import MSC
from n4akit.bundle.preprocessing import EMSC, Remove
from n4akit.bundle.runtime import InputError, Replay

from ...conftest import Tecator
from .agreement import Matrix, answers, assert_agrees, disagreement, plan_of

T = np.linspace(-1.0, 1.0, 100)


def polynomials(degree: int) -> Matrix:
    return np.vander(T, degree + 1, increasing=True).T


def fitted(X: Matrix, reference: Matrix, nuisances: Matrix, weights: Matrix) -> Matrix:
    design = np.concatenate([nuisances, reference[None]]).T
    amounts = np.linalg.lstsq(design * weights[:, None], (X * weights).T, rcond=None)[0]
    corrected: Matrix = (X - (nuisances.T @ amounts[:-1]).T) / amounts[-1][:, None]
    return corrected


@pytest.mark.parametrize("degree", [0, 1, 2, 5])
@pytest.mark.parametrize("weighted", [False, True])
def test_emsc_is_the_least_squares_fit(degree: int, weighted: bool, tecator: Tecator) -> None:
    X, reference = tecator.X, tecator.X.mean(axis=0)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 100) if weighted else np.ones(100)
    expected = fitted(X, reference, polynomials(degree), weights)
    operator = EMSC(reference, polynomials(degree), weights if weighted else None)
    assert_agrees(operator, X=X, expected=expected, within=1e-10)


def test_emsc_with_a_constant_is_msc(tecator: Tecator) -> None:
    X, reference = tecator.X, tecator.X.mean(axis=0)
    assert_agrees(EMSC(reference, np.ones((1, 100))), X=X, expected=answers(MSC(reference), X=X), within=1e-13)


def test_emsc_leaves_the_reference_of_all_that_was_made_from_it(tecator: Tecator) -> None:
    reference = tecator.X[3]
    stranger = np.exp(-((T - 0.2) ** 2) / 0.01)
    nuisances = np.concatenate([polynomials(2), stranger[None], 3.0 * stranger[None]])
    amounts = np.random.default_rng(0).normal(size=(6, 5))
    X: Matrix = np.array([[0.3], [1.0], [2.0], [5.0], [-1.0], [0.01]]) * reference + amounts @ nuisances
    found = answers(EMSC(reference, nuisances), X=X)
    assert disagreement(found, np.tile(reference, (6, 1))) <= 1e-11


@pytest.mark.parametrize("spectrum", [np.zeros(100), np.ones(100), 3.0 + 2.0 * T, 1e100 * T**2])
def test_a_spectrum_that_is_explained_by_what_disturbs_has_no_answer(spectrum: Matrix, tecator: Tecator) -> None:
    plan = plan_of(EMSC(tecator.X.mean(axis=0), polynomials(2)), width=100)
    with pytest.raises(InputError, match="row 2"):
        Replay(plan).predict(np.array([tecator.X[0], spectrum]))


def test_what_is_removed_at_once_is_a_projection(tecator: Tecator) -> None:
    X, center = tecator.X, tecator.X.mean(axis=0)
    weights, loadings = np.random.default_rng(0).normal(size=(2, 3, 100)) / 10.0
    expected = X - (X - center) @ weights.T @ loadings
    assert_agrees(Remove(weights, loadings, center), X=X, expected=expected, within=1e-12)
    assert_agrees(Remove(weights, loadings), X=X, expected=X - X @ weights.T @ loadings, within=1e-12)


def test_what_is_removed_in_turn_is_measured_on_what_is_left(tecator: Tecator) -> None:
    X, center = tecator.X, tecator.X.mean(axis=0)
    weights, loadings = np.random.default_rng(0).normal(size=(2, 3, 100)) / 10.0
    left = X - center
    for w, p in zip(weights, loadings, strict=True):
        left = left - np.outer(left @ w, p)
    assert_agrees(Remove(weights, loadings, center, in_turn=True), X=X, expected=left + center, within=1e-12)


def test_orthogonal_directions_may_be_removed_at_once_or_in_turn(tecator: Tecator) -> None:
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(100, 4)))[0].T
    at_once = answers(Remove(directions, directions), X=tecator.X)
    assert_agrees(Remove(directions, directions, in_turn=True), X=tecator.X, expected=at_once, within=1e-13)
    assert np.abs(at_once @ directions.T).max() <= 1e-13 * np.abs(tecator.X).max()


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (EMSC(np.ones(9), np.ones((1, 10))), "EMSC: fitted on 9 points, but it gets 10"),
        (EMSC(np.arange(10.0), np.ones((1, 9))), "EMSC: fitted on 9 points, but it gets 10"),
        (EMSC(np.arange(10.0), np.ones((1, 10)), np.ones(3)), "EMSC: fitted on 3 points"),
        (EMSC(3.0 * np.arange(10.0) - 1.0, np.array([np.ones(10), np.arange(10.0)])), "explained by what disturbs"),
        (Remove(np.ones((1, 9)), np.ones((1, 10))), "Remove: fitted on 9 points"),
        (Remove(np.ones((2, 10)), np.ones((1, 10))), "2 rows of weights, 1 loadings"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(operator: EMSC | Remove, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=10)
