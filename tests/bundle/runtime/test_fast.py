"""The fast kernels compute what the exact ones do, within rounding; words without one keep every bit."""

from __future__ import annotations

from math import inf, nan
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.runtime import Constant, Input, Instruction, Output, Plan, Replay
from n4akit.bundle.runtime.fast import KERNELS, has_threads
from n4akit.bundle.runtime.products import NARROW

from .programs import WORDS, bits, draw_lines, draw_plan, draw_rows
from .test_replay import chain


def both(op: str, X: Any, *constants: Any, **params: Any) -> tuple[Any, Any]:
    """One instruction in the fast and in the exact profile."""
    held = {f"k{number}": Constant.of(value) for number, value in enumerate(constants)}
    line = Instruction(op, ("x", *held), "y", params)
    plan = Plan((Input("x", X.shape[1]),), held, (line,), {"value": Output("y")})
    return Replay(plan, profile="fast")(X)[0], Replay(plan)(X)[0]


@settings(deadline=None, max_examples=60)
@given(rng=st.randoms(use_true_random=False), n=st.integers(1, 70), columns=st.integers(1, NARROW + 3))
def test_a_product_is_within_the_rounding_of_its_terms(rng: Random, n: int, columns: int) -> None:
    width = rng.choice((1, 7, 100, 1000))
    X, table = draw_rows(rng, n, width, ["plain", "scales"]), draw_rows(rng, columns, width, ["plain", "scales"])
    fast, exact = both("matmul", X, table)
    assert (np.abs(fast - exact) <= 4 * width * 2.0**-53 * (np.abs(X) @ np.abs(table).T)).all()


@settings(deadline=None, max_examples=60)
@given(rng=st.randoms(use_true_random=False), n=st.integers(1, 70), f=st.sampled_from(["sum", "sumsq"]))
def test_a_sum_is_within_the_rounding_of_its_terms(rng: Random, n: int, f: str) -> None:
    width = rng.choice((1, 7, 100, 1000))
    X = draw_rows(rng, n, width, ["plain", "scales"])
    fast, exact = both("row", X, f=f, d=width)
    terms = np.abs(X) if f == "sum" else X * X
    assert (np.abs(fast - exact) <= 4 * 2.0**-53 * terms.sum(axis=1, keepdims=True)).all()


@settings(deadline=None, max_examples=40)
@given(rng=st.randoms(use_true_random=False), n=st.integers(1, 70), f=st.sampled_from(["l2", "l1", "max"]))
def test_a_distance_is_within_the_rounding_of_what_it_is_the_difference_of(rng: Random, n: int, f: str) -> None:
    width = rng.choice((1, 7, 300))
    X, table = draw_rows(rng, n, width, ["plain"]), draw_rows(rng, rng.randint(1, 20), width, ["plain"])
    X[0] = table[0]
    fast, exact = both("dist", X, table, f=f)
    size = np.square(X).sum(axis=1, keepdims=True) + np.square(table).sum(axis=1)
    assert (np.abs(fast - exact) <= (8 * width * 2.0**-53 * size if f == "l2" else 0.0)).all() and (fast >= 0.0).all()


@pytest.mark.parametrize(
    ("op", "rows", "params", "expected"),
    [
        *(("matmul", NARROW, {}, False), ("matmul", NARROW + 1, {}, True)),
        *(("dist", NARROW + 1, {"f": "l2"}, True), ("dist", NARROW + 1, {"f": "l1"}, False)),
    ],
)
def test_only_wide_products_may_wake_the_threads_of_the_library(
    op: str, rows: int, params: dict[str, str], expected: bool
) -> None:
    line = Instruction(op, ("x", "k"), "y", params)
    plan = Plan((Input("x", 5),), {"k": Constant.of(np.ones((rows, 5)))}, (line,), {"value": Output("y")})
    assert has_threads(line, plan) is expected


def test_parts_are_summed_each_by_itself() -> None:
    X = draw_rows(Random(8), 40, 60, ["plain"])
    for f in ("sum", "sumsq", "maxabs"):
        fast, exact = both("row", X, f=f, d=1, parts=4)
        assert fast.shape == (40, 4) and np.allclose(fast, exact, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("f", ["sqrt", "abs", "floor", "exp", "log"])
def test_a_function_is_within_two_units_in_the_last_place(f: str) -> None:
    X = np.ldexp(draw_rows(Random(6), 20, 300, ["plain"]), 9)
    X[0, :2] = 0.0, nan
    fast, exact = both("map", X, f=f)
    with np.errstate(invalid="ignore"):
        close = (fast == exact) | (np.abs(fast - exact) <= 2 * np.spacing(np.abs(exact)))
    assert (close | (np.isnan(fast) & np.isnan(exact))).all()


@pytest.mark.parametrize("word", [word for word in WORDS if word not in KERNELS])
def test_words_without_a_fast_kernel_keep_their_bits(word: str) -> None:
    for seed in range(10):
        plan = draw_lines(Random(seed), word, 17)
        X = draw_rows(Random(seed), 40, 17)
        names = tuple(plan.outputs)
        exact, fast = Replay(plan, names)(X), Replay(plan, names, profile="fast")(X)
        assert [bits(answer) for answer in fast] == [bits(answer) for answer in exact]


def test_extremes_and_unknown_values_keep_their_bits() -> None:
    X = np.array([[1.0, nan, -inf], [-0.0, -0.0, -0.0], [3.0, -7.0, 5.0]])
    for f in ("max", "min", "maxabs"):
        fast, exact = both("row", X, f=f, d=1)
        assert bits(fast) == bits(exact)
    for f in ("sum", "sumsq", "abs"):
        assert np.isnan(both("row", X, f=f, d=1)[0][0])


def test_a_program_is_as_close_as_its_numbers_allow() -> None:
    X = draw_rows(Random(4), 700, 300, ["plain"])
    fast, exact = Replay(chain(), profile="fast", threads=2).predict(X), Replay(chain()).predict(X)
    assert np.abs(fast - exact).max() <= 1e-12 * np.abs(exact).max()


def test_every_program_runs_in_both_profiles() -> None:
    for seed in range(60):
        plan = draw_plan(Random(seed))
        X = draw_rows(Random(seed), 3, plan.inputs[0].width, ["plain"])
        names = tuple(plan.outputs)
        fast, exact = Replay(plan, names, profile="fast")(X), Replay(plan, names)(X)
        assert [answer.shape for answer in fast] == [answer.shape for answer in exact]
