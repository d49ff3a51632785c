"""One reading in place of two: as close as two where it may be, two where it may not, and refused as ever."""

from __future__ import annotations

import tracemalloc
from math import inf, nan
from random import Random
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.runtime import Constant, Input, InputError, Instruction, Output, Plan, Replay
from n4akit.bundle.runtime.inputs import LARGEST, bad_rows, refuse
from n4akit.bundle.runtime.moments import one_pass

from .programs import draw_plan, draw_rows

P = 200


def scaled(columns: int = 1, p: int = P, d: int = P, guard: float = 2.0**-48) -> Plan:
    """Rows less their means and over their deviations, times a table; a constant row has no answer."""
    table = draw_rows(Random(5), columns, p, ["plain"])
    constants = {"table": table, "guard": guard, "none": nan}
    lines = (
        Instruction("row", ("x",), "mean", {"f": "sum", "d": p}),
        Instruction("sub", ("x", "mean"), "centred"),
        Instruction("row", ("centred",), "variance", {"f": "sumsq", "d": d}),
        Instruction("map", ("variance",), "std", {"f": "sqrt"}),
        Instruction("map", ("mean",), "size", {"f": "abs"}),
        Instruction("mul", ("size", "guard"), "least"),
        Instruction("select", ("std", "least", "none", "std"), "divisor", {"f": "le"}),
        Instruction("matmul", ("centred", "table"), "product"),
        Instruction("div", ("product", "divisor"), "y"),
    )
    outputs = {"value": Output("y"), "std": Output("std"), "mean": Output("mean"), "centred": Output("centred")}
    return Plan((Input("x", p),), {k: Constant.of(v) for k, v in constants.items()}, lines, outputs)


def spectra(n: int, spread: float = 0.3, p: int = P) -> Any:
    """Rows around 1, some of them scaled; `spread` is that of a row beside its mean."""
    rng = np.random.default_rng(n)
    return (1.0 + spread * rng.uniform(-1.0, 1.0, size=(n, p))) * rng.uniform(0.01, 100.0, size=(n, 1))


def short(plan: Plan, *wanted: str) -> list[str] | None:
    found = one_pass(plan, plan.body, wanted)
    return None if found is None else [f"{line.op} {line.out}" for line in found[0].body if P in widths(found[0], line)]


def widths(plan: Plan, line: Instruction) -> list[int]:
    return [plan.shape(name)[-1] for name in (line.out, *line.inputs) if name not in plan.constants]


def with_lines(plan: Plan, *lines: Instruction) -> Plan:
    """The plan with lines in the place of those of the same register, or behind all."""
    new = {line.out: line for line in lines}
    body = [new.pop(line.out, line) for line in plan.body]
    return Plan(plan.inputs, plan.constants, (*body, *new.values()), plan.outputs)


def test_centred_rows_that_are_only_squared_and_multiplied_are_not_made() -> None:
    assert short(scaled(), "y") == ["matmul mean:sum", "row centred:squares", "matmul product:whole"]
    found = one_pass(scaled(), scaled().body, ["y"])
    assert found is not None and found[1] == ("centred:enough",)


@pytest.mark.parametrize(
    "line",
    [
        Instruction("row", ("centred",), "most", {"f": "maxabs", "d": 1}),
        Instruction("sub", ("mean", "x"), "centred"),
        Instruction("row", ("x",), "mean", {"f": "sum", "d": P - 1}),
        Instruction("row", ("x",), "mean", {"f": "abs", "d": P}),
        Instruction("row", ("centred",), "variance", {"f": "abs", "d": P}),
    ],
)
def test_what_is_no_centring_or_is_read_otherwise_is_left(line: Instruction) -> None:
    assert short(with_lines(scaled(), line), "y") is None


def test_centred_rows_that_are_wanted_are_made() -> None:
    assert short(scaled(), "y", "centred") is None


@pytest.mark.parametrize("columns", [1, 3, 12])
@pytest.mark.parametrize("n", [1, 2, 31, 32, 79, 257, 10_000])
def test_ordinary_spectra_are_answered_as_exactly_as_their_digits_allow(n: int, columns: int) -> None:
    plan, X = scaled(columns, d=P - 1), spectra(n)
    for threads in (1, 2):
        fast = Replay(plan, ["value", "std"], profile="fast", threads=threads).answers(X)
        for found, expected in zip(fast, Replay(plan, ["value", "std"]).answers(X), strict=True):
            assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("exponent", range(-13, 0))
