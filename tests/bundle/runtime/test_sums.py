"""The one sum: every form of it gives the defined bits at every width, however numpy is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from n4akit.bundle.runtime import Replay, stdlib, sums

from .programs import bits, draw_plan, draw_rows

WIDTHS = [*range(1, 301), 1000, 4096, 8191, 8192, 8193, 8200, 16384, 16389, 20000]
FORMS = [sums._reduce, sums._reduce_buffered, sums._elementwise]


@contextmanager
def buffer_size(size: int) -> Iterator[None]:
    before = np.setbufsize(size)
    try:
        yield
    finally:
        np.setbufsize(before)


@contextmanager
def summing_by(form: Callable[..., object]) -> Iterator[None]:
    """Every sum that is bound inside is of this form."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums, "_segment_sums", lambda: form)
        yield


def rows_of(width: int) -> np.ndarray:
    rng = Random(width)
    return np.concatenate([draw_rows(rng, 2, width, kinds=[kind]) for kind in ("plain", "scales", "zeros", "denormal")])


@pytest.mark.parametrize("form", FORMS)
def test_each_form_sums_as_plain_python_does(form: Callable[..., object]) -> None:
    with summing_by(form):
        for width in WIDTHS:
            x = rows_of(width)
            out = np.full((len(x), 3), 7.0)
            sums.row_sums(x, out[:, 1:2])
            assert bits(out[:, 1]) == bits([stdlib.total(row) for row in x.tolist()]), width
            assert (out[:, [0, 2]] == 7.0).all()


@pytest.mark.parametrize("width", [1, 7, 8, 64, 128, 129, 300, 1000, 8192, 8193, 20000])
def test_the_sum_is_within_its_error_bound_of_the_exact_one(width: int) -> None:
    # At most 15 + 3 + 7 additions one after another in 128 values, one for each halving, one for each segment.
    depth = 26 + 7 + 1 + width // sums.SEGMENT
    for row in rows_of(width).tolist():
        exact = sum(map(Fraction, row))
        bound = depth * Fraction(2) ** -53 * sum(abs(Fraction(v)) for v in row)
        assert abs(Fraction(stdlib.total(row)) - exact) <= bound


def by_hand(a: list[float]) -> float:
    """The defined order once more, as index arithmetic: eight lanes per leaf, leaves joined from the left."""

    def leaf(first: int, n: int) -> float:
        if n < 8:
            s = a[first]
            for i in range(1, n):
                s = s + a[first + i]
            return s
        lanes = [a[first + k] for k in range(8)]
        for i in range(8, n // 8 * 8):
            lanes[i % 8] = lanes[i % 8] + a[first + i]
        while len(lanes) > 1:
            lanes = [lanes[2 * k] + lanes[2 * k + 1] for k in range(len(lanes) // 2)]
        s = lanes[0]
        for i in range(n // 8 * 8, n):
            s = s + a[first + i]
        return s

    def tree(first: int, n: int) -> float:
        if n <= 128:
            return leaf(first, n)
        left = n // 16 * 8
        return tree(first, left) + tree(first + left, n - left)

    s = 0.0
    for first in range(0, len(a), 8192):
        s = s + tree(first, min(8192, len(a) - first))
    return s


def test_the_defined_order_written_twice_is_the_same_order() -> None:
    for width in WIDTHS:
        for row in rows_of(width).tolist():
            assert bits(stdlib.total(row)) == bits(by_hand(row)), width


def test_a_row_sums_alike_in_any_batch() -> None:
    for width in (1, 9, 130, 8193):
        x = np.repeat(rows_of(width), 5, axis=0)
        together, alone = np.empty((len(x), 1)), np.empty((len(x), 1))
        sums.row_sums(x, together)
        for i in range(len(x)):
            sums.row_sums(x[i : i + 1], alone[i : i + 1])
        assert bits(together) == bits(alone)


@pytest.mark.parametrize("size", [16, 64, 1024, 65536])
def test_the_callers_buffer_size_changes_no_bit_and_is_left_as_it_was(size: int) -> None:
    rng = Random(size)
    for _ in range(20):
        plan = draw_plan(rng)
        X = draw_rows(rng, 7, plan.inputs[0].width)
        replay = Replay(plan, tuple(plan.outputs))
        expected = [bits(answer) for answer in replay(X)]
        with buffer_size(size):
            assert [bits(answer) for answer in replay(X)] == expected
            assert [bits(answer) for answer in Replay(plan, tuple(plan.outputs))(X)] == expected
            assert np.getbufsize() == size


def test_a_numpy_that_sums_otherwise_is_noticed_and_the_columns_are_added_instead() -> None:
    def in_order(x: np.ndarray, out: np.ndarray) -> Callable[[], object]:
        return lambda: np.add(0.0, np.add.accumulate(x, axis=1)[:, -1:], out)

    assert sums._agrees(sums._reduce_buffered) and sums._agrees(sums._elementwise) and not sums._agrees(in_order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums, "_reduce", in_order)
        patch.setattr(sums, "_reduce_buffered", in_order)
        assert sums._segment_sums.__wrapped__() is sums._elementwise


@pytest.mark.parametrize("form", FORMS)
def test_plans_give_the_same_bits_by_every_form(form: Callable[..., object]) -> None:
    rng = Random(1)
    for _ in range(40):
        plan = draw_plan(rng)
        X = draw_rows(rng, 4, plan.inputs[0].width)
        expected = [bits(answer) for answer in Replay(plan, tuple(plan.outputs))(X)]
        with summing_by(form):
            assert [bits(answer) for answer in Replay(plan, tuple(plan.outputs))(X)] == expected
