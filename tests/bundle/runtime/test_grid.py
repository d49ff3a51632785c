"""Spectra at the points of a model: numpy has the bits of plain Python, and nothing unusable hides between two."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.runtime import InputError
from n4akit.bundle.runtime.alignment import Alignment, AlignmentError, align
from n4akit.bundle.runtime.grid import Grid
from n4akit.bundle.runtime.inputs import LARGEST
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

BETWEEN = Alignment("", 6, [4, 1, 1, 0], [[1, 2, 0.25], [2, 5, 0.5]])
"""The value of column 4; two between 1 and 2, and 1 and 5; the value of column 0. Column 3 is not used."""

values = st.floats(-1e150, 1e150) | st.floats(-2.0, 2.0) | st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 2.0**-1040])


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 30), st.integers(0, 2**32), st.integers(1, 5), st.data())
def test_numpy_has_the_bits_of_plain_python(points: int, seed: int, rows: int, data: Any) -> None:
    chance = random.Random(seed)
    model = sorted({chance.uniform(1000.0, 1100.0) for _ in range(points)})
    spectra = sorted({chance.uniform(990.0, 1110.0) for _ in range(chance.choice((5 * points, 40 * points)))})
    spectra = sorted({*spectra, *(model if chance.random() < 0.5 else model[::3])})
    if chance.random() < 0.5:
        model = model[::-1]
    if chance.random() < 0.5:
        spectra = [1e7 / x for x in spectra]
    try:
        alignment = align(len(model), model, "nm", spectra, "cm-1" if spectra[0] > 5000.0 else "nm")
    except AlignmentError:
        return
    X = np.array([[data.draw(values) for _ in spectra[:40]] for _ in range(rows)])
    X = np.resize(X, (rows, len(spectra)))
    expected = [alignment.applied(row) for row in X.tolist()]
    assert Grid(alignment)(X).tobytes() == np.array(expected).tobytes()


def test_many_rows_are_brought_block_by_block() -> None:
    X = np.random.default_rng(0).normal(size=(40_000, 6))
    found = Grid(BETWEEN)(X)
    assert found.tobytes() == np.array([BETWEEN.applied(row) for row in X.tolist()]).tobytes()
    X[33_333, 5] = np.inf
    with pytest.raises(InputError, match="1 of 40000 spectra cannot be predicted: row 33334: point 6 is inf") as caught:
        Grid(BETWEEN)(X)
    assert [row for row, _ in caught.value.rows] == [33_333]


@pytest.mark.parametrize("form", [lambda X: X, lambda X: X.tolist(), lambda X: X.astype(">f8"), np.asfortranarray])
def test_the_form_of_the_spectra_does_not_matter(form: Callable[[Matrix], Any]) -> None:
    X = np.random.default_rng(1).normal(size=(7, 6))
    before = X.copy()
    assert Grid(BETWEEN)(form(X)).tobytes() == Grid(BETWEEN)(X).tobytes() and X.tobytes() == before.tobytes()


@pytest.mark.parametrize("kind", ["f4", "f2", "i8", "u1"])
def test_narrow_numbers_are_widened_before_they_are_interpolated(kind: str) -> None:
    X = np.arange(24).reshape(4, 6).astype(kind)
    assert Grid(BETWEEN)(X).tobytes() == Grid(BETWEEN)(X.astype(np.float64)).tobytes()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, LARGEST, 1e308])
@pytest.mark.parametrize("column", range(6))
def test_a_value_matters_where_it_is_used(column: int, value: float) -> None:
    X = np.ones((3, 6))
    X[1, column] = value
    if column == 3:
        assert (Grid(BETWEEN)(X) == 1.0).all()
    else:
        with pytest.raises(InputError, match=rf"1 of 3 .* row 2: point {column + 1} is .*expected a finite number"):
            Grid(BETWEEN)(X)


def test_every_bad_row_is_named_with_the_points_that_were_given() -> None:
    X = np.ones((5, 6))
    X[0, 3] = X[1, 5] = X[4, 3] = np.nan
    X[4, [0, 4]] = np.inf
    with pytest.raises(InputError) as caught:
        Grid(BETWEEN)(X)
    assert caught.value.rows == (
        (1, "point 6 is nan, expected a finite number below 3e150"),
        (4, "point 1 is inf, expected a finite number below 3e150"),
    )


def test_spectra_have_a_value_for_each_position() -> None:
    with pytest.raises(InputError, match="4 values in each row, expected 6, one for each position of the axis"):
        Grid(BETWEEN)(np.ones((2, 4)))
    with pytest.raises(InputError, match="no rows were given"):
        Grid(BETWEEN)([])