def test_nearly_constant_spectra_are_as_close_as_centring_brings_them(exponent: int) -> None:
    plan, X = scaled(), spectra(300, spread=10.0**exponent)
    fast, exact = Replay(plan, profile="fast").predict(X), Replay(plan).predict(X)
    # What centring itself leaves of the digits: the mean has a rounding error too.
    assert np.abs(fast - exact).max() <= max(1e-12, 1e-14 / 10.0**exponent) * np.abs(exact).max()


def test_constant_rows_are_refused_and_no_others() -> None:
    values = [0.1, 1.0, 1 / 3, -7e-5, 123456.789, 1e100, -1e-100, 0.0]
    X = spectra(300)
    for number, value in enumerate(values):
        X[30 * number] = value
    errors = []
    for profile in ("exact", "fast"):
        with pytest.raises(InputError) as caught:
            Replay(scaled(), profile=profile).predict(X)
        errors.append((str(caught.value), caught.value.rows))
    assert errors[0] == errors[1] and [row for row, _ in errors[0][1]] == [30 * i for i in range(len(values))]


@pytest.mark.parametrize("value", [1e-3, 0.1, 1.0, 1e6])
def test_a_single_spike_is_answered(value: float) -> None:
    X = np.ones((64, P))
    X[np.arange(64), np.arange(64)] += value
    fast, exact = Replay(scaled(), profile="fast").predict(X), Replay(scaled()).predict(X)
    assert np.abs(fast - exact).max() <= 1e-11 * np.abs(exact).max()


@pytest.mark.parametrize("scale", [1e-140, 1e-100, 1e100, 1e149])
def test_huge_and_tiny_spectra_are_answered(scale: float) -> None:
    X = spectra(100) * (scale / 100.0)
    fast, exact = Replay(scaled(), profile="fast")(X)[0], Replay(scaled())(X)[0]
    assert np.allclose(fast, exact, rtol=1e-10)


@pytest.mark.parametrize("n", [40, 700])
@pytest.mark.parametrize("value", [nan, inf, -inf, LARGEST, 1e200, 1.7e308])
def test_what_may_not_be_used_is_refused_with_the_same_words(value: float, n: int) -> None:
    X = spectra(n)
    X[7, 3] = X[20, P - 1] = value
    X[30, ::2], X[30, 1::2] = value, -value
    expected = refuse(bad_rows(X), n)
    with pytest.raises(InputError) as caught:
        Replay(scaled(), profile="fast", threads=2).predict(X)
    assert (str(caught.value), caught.value.rows) == (str(expected), expected.rows)


def test_spectra_in_any_form_are_answered() -> None:
    X = np.asfortranarray(spectra(700))
    expected = Replay(scaled()).predict(X)
    for given in (X, X.astype(">f8"), np.repeat(X, 2, axis=1)[:, ::2]):
        found = Replay(scaled(), profile="fast").predict(given)
        assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


def test_a_batch_of_rows_that_are_read_again_takes_little_memory() -> None:
    X = np.broadcast_to(spectra(1, spread=1e-3, p=1000), (20_000, 1000))
    for given in (X, X[:4000].copy()):
        replay = Replay(scaled(p=1000, d=1000), profile="fast")
        tracemalloc.start()
        try:
            answer = replay.predict(given)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 2_000_000 + answer.nbytes
        assert np.abs(answer - Replay(scaled(p=1000, d=1000)).predict(X[:1])).max() <= 1e-11 * np.abs(answer).max()


def test_rows_that_are_read_again_answer_as_a_few_do_and_leave_the_others() -> None:
    X = spectra(3000)
    X[5::7] = 1.0 + 1e-5 * X[5::7]
    replay = Replay(scaled(), profile="fast", threads=2)
    again = np.concatenate([replay.predict(x[None]) for x in X[5::7]])
    found, exact = replay.predict(X), Replay(scaled()).predict(X)
    assert np.allclose(found[5::7], again, rtol=1e-12)
    assert np.abs(found - exact).max() <= 1e-10 * np.abs(exact).max()


def test_every_program_answers_the_same_registers() -> None:
    for seed in range(60):
        plan = draw_plan(Random(seed))
        X = draw_rows(Random(seed), 40, plan.inputs[0].width, ["plain"])
        names = tuple(plan.outputs)
        fast, exact = Replay(plan, names, profile="fast")(X), Replay(plan, names)(X)
        assert [answer.shape for answer in fast] == [answer.shape for answer in exact]
