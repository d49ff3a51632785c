"""One reading in place of two: as close as two where it may be, two where it may not, and refused as ever."""

from __future__ import annotations

from math import inf, nan
from random import Random
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.runtime import Constant, Input, InputError, Instruction, Output, Plan, Replay, moments
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


def words(plan: Plan, *wanted: str) -> list[str]:
    return [line.op for line in one_pass(plan, plan.body, wanted)]


def test_centred_rows_that_are_only_squared_and_multiplied_are_not_made() -> None:
    assert words(scaled(), "y") == ["mean", "sumsq", "map", "map", "mul", "select", "product", "div"]


def test_centred_rows_that_are_wanted_or_read_otherwise_are_made() -> None:
    plan = scaled()
    assert words(plan, "y", "centred") == [line.op for line in plan.body]
    for line in (
        Instruction("row", ("centred",), "most", {"f": "maxabs", "d": 1}),
        Instruction("add", ("x", "mean"), "other"),
    ):
        more = Plan(plan.inputs, plan.constants, (*plan.body, line), plan.outputs)
        assert words(more, "y") == [each.op for each in more.body]


@pytest.mark.parametrize("line", [1, 0])
def test_what_is_no_mean_and_what_is_no_centring_are_left(line: int) -> None:
    plan = scaled()
    body = list(plan.body)
    body[line] = (
        Instruction("sub", ("mean", "x"), "centred")
        if line
        else Instruction("row", ("x",), "mean", {"f": "sum", "d": P - 1})
    )
    assert [each.op for each in one_pass(plan, body, ["y"])] == [each.op for each in body]


def test_without_squares_nothing_tells_which_rows_to_centre() -> None:
    plan = scaled()
    body = [line for line in plan.body if line.out in ("mean", "centred", "product")]
    assert one_pass(plan, body, ["product"]) == body


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


def test_a_batch_of_rows_that_are_centred_after_all_takes_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    tiles = moments._tiles

    def watched(*given: Any) -> Any:
        for rows, tile in tiles(*given):
            sizes.append(tile.size)
            yield rows, tile

    monkeypatch.setattr(moments, "_tiles", watched)
    X = spectra(2000, spread=1e-3)
    fast, exact = Replay(scaled(), profile="fast").predict(X), Replay(scaled()).predict(X)
    assert np.abs(fast - exact).max() <= 1e-11 * np.abs(exact).max()
    assert sum(sizes) == 2 * X.size and max(sizes) <= moments.TILE


def test_every_program_answers_the_same_registers() -> None:
    for seed in range(60):
        plan = draw_plan(Random(seed))
        X = draw_rows(Random(seed), 40, plan.inputs[0].width, ["plain"])
        names = tuple(plan.outputs)
        fast, exact = Replay(plan, names, profile="fast")(X), Replay(plan, names)(X)
        assert [answer.shape for answer in fast] == [answer.shape for answer in exact]
