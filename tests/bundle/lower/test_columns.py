"""New columns of each point: products and bins, as scikit-learn makes them."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.operators import Operator
from n4akit.bundle.preprocessing import Bins, Crop, Fill, Missing, Products
from sklearn.preprocessing import KBinsDiscretizer, PolynomialFeatures

from ...conftest import Tecator
from .agreement import answers, assert_agrees, plan_of

TWO = np.array([1.0, 2.0])


def test_products_multiply_the_points_they_name() -> None:
    X = np.array([[2.0, 3.0, 5.0], [-1.0, 0.5, 4.0]])
    columns = np.array([[-1, -1, -1], [2, -1, -1], [0, 0, 1], [1, 2, -1]], dtype=np.int32)
    np.testing.assert_array_equal(answers(Products(columns), X=X), [[1, 5, 12, 15], [1, 4, 0.5, 2]])


def test_products_are_scikit_learns_polynomial(tecator: Tecator) -> None:
    X = tecator.X[:, ::20]
    fitted = PolynomialFeatures(2, interaction_only=True, include_bias=False).fit(X)
    columns = [[i, -1] for i in range(5)] + [[i, j] for i in range(5) for j in range(i + 1, 5)]
    assert_agrees(Products(np.array(columns, dtype=np.int32)), X=X, expected=fitted.transform(X), within=1e-12)


@pytest.mark.parametrize("encode", ["ordinal", "onehot-dense"])
def test_bins_are_scikit_learns_to_the_edge(encode: str, tecator: Tecator) -> None:
    X = tecator.X[:, ::20]
    fitted = KBinsDiscretizer([2, 3, 4, 5, 6], encode=encode, strategy="uniform").fit(X)
    inner = tuple(row[1:-1] for row in fitted.bin_edges_)
    at_edges = np.array([[row[i % len(row)] for row in fitted.bin_edges_] for i in range(60)])
    spectra = np.concatenate([X, at_edges, np.nextafter(at_edges, -1.0), X - 9.0, X + 9.0])
    expected = fitted.transform(spectra)
    assert_agrees(Bins(inner, encode != "ordinal"), X=spectra, expected=expected, within=1e-12)


def test_a_point_without_edges_has_one_bin() -> None:
    X = np.array([[-3.0, 0.0], [3.0, 2.0]])
    np.testing.assert_array_equal(answers(Bins((np.array([]), TWO)), X=X), [[0.0, 0.0], [0.0, 2.0]])
    np.testing.assert_array_equal(answers(Bins((np.array([]), TWO), True), X=X), [[1, 1, 0, 0], [1, 0, 0, 1]])
    np.testing.assert_array_equal(answers(Bins((np.array([]), np.array([]))), X=X), np.zeros((2, 2)))


def test_what_is_missing_is_filled() -> None:
    X = np.array([[-1.0, 2.0], [3.0, -1.0], [-0.0, 4.0]])
    np.testing.assert_array_equal(answers(Fill(TWO, -1.0), X=X), [[1.0, 2.0], [3.0, 2.0], [0.0, 4.0]])
    np.testing.assert_array_equal(answers(Fill(TWO, 0.0), X=X), [[-1.0, 2.0], [3.0, -1.0], [1.0, 4.0]])
    gaps = np.where(X == 4.0, np.nan, X)
    np.testing.assert_array_equal(answers(Fill(TWO), X=gaps), [[-1.0, 2.0], [3.0, -1.0], [-0.0, 2.0]])


def test_what_is_missing_is_told() -> None:
    X = np.array([[-1.0, np.nan, 5.0], [3.0, -1.0, np.nan]])
    index = np.array([2, 1], dtype=np.int32)
    np.testing.assert_array_equal(answers(Missing(index), X=X), [[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(answers(Missing(index, -1.0), X=X), [[0.0, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize(("start", "stop"), [(0, None), (3, 9), (3, None), (-5, -1), (90, 200)])
def test_a_crop_is_a_slice(start: int, stop: int | None, tecator: Tecator) -> None:
    np.testing.assert_array_equal(answers(Crop(start, stop), X=tecator.X), tecator.X[:, start:stop])


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Fill(TWO[:1], 0.0), "Fill: fitted on 1 points, but it gets 2"),
        (Fill(TWO, np.inf), "Fill: inf in missing, expected finite numbers"),
        (Fill(TWO * np.nan), "Fill: nan in what was fitted"),
        (Missing(np.array([2], dtype=np.int32)), "Select: point numbers must be one or more of 0 to 1"),
        (Missing(np.array([1], dtype=np.int32), -np.inf), "Missing: -inf in missing"),
        (Crop(2), "nothing of 2 points lies from 2 to None"),
        (Products(np.array([[2]], dtype=np.int32)), "from 0 to 1, or -1 for none"),
        (Products(np.array([[-2]], dtype=np.int32)), "from 0 to 1, or -1 for none"),
        (Products(np.zeros((0, 1), dtype=np.int32)), "from 0 to 1"),
        (Bins((TWO,)), "Bins: fitted on 1 points, but it gets 2"),
        (Bins((TWO, TWO[::-1])), "edges must be finite numbers that ascend"),
        (Bins((TWO, np.array([np.nan]))), "edges must be finite numbers"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(operator: Operator, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=2)
