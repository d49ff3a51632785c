"""Spectra that may not be used are refused alike, whether every value is looked at or what was computed of them."""

from __future__ import annotations

from math import inf, nan
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.runtime import Input, InputError, Instruction, Output, Plan, Replay
from n4akit.bundle.runtime.evidence import PIECE, SMALL, below, evidence
from n4akit.bundle.runtime.frame import BOUND
from n4akit.bundle.runtime.inputs import LARGEST, bad_rows, refuse

from .programs import bits, draw_plan, draw_rows
from .test_replay import chain

P = 20


def centring(last: str = "sumsq") -> Plan:
    """Each row less its mean, and one number of what is left."""
    lines = (
        Instruction("row", ("x",), "mean", {"f": "sum", "d": P}),
        Instruction("sub", ("x", "mean"), "centred"),
        Instruction("row", ("centred",), "left", {"f": last, "d": 1}),
    )
    return Plan((Input("x", P),), {}, lines, {"value": Output("left"), "mean": Output("mean")})


def test_sums_of_squares_and_what_was_taken_away_are_evidence() -> None:
    for f in ("sumsq", "abs", "maxabs"):
        assert evidence(centring(f), centring(f).body, "x") == ("left", "mean")
    assert evidence(chain(), chain().body, "x") == ("variance", "mean")


def test_a_plan_that_only_sums_ranks_or_multiplies_has_none() -> None:
    for f in ("sum", "max", "min"):
        assert evidence(centring(f), centring(f).body, "x") is None
    assert evidence(chain(), chain().body[:2], "x") is None


BAD = st.sampled_from([nan, inf, -inf, LARGEST, -LARGEST, 1e151, 1e300, -1.7e308])


@settings(deadline=None, max_examples=150)
@given(
    last=st.sampled_from(["sumsq", "abs", "maxabs"]),
    planted=st.lists(st.tuples(st.integers(0, 2 * BOUND), st.integers(0, P - 1), BAD), min_size=1, max_size=4),
    whole=st.booleans(),
)
def test_a_bad_value_anywhere_is_refused_as_if_every_value_had_been_looked_at(
    last: str, planted: list[tuple[int, int, float]], whole: bool
) -> None:
    X = draw_rows(Random(len(planted)), 2 * BOUND + 1, P, ["plain"])
    for row, point, value in planted:
        X[row, slice(None) if whole else point] = value
    expected = refuse(bad_rows(X), len(X))
    with pytest.raises(InputError) as caught:
        Replay(centring(last)).predict(X)
    assert (str(caught.value), caught.value.rows) == (str(expected), expected.rows)


def test_huge_values_that_cancel_are_refused() -> None:
    X = draw_rows(Random(0), BOUND, P, ["plain"])
    X[3, ::2], X[3, 1::2] = 1e200, -1e200
    with pytest.raises(InputError, match=r"1 of 32 .* row 4: point 1 is 1e\+200"):
        Replay(centring()).predict(X)


def test_large_values_that_may_be_used_are_answered() -> None:
    X = draw_rows(Random(0), BOUND, P, ["plain"]) * 1e149
    answers = Replay(centring("maxabs")).predict(X)
    assert bits(answers) == bits(np.concatenate([Replay(centring("maxabs")).predict(row[None]) for row in X]))


@settings(deadline=None, max_examples=150)
@given(st.randoms(use_true_random=False))
def test_evidence_never_vouches_for_spectra_that_may_not_be_used(rng: Random) -> None:
    plan = draw_plan(rng)
    found = evidence(plan, plan.body, plan.inputs[0].name)
    if found is None:
        return
    X = draw_rows(rng, 6, plan.inputs[0].width)
    with np.errstate(all="ignore"):
        X[rng.randrange(6)] *= rng.choice((1.0, 1e150, 1e300, nan))
    registers = {output.register: name for name, output in plan.outputs.items()}
    for row in X:
        seen: Any = Replay(plan, [registers[name] for name in found])(row[None])
        with np.errstate(all="ignore"):
            vouched = all(below(values.reshape(-1), SMALL) for values in seen)
        if vouched:
            assert (np.abs(row) < LARGEST).all()


@pytest.mark.parametrize("value", [nan, inf, 1e200])
@pytest.mark.parametrize("place", [0, PIECE - 1, PIECE, 2 * PIECE + 5])
def test_one_large_value_among_many_is_seen(value: float, place: int) -> None:
    values = np.zeros(2 * PIECE + 6)
    assert below(values, 1.0)
    values[place] = value
    with np.errstate(over="ignore"):
        assert not below(values, inf) and not below(values, LARGEST)
