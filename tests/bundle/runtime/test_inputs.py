"""What may be predicted, and how everything else is refused: never a number, every bad row named."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import polars as pl
import pytest
from n4akit.bundle.runtime import Constant, Input, InputError, Instruction, Output, Plan, Replay, matrix
from n4akit.bundle.runtime.inputs import LARGEST, SHOWN

P = 4


@pytest.fixture(scope="module")
def total() -> Replay:
    """A model that sums its four points."""
    line = Instruction("row", ("x",), "y", {"f": "sum", "d": 1})
    return Replay(Plan((Input("x", P),), {}, (line,), {"value": Output("y")}))


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "object": (lambda: np.array([[1.0, None, 2.0, 3.0]]), "type object were given, expected float64"),
    "complex": (lambda: np.ones((1, P), complex), "type complex128"),
    "bool": (lambda: np.ones((1, P), bool), "type bool"),
    "text": (lambda: [["1", "2", "3", "4"]], "type <U1"),
    "one text": (lambda: [[1.0, 2.0, "n/a", 4.0]], "type <U"),
    "bytes": (lambda: np.full((1, P), b"1"), "type .S1"),
    "dates": (lambda: np.zeros((1, P), "M8[s]"), "type datetime64"),
    "records": (lambda: np.zeros((1,), [("a", "f8"), ("b", "f8")]), "values of type"),
    "long double": (lambda: np.ones((1, P), np.longdouble), "expected float64, float32 or integers"),
    "masked": (
        lambda: np.ma.masked_array(np.ones((1, P)), [[False, False, True, False]]),
        "a masked array was given; fill or drop",
    ),
    "masked nothing": (lambda: np.ma.masked_array(np.ones((1, P))), "a masked array was given"),
    "one spectrum": (lambda: np.ones(P), r"1-D array of 4 values .* expected 2-D \(n, 4\).*X.reshape\(1, -1\)"),
    "three axes": (lambda: np.ones((2, 3, P)), r"an array of 3 axes \(2, 3, 4\) was given"),
    "a number": (lambda: 5.0, "an array of 0 axes"),
    "ragged": (lambda: [[1.0, 2.0, 3.0, 4.0], [1.0]], "inhomogeneous .*; give rows of equal length, 4 values each"),
    "nothing": (list, "no rows were given, expected at least one of 4 values"),
    "no rows": (lambda: np.empty((0, P)), "no rows were given"),
    "no rows of another width": (lambda: np.empty((0, 9)), "no rows were given"),
    "empty rows": (lambda: [[], []], "0 values in each row, expected 4, the points this model"),
    "too many": (lambda: np.ones((2, 5)), "5 values in each row, expected 4"),
    "too few": (lambda: np.ones((2, 3), "f4"), "3 values in each row, expected 4"),
    "one column": (lambda: np.ones((4, 1)), "1 values in each row, expected 4"),
    "big integers": (lambda: np.array([[1, 2, 3, 2**53 + 1]]), r"integers beyond 2\*\*53 .* give them as floats"),
    "very negative": (lambda: np.array([[1, 2, 3, -(2**63)]]), r"integers beyond 2\*\*53"),
    "big unsigned": (lambda: np.array([[1, 2, 3, 2**64 - 1]], "u8"), r"integers beyond 2\*\*53"),
    "bigger than any": (lambda: [[1, 2, 3, 10**400]], "type object"),
    "a dictionary": (lambda: {"x": [1.0]}, "type object"),
    "None": (lambda: None, "type object"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_of_spectra_is_refused(name: str, total: Replay) -> None:
    make, message = REFUSED[name]
    for door in (lambda X: matrix(X, P), total.predict):
        with pytest.raises(InputError, match=message) as caught:
            door(make())
        assert caught.value.rows == ()


def test_an_object_that_refuses_to_become_an_array_is_refused_by_us(total: Replay) -> None:
    class Elsewhere:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            raise TypeError("these values are on another device")

    with pytest.raises(InputError, match="these values are on another device; give rows of equal length"):
        total.predict(Elsewhere())


@pytest.mark.parametrize("value", [nan, inf, -inf, 1e200, -LARGEST, LARGEST])
@pytest.mark.parametrize("kind", ["C", "F", "list", "swapped"])
def test_an_unusable_value_is_named_by_row_and_point(value: float, kind: str, total: Replay) -> None:
    X = np.ones((3, P))
    X[1, 2] = value
    given = {"C": X, "F": np.asfortranarray(X), "list": X.tolist(), "swapped": X.astype(">f8")}[kind]
    with pytest.raises(InputError, match=r"1 of 3 spectra cannot be predicted: row 2: point 3 is ") as caught:
        total.predict(given)
    ((row, reason),) = caught.value.rows
    assert row == 1 and reason == f"point 3 is {np.float64(value)!s}, expected a finite number below 3e150"


@pytest.mark.parametrize("dtype", ["f4", "f2"])
def test_infinities_of_narrow_floats_are_named_too(dtype: str, total: Replay) -> None:
    with pytest.raises(InputError, match="row 1: point 1 is inf"):
        total.predict(np.full((1, P), inf, dtype))


def test_every_bad_row_is_listed_whatever_block_it_is_in(total: Replay) -> None:
    block = total._sizes.most(bound=True)
    n = 3 * block + 7
    X = np.ones((n, P))
    bad = [0, block - 1, block, n - 1, *range(5, 5 + 2 * SHOWN)]
    X[bad, 1] = nan
    with pytest.raises(
        InputError, match=f"{len(bad)} of {n} spectra .* row 1: .*; and {len(bad) - SHOWN} more"
    ) as caught:
        total.predict(X)
    assert [row for row, _ in caught.value.rows] == sorted(bad)


def test_rows_without_a_finite_answer_are_listed() -> None:
    line = Instruction("div", ("k", "x"), "y")
    inverse = Replay(Plan((Input("x", 1),), {"k": Constant.of(1.0)}, (line,), {"value": Output("y")}))
    with pytest.raises(InputError, match="2 of 4 spectra cannot be predicted: row 2: no finite result") as caught:
        inverse.predict([[1.0], [0.0], [2.0], [-0.0]])
    assert [row for row, _ in caught.value.rows] == [1, 3]
    assert np.isinf(inverse(np.array([[0.0]]))[0]).all()


def test_large_but_finite_answers_are_answers(total: Replay) -> None:
    line = Instruction("mul", ("x", "k"), "y")
    large = Replay(Plan((Input("x", 1),), {"k": Constant.of(1e100)}, (line,), {"value": Output("y")}))
    assert large.predict([[1e149]]).item() == 1e149 * 1e100
    assert total.predict(np.full((1, P), np.nextafter(LARGEST, 0.0))).item() > LARGEST


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", ">f4", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i2"])
def test_narrower_numbers_widen_exactly(dtype: str, total: Replay) -> None:
    X = (np.arange(5 * P).reshape(5, P) * 7 % 101 / (4 if "f" in dtype else 1)).astype(dtype)
    assert np.array_equal(total.predict(X), total.predict(X.astype("f8")))


def test_the_largest_integers_that_float64_holds_are_taken(total: Replay) -> None:
    assert total.predict(np.array([[2**53, 0, 0, -(2**53)]])).item() == 0.0


def test_tables_of_other_kinds_are_taken(total: Replay) -> None:
    class Frame:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.arange(2.0 * P).reshape(2, P)

    class Tagged(np.ndarray): ...

    plain = np.arange(2.0 * P).reshape(2, P)
    expected = total.predict(plain)
    rows = [[0, 1, 2, 3], (4.0, 5, 6, 7)]
    for X in (rows, tuple(rows), pl.DataFrame(rows, orient="row", strict=False), Frame(), plain.view(Tagged)):
        assert np.array_equal(total.predict(X), expected)


def test_the_spectra_are_never_written_to(total: Replay) -> None:
    X = np.arange(2.0 * P).reshape(2, P)
    before = X.copy()
    X.setflags(write=False)
    assert matrix(X, P) is X
    assert total.predict(X).flags.writeable
    assert np.array_equal(X, before)
