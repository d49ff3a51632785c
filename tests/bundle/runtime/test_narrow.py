"""A program cut in two answers what it does whole: the narrow rest of many blocks at once."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from n4akit.bundle.runtime import Input, Instruction, Output, Plan, Replay, sizes
from n4akit.bundle.runtime.narrow import NARROW, cut
from n4akit.bundle.runtime.program import Program, programs

from .programs import bits, draw_plan, draw_rows
from .test_replay import chain


def parts(plan: Plan, *outputs: str) -> tuple[Program, Program] | None:
    return cut(programs(plan, outputs, {}, "exact")[1])


def test_what_no_wide_line_needs_is_the_rest() -> None:
    found = parts(chain(), "value")
    assert found is not None
    head, rest = found
    assert [line.out for line, _ in head.lines][-1] == "product" and [line.out for line, _ in rest.lines] == ["y"]
    assert set(rest.given) == set(head.wanted) == {"product", "mean", "variance"} and rest.wanted == ["y"]
    assert head.seen == () and set(rest.seen or ()) == {"mean", "variance"}


def test_a_program_that_answers_something_wide_is_not_cut() -> None:
    plan = chain()
    wide = Plan(plan.inputs, plan.constants, plan.body, {**plan.outputs, "scaled": Output("scaled")})
    assert parts(wide, "value") is not None and parts(wide, "value", "scaled") is None


@pytest.mark.parametrize("width", [1, NARROW])
def test_a_program_without_wide_lines_or_that_answers_its_input_is_not_cut(width: int) -> None:
    lines = (Instruction("add", ("x", "x"), "y"),)
    plan = Plan((Input("x", width),), {}, lines, {"value": Output("y"), "x": Output("x")})
    assert parts(plan, "value") is None and parts(plan, "value", "x") is None


def test_the_parts_of_any_program_have_every_line_once_and_in_order() -> None:
    seen = 0
    for seed in range(200):
        plan = draw_plan(Random(seed))
        for name in plan.outputs:
            _, whole = programs(plan, [name], {}, "exact")
            found = cut(whole)
            if found is None:
                continue
            seen += 1
            head, _ = found
            numbers = {line.out: number for number, (line, _) in enumerate(whole.lines)}
            order = [[numbers[line.out] for line, _ in part.lines] for part in found]
            assert order[0] == sorted(order[0]) and order[1] == sorted(order[1])
            assert sorted(order[0] + order[1]) == list(range(len(whole.lines)))
            assert all(plan.widths[link] <= NARROW for link in head.wanted)
    assert seen > 20


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("profile", ["exact", "fast"])
@pytest.mark.parametrize("n", [300, 1024, 6011])
def test_no_bit_depends_on_where_a_batch_is_cut(
    n: int, profile: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    X = draw_rows(Random(n), 50, 300, ["plain", "scales"]).repeat(-(-n // 50), axis=0)[:n]
    expected = Replay(chain(), ["value", "std"])(X)
    monkeypatch.setattr(sizes, "ROOM", 200_000)
    found = Replay(chain(), ["value", "std"], profile=profile, threads=threads)(X)
    for answer, exact in zip(found, expected, strict=True):
        if profile == "exact":
            assert bits(answer) == bits(exact)
        assert np.abs(answer - exact).max() <= 1e-10 * np.abs(exact).max()
