"""Missing values: where a plan says that there may be some, it does with them what it says; elsewhere, and for all else
that is no number, the door stays closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from n4akit.bundle.runtime import Constant, Input, InputError, Instruction, Output, Plan, PlanError, Replay
from n4akit.bundle.runtime.inputs import LARGEST
from numpy.typing import NDArray

from .programs import bits, replay_row

Matrix = NDArray[np.float64]

P = 5
FILL = np.array([[0.5, -1.0, 2.0, 1e-3, 7.0]])
WEIGHTS = np.array([[1.0, 2.0, -3.0, 0.25, 0.1], [0.0, 1.0, 1.0, 1.0, 1.0]])

Line = tuple[Any, ...]
"""The word, its operands and its result, and its parameters if there are any."""

FILLED: Line = ("select", "x x x fill", "full", {"f": "eq"})
SUMMED: Line = ("matmul", "full weights", "y")
SQUARED: Line = ("row", "x", "y", {"f": "sumsq", "d": 1})


def plan(*lines: Line, missing: bool = True) -> Plan:
    constants = {
        "fill": FILL,
        "weights": WEIGHTS,
        "all": np.ones((1, P)),
        "zero": 0.0,
        "some": np.array([0, 3]),
        "others": np.array([1, 2, 4]),
    }
    body = [Instruction(op, tuple(on.split()), out, *params) for op, on, out, *params in lines]
    used = {name for line in body for name in line.inputs}
    held = {name: Constant.of(values) for name, values in constants.items() if name in used}
    return Plan((Input("x", P, missing),), held, tuple(body), {"value": Output("y")})


SOUND: dict[str, tuple[list[Line], set[str]]] = {
    "filled": ([FILLED, SUMMED], {"x"}),
    "told": ([("select", "x x zero all", "y", {"f": "eq"})], {"x"}),
    "gone through": ([("sub", "x fill", "a"), ("max", "a zero", "y")], {"x", "a", "y"}),
    "filled after": ([("sub", "x fill", "a"), ("select", "a a a zero", "y", {"f": "eq"})], {"x", "a"}),
    "filled by another": ([("mul", "x zero", "a"), ("select", "x x x a", "y", {"f": "eq"})], {"x", "a", "y"}),
    "another where it is there": (
        [("mul", "x zero", "a"), ("select", "x x a zero", "y", {"f": "eq"})],
        {"x", "a", "y"},
    ),
    "taken by what is there": ([FILLED, ("select", "full zero x fill", "y", {"f": "lt"})], {"x", "y"}),
    "side by side": ([("concat", "x fill", "y")], {"x", "y"}),
    "compared when filled": ([FILLED, ("select", "full zero zero full", "y", {"f": "le"})], {"x"}),
    "looked at by nobody": ([("add", "fill fill", "y")], {"x"}),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_plan_knows_what_may_be_missing(name: str) -> None:
    lines, expected = SOUND[name]
    assert plan(*lines).missing == expected
    assert plan(*lines, missing=False).missing == set()


LOST: dict[str, tuple[Line, str]] = {
    "compared": (("select", "x zero x fill", "y", {"f": "lt"}), r"0 \(select → y\): 'x' may be missing \(NaN\), and a"),
    "compared with itself": (("select", "x x x fill", "y", {"f": "le"}), "expected to be compared with itself, by eq"),
    "compared from behind": (("select", "zero x x fill", "y", {"f": "eq"}), "'x' may be missing"),
    "second of a maximum": (("max", "zero x", "y"), "'x' may be missing .*, which is lost here; expected as the first"),
    "second of a minimum": (("min", "x x", "y"), "which is lost here"),
    "pickled": (("opaque", "x", "y", {"artifact": "0" * 64, "width": 1}), "what a pickled step makes of that is not"),
}


@pytest.mark.parametrize("name", LOST)
def test_a_plan_that_would_lose_what_is_missing_is_none(name: str) -> None:
    line, message = LOST[name]
    plan(line, missing=False)
    with pytest.raises(PlanError, match=message):
        plan(line)


values = st.one_of(st.just(nan), st.just(nan), st.floats(-1e6, 1e6))


@given(st.lists(st.lists(values, min_size=P, max_size=P), min_size=1, max_size=80))
def test_every_host_fills_in_the_same_wherever_it_is_missing(rows: list[list[float]]) -> None:
    sound, X = plan(FILLED, SUMMED), np.array(rows)
    found = Replay(sound).predict(X)
    assert bits(found) == bits(Replay(sound).predict(np.where(np.isnan(X), FILL, X)))
    for row, answer in zip(rows, found, strict=True):
        assert bits(replay_row(sound, row)["value"]) == bits(answer)
        assert bits(Replay(sound).predict([row])) == bits(answer)


@pytest.mark.parametrize("count", [1, 3, 40, 5000])
@pytest.mark.parametrize("kind", ["C", "F", "f4", "swapped"])
def test_blocks_with_missing_values_are_those_of_the_rows(count: int, kind: str) -> None:
    X = np.random.default_rng(count).normal(size=(count, P)).astype("f4").astype("f8")
    X[np.random.default_rng(0).random(X.shape) < 0.3] = nan
    given = {"C": X, "F": np.asfortranarray(X), "f4": X.astype("f4"), "swapped": X.astype(">f8")}[kind]
    replay = Replay(plan(FILLED, SUMMED), threads=2)
    assert np.array_equal(replay.predict(given), replay.predict(np.where(np.isnan(X), FILL, X)))


@pytest.mark.parametrize("sign", [nan, -nan])
def test_no_answer_depends_on_the_kind_of_nan(sign: float) -> None:
    kinds = np.array([0x7FF8000000000000, 0xFFF8000000000001, 0x7FF0000000000001, 0x7FFFFFFFFFFFFFFF], dtype=np.uint64)
    X = np.tile(np.arange(float(P)), (len(kinds) + 1, 1))
    X[:-1, 2], X[-1, 2] = kinds.view(np.float64), sign
    assert len(np.unique(Replay(plan(FILLED, SUMMED)).predict(X), axis=0)) == 1


def refusal(replay: Replay, X: Any) -> str:
    with pytest.raises(InputError) as caught:
        replay.predict(X)
    return str(caught.value)


@pytest.mark.parametrize("value", [inf, -inf, LARGEST, -1e200])
@pytest.mark.parametrize("count", [1, 40, 5000])
def test_all_else_that_is_no_number_is_refused_as_everywhere(value: float, count: int) -> None:
    X = np.ones((count, P))
    X[:, 1] = nan
    X[count // 2, 3] = value
    expected = f"1 of {count} spectra cannot be predicted: row {count // 2 + 1}: point 4 is {np.float64(value)!s}, "
    assert refusal(Replay(plan(FILLED, SUMMED)), X) == expected + "expected a finite number below 3e150"


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("line", [SQUARED, FILLED], ids=["summed", "filled"])
def test_a_plan_that_does_not_say_so_refuses_nan(line: Line, count: int) -> None:
    X = np.ones((count, P))
    X[-1, 2] = nan
    lines = [line] if line is SQUARED else [FILLED, SUMMED]
    said = refusal(Replay(plan(*lines, missing=False)), X)
    assert said.endswith(f"row {count}: point 3 is nan, expected a finite number below 3e150")


@pytest.mark.parametrize("count", [1, 40, 5000])
def test_what_nothing_fills_in_has_no_answer(count: int) -> None:
    """Two points are filled in, three are not: by themselves these go on to the answer."""
    some: Sequence[Line] = (
        ("gather", "x some", "a"),
        ("select", "a a a zero", "b", {"f": "eq"}),
        ("gather", "x others", "c"),
        ("concat", "b c", "d"),
        ("row", "d", "y", {"f": "maxabs", "d": 1}),
    )
    X = np.ones((count, P))
    X[:, [0, 3]] = nan
    replay = Replay(plan(*some))
    assert (replay.predict(X) == 1.0).all()
    X[-1, 2] = nan
    assert refusal(replay, X) == (
        f"1 of {count} spectra cannot be predicted: row {count}: no finite result: values are missing, point 1 the "
        "first, and the model does not fill in all of them, or what is there is out of the range it can scale"
    )
