"""Spectra divided by a measure of themselves: plain formulas, and no answer where there is nothing to divide by."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.operators import Operator
from n4akit.bundle.preprocessing import PercentileSNV, Range, Ratio
from n4akit.bundle.runtime import InputError, Replay

from ...conftest import Tecator
from .agreement import answers, assert_agrees, plan_of


def test_a_ratio_divides_by_a_weighted_sum(tecator: Tecator) -> None:
    X, weights = tecator.X, np.random.default_rng(0).uniform(size=100)
    assert_agrees(Ratio(weights), X=X, expected=X / (X @ weights)[:, None], within=1e-13)
    mixed = X - 3.0
    expected = mixed / (np.abs(mixed) @ weights)[:, None]
    assert_agrees(Ratio(weights, absolute=True), X=mixed, expected=expected, within=1e-13)


def test_a_ratio_may_be_by_all_points(tecator: Tecator) -> None:
    X = tecator.X
    assert_agrees(Ratio("sum"), X=X, expected=X / X.sum(axis=1, keepdims=True), within=1e-13)
    assert_agrees(
        Ratio("area"), X=X, expected=X / ((X[:, 1:] + X[:, :-1]) / 2.0).sum(axis=1, keepdims=True), within=1e-13
    )


@pytest.mark.parametrize("percentile", [0.0, 25.0, 90.0, 100.0])
def test_a_percentile_centres_and_the_points_below_it_scale(percentile: float, tecator: Tecator) -> None:
    X = tecator.X
    level = np.percentile(X, percentile, axis=1, keepdims=True)
    below = np.std(X, axis=1, keepdims=True, where=level >= X)
    expected = (X - level) / (below + 0.01)
    assert_agrees(PercentileSNV(percentile, 0.01), X=X, expected=expected, within=1e-12)


def test_a_divisor_of_nothing_counts_as_one_where_that_was_said(tecator: Tecator) -> None:
    X = np.array([tecator.X[0], np.zeros(100), np.full(100, 1e-9), np.full(100, -1e-9)])
    found = answers(Ratio(np.full(100, 0.01), least=1e-8), X=X)
    np.testing.assert_array_equal(found[1:], X[1:])
    np.testing.assert_allclose(found[0], X[0] / X[0].mean(), rtol=1e-14)


@pytest.mark.parametrize("points", [100, 99])
def test_a_range_is_between_the_least_and_the_largest(points: int, tecator: Tecator) -> None:
    X = tecator.X[:, :points] - 2.9
    least, largest = X.min(axis=1, keepdims=True), X.max(axis=1, keepdims=True)
    assert_agrees(Range(), X=X, expected=(X - least) / (largest - least), within=1e-14)
    assert_agrees(Range(with_min=False), X=X, expected=X / largest, within=1e-14)


@pytest.mark.parametrize(
    ("operator", "spectrum"),
    [
        (Ratio(np.ones(10)), np.zeros(10)),
        (Ratio(np.ones(10)), np.r_[np.ones(5), -np.ones(5)]),
        (Range(), np.full(10, 3.0)),
        (PercentileSNV(10.0, 0.0), np.full(10, 3.0)),
        (Range(with_min=False), np.r_[0.0, -np.ones(9)]),
    ],
)
def test_nothing_to_divide_by_gives_no_answer(operator: Operator, spectrum: np.ndarray) -> None:
    with pytest.raises(InputError, match="row 2"):
        Replay(plan_of(operator, width=10)).predict(np.array([np.arange(1.0, 11.0), spectrum]))


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Ratio(np.ones(9)), "Ratio: fitted on 9 points, but it gets 10"),
        (Ratio(np.ones(10), least=-1.0), "least=-1.0"),
        (Ratio("mean"), "weights='mean', expected numbers, sum or area"),
        (PercentileSNV(101.0, 0.0), "percentile=101.0"),
        (PercentileSNV(10.0, -1.0), "epsilon=-1.0"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(operator: Operator, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=10)
