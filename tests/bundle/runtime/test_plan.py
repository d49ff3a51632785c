"""A plan that no host may run is refused when it is made or bound, by an error that names the instruction."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf, nan
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.runtime import Constant, Input, Instruction, Output, Plan, PlanError, Replay
from n4akit.bundle.runtime.instructions import INSTRUCTIONS

from .programs import draw_plan, draw_rows

X = Input("x", 6)


FOREST: dict[str, Any] = {
    "feature": [1, 0, 0, 2],
    "threshold": np.zeros(4),
    "kids": [1, 2, 1, 1, 2, 2, 3, 3],
    "value": np.ones((4, 2)),
    "root": [0, 3],
}


def forest(groups: list[int], **changed: Any) -> Plan:
    """A stump and a leaf, with something changed."""
    return plan(line("forest", "x", *FOREST, groups=groups), constants=FOREST | changed)


def pieces(*cols: list[int], breaks: Any = (0.0, 1.0, -1.0)) -> Plan:
    """Three polynomials of degree 1."""
    constants = {"breaks": np.array(breaks), "coef": np.ones((3, 2))}
    return plan(line("pieces", "x", *constants, cols=list(cols)), constants=constants)


def plan(*lines: Instruction, constants: Mapping[str, Any] | None = None, **outputs: str) -> Plan:
    held = {name: v if isinstance(v, Constant) else Constant.of(v) for name, v in (constants or {}).items()}
    named = outputs or {"value": lines[-1].out if lines else "x"}
    return Plan((X,), held, lines, {name: Output(register) for name, register in named.items()})


def line(op: str, *inputs: str, out: str = "y", **params: Any) -> Instruction:
    return Instruction(op, inputs, out, params)


ROW, TABLE, INDEX = np.arange(6.0), np.ones((2, 6)), np.array([0, 5])

REFUSED: dict[str, tuple[Callable[[], Plan], str]] = {
    "unknown word": (lambda: plan(line("tanh", "x")), r"instruction 0 \(tanh → y\): unknown instruction; .* add, sub"),
    "undefined operand": (lambda: plan(line("add", "x", "z")), r"\(add → y\): operand 'z' is not defined before"),
    "used before": (
        lambda: plan(line("add", "x", "z"), line("add", "x", "x", out="z")),
        r"instruction 0 \(add → y\): operand 'z' is not defined before",
    ),
    "own result": (lambda: plan(line("add", "x", "y")), "operand 'y' is not defined before"),
    "assigned twice": (
        lambda: plan(line("add", "x", "x"), line("sub", "x", "x")),
        r"instruction 1 \(sub → y\): 'y' is assigned twice",
    ),
    "input assigned": (lambda: plan(line("add", "x", "x", out="x")), "'x' is assigned twice"),
    "constant assigned": (lambda: plan(line("add", "x", "x", out="k"), constants={"k": 1.0}), "'k' is assigned twice"),
    "two names": (lambda: plan(constants={"x": 1.0}), "two things are named 'x'"),
    "too few operands": (lambda: plan(line("add", "x")), r"\(add → y\): 1 operands, expected 2"),
    "too many operands": (lambda: plan(line("map", "x", "x", f="abs")), "2 operands, expected 1"),
    "no operand": (lambda: plan(line("fold", d=1)), "0 operands, expected 1"),
    "missing parameter": (lambda: plan(line("row", "x", f="sum")), r"parameters \['f'\], expected \['d', 'f'\]"),
    "spare parameter": (lambda: plan(line("add", "x", "x", d=1)), r"parameters \['d'\], expected \[\]"),
    "unknown choice": (lambda: plan(line("map", "x", f="tanh")), "f='tanh', expected one of sqrt, abs"),
    "choice of a kind": (lambda: plan(line("map", "x", f=["abs"])), r"f=\['abs'\], expected one of"),
    "integer too small": (lambda: plan(line("row", "x", f="sum", d=0)), "d=0, expected an integer from 1"),
    "integer a float": (lambda: plan(line("row", "x", f="sum", d=6.0)), "d=6.0, expected an integer from 1"),
    "integer a bool": (lambda: plan(line("row", "x", f="sum", d=True)), "d=True, expected an integer from 1"),
    "divisor of a maximum": (lambda: plan(line("row", "x", f="max", d=6)), "d=6 has no meaning for f=max"),
    "default said": (lambda: plan(line("row", "x", f="sum", d=1, parts=1)), "parts=1, which it is without being said"),
    "spare parameter beside a default": (
        lambda: plan(line("argmax", "x", part=1)),
        r"parameters \['part'\], expected \[\] and perhaps \['parts'\]",
    ),
    "parts": (
        lambda: plan(line("argmax", "x", parts=4)),
        r"\(argmax → y\): 6 columns cannot be cut into 4 equal parts",
    ),
    "parts of a row": (lambda: plan(line("row", "x", f="sum", d=1, parts=5)), "6 columns cannot be cut into 5 equal"),
    "parts of a fold": (lambda: plan(line("fold", "x", d=1, parts=12)), "6 columns cannot be cut into 12 equal parts"),
    "weights": (
        lambda: plan(line("order", "x", "k", f="wmedian"), constants={"k": np.ones(5)}),
        r"\(order → y\): a register 6 wide meets 5 weights",
    ),
    "no groups": (lambda: forest([]), r"groups=\[\], expected a list of integers from 1"),
    "group of none": (lambda: forest([2, 0]), r"groups=\[2, 0\], expected a list of integers from 1"),
    "groups of other trees": (lambda: forest([1, 2]), r"\(forest → y\): groups of 3 trees, but 2 roots"),
    "nodes": (lambda: forest([2], threshold=np.ones(3)), "4 features, 3 thresholds, 8 kids and 4 rows of values"),
    "kids": (lambda: forest([2], kids=[1, 2, 3]), "4 features, 4 thresholds, 3 kids and 4 rows of values"),
    "no columns": (lambda: pieces(), r"cols=\[\], expected a list of cols \[column ≥ 0, first ≥ 0, count ≥ 1\]"),
    "column of none": (lambda: pieces([6, 0, 1]), r"\(pieces → y\): \[6, 0, 1\] names column 6 of 6"),
    "too many breaks": (lambda: pieces([0, 1, 3]), r"\[0, 1, 3\] goes beyond 3 breaks"),
    "breaks": (lambda: pieces([0, 0, 1], breaks=[1.0]), "1 breaks meet 3 rows of coefficients"),
    "distances": (
        lambda: plan(line("nearest", "x", "k", k=1, f="uniform"), constants={"k": TABLE}),
        r"\(nearest → y\): 6 distances meet a table of 2 rows",
    ),
    "too many neighbours": (
        lambda: plan(line("nearest", "x", "k", k=7, f="uniform"), constants={"k": np.ones((6, 1))}),
        "k=7 of 6 rows",
    ),
    "widths": (
        lambda: plan(line("add", "x", "k"), constants={"k": np.ones(5)}),
        r"\(add → y\): widths 5, 6 do not go together",
    ),
    "fold widths": (
        lambda: plan(line("row", "x", f="sum", d=1, out="s"), line("fold", "x", "s", d=2)),
        r"instruction 1 \(fold → y\): registers of widths 1, 6 cannot be folded",
    ),
    "table width": (
        lambda: plan(line("matmul", "x", "k"), constants={"k": np.ones((2, 5))}),
        "a register 6 wide meets a table of 5 columns",
    ),
    "table for a row": (
        lambda: plan(line("add", "x", "k"), constants={"k": TABLE}),
        r"operand 'k' is a constant <f8 \(2, 6\), expected a register or a constant of one row",
    ),
    "register for a table": (lambda: plan(line("matmul", "x", "x")), "operand 'x' is a register, expected a constant"),
    "constant for a register": (
        lambda: plan(line("map", "k", f="abs"), constants={"k": ROW}),
        "operand 'k' is a constant .*, expected a register",
    ),
    "index for a row": (lambda: plan(line("add", "x", "i"), constants={"i": INDEX}), "expected a register or a const"),
    "row for an index": (lambda: plan(line("gather", "x", "k"), constants={"k": ROW}), "expected constant column num"),
    "no runs": (lambda: plan(line("banded", "x", "k", runs=[]), constants={"k": TABLE}), "expected a list of runs"),
    "runs of text": (lambda: plan(line("banded", "x", "k", runs="1111"), constants={"k": TABLE}), "a list of runs"),
    "negative start": (
        lambda: plan(line("banded", "x", "k", runs=[[1, -1, 1, 0]]), constants={"k": TABLE}),
        "expected a list of runs",
    ),
    "run without stride": (
        lambda: plan(line("banded", "x", "k", runs=[[2, 0, 0, 0]]), constants={"k": TABLE}),
        "expected a list of runs",
    ),
    "run leaves the register": (
        lambda: plan(line("banded", "x", "k", runs=[[3, 0, 2, 0]]), constants={"k": np.ones((1, 3))}),
        r"run \[3, 0, 2, 0\] of 3 taps leaves a register 6 wide",
    ),
    "run of no row": (
        lambda: plan(line("banded", "x", "k", runs=[[1, 0, 1, 2]]), constants={"k": TABLE}),
        r"run \[1, 0, 1, 2\] names row 2 of 2 rows",
    ),
    "artifact": (lambda: plan(line("opaque", "x", artifact="../x", width=1)), "expected the sha256 of an artifact"),
    "too wide": (
        lambda: plan(line("opaque", "x", artifact="0" * 64, width=2**24 + 1)),
        r"\(opaque → y\): 16777217 columns, expected 1 to 16777216",
    ),
    "wide input": (lambda: Plan((Input("x", 2**24 + 1),), {}, (), {"v": Output("x")}), "input 'x': 16777217 columns"),
    "empty input": (lambda: Plan((Input("x", 0),), {}, (), {"v": Output("x")}), "input 'x': 0 columns"),
    "no input": (lambda: Plan((), {}, (), {"v": Output("x")}), "no input"),
    "no output": (lambda: Plan((X,), {}, (), {}), "no output"),
    "output of nothing": (lambda: plan(value="z"), "output 'value' names register 'z', which is never assigned"),
    "output of a constant": (lambda: plan(constants={"k": 1.0}, value="k"), "names register 'k', which is never assig"),
    "output names": (
        lambda: Plan((X,), {}, (), {"v": Output("x", ("fat", "water"))}),
        "output 'v': 2 names for 6 columns",
    ),
    "empty constant": (lambda: plan(constants={"k": np.ones((0, 6))}), r"constant 'k': <f8 of shape \(0, 6\)"),
    "constant of three axes": (lambda: plan(constants={"k": np.ones((1, 2, 3))}), r"shape \(1, 2, 3\), expected <f8"),
    "constant of another kind": (
        lambda: plan(constants={"k": Constant((1, 2), "<f4", lambda: np.ones((1, 2), "f4"))}),
        "constant 'k': <f4",
    ),
}

UNBOUND: dict[str, tuple[Callable[[], Plan], str]] = {
    "index too large": (
        lambda: plan(line("gather", "x", "i"), constants={"i": [0, 6]}),
        r"instruction 0 \(gather → y\): 'i' holds values from 0 to 6, expected 0 to 5",
    ),
    "index negative": (lambda: plan(line("gather", "x", "i"), constants={"i": [-1, 2]}), "from -1 to 2, expected 0"),
    "quantile too large": (
        lambda: plan(line("order", "x", "q"), constants={"q": [0.5, 1.5]}),
        r"\(order → y\): 'q' holds values from 0.5 to 1.5, expected 0.0 to 1.0",
    ),
    "feature": (
        lambda: forest([2], feature=[1, 0, 0, 6]),
        r"\(forest → y\): 'feature' says 6 for node 3, in tree 1, expected a column from 0 to 5",
    ),
    "negative feature": (lambda: forest([2], feature=[1, -1, 0, 0]), "'feature' says -1 for node 1, in tree 0"),
    "cycle": (
        lambda: forest([2], kids=[1, 2, 0, 0, 2, 2, 3, 3]),
        r"'kids' says \[0, 0\] for node 1, in tree 0, expected two later nodes of the tree, or twice the node itself",
    ),
    "half a leaf": (lambda: forest([2], kids=[0, 2, 1, 1, 2, 2, 3, 3]), r"'kids' says \[0, 2\] for node 0, in tree 0"),
    "another tree": (lambda: forest([2], kids=[1, 3, 1, 1, 2, 2, 3, 3]), r"'kids' says \[1, 3\] for node 0, in tree 0"),
    "no node": (lambda: forest([2], kids=[1, 2, 1, 1, 2, 2, 4, 4]), r"'kids' says \[4, 4\] for node 3, in tree 1"),
    "no root": (lambda: forest([2], root=[0, 4]), "'root' says that tree 1 is the nodes from 4 to before 4"),
    "roots": (lambda: forest([2], root=[3, 0]), "'root' says that tree 0 is the nodes from 3 to before 0"),
    "late root": (lambda: forest([2], root=[1, 3]), "'root' says that tree 0 is the nodes from 1 to before 3"),
    "negative root": (lambda: forest([2], root=[0, -1]), "'root' says that tree 0 is the nodes from 0 to before -1"),
    "breaks that descend": (
        lambda: pieces([0, 2, 1], [1, 0, 3]),
        r"'breaks' holds -1.0 behind 1.0 \(values 1 and 2, for column 1\), expected breaks that do not descend",
    ),
    "negative weight": (
        lambda: plan(line("order", "x", "k", f="wmedian"), constants={"k": ROW - 1.0}),
        r"\(order → y\): 'k' holds values from -1.0 to 4.0, expected 0.0 to 1.797",
    ),
    "quantile unknown": (lambda: plan(line("order", "x", "q"), constants={"q": nan}), r"\(order → y\): 'q' holds"),
    "constant with NaN": (
        lambda: plan(line("add", "x", "k"), constants={"k": [1.0, nan, 1.0, 1.0, 1.0, 1.0]}),
        "constant 'k' holds values that are not finite",
    ),
    "constant with infinity": (
        lambda: plan(line("matmul", "x", "k"), constants={"k": np.full((1, 6), -inf)}),
        "constant 'k' holds values that are not finite",
    ),
    "lone infinity": (lambda: plan(line("add", "x", "k"), constants={"k": inf}), "constant 'k' is infinite"),
    "fetched shape": (
        lambda: plan(line("add", "x", "k"), constants={"k": Constant((1, 6), "<f8", lambda: np.ones((1, 1)))}),
        r"constant 'k' was announced as <f8 of shape \(1, 6\), and is <f8 of shape \(1, 1\)",
    ),
    "fetched kind": (
        lambda: plan(line("add", "x", "k"), constants={"k": Constant((1, 1), "<f8", lambda: np.ones((1, 1), ">f8"))}),
        "announced as <f8 .* and is >f8",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_plan_that_makes_no_sense_is_not_made(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(PlanError, match=message):
        make()


@pytest.mark.parametrize("name", UNBOUND)
def test_a_plan_whose_values_are_out_of_range_is_not_bound(name: str) -> None:
    make, message = UNBOUND[name]
    made = make()
    with pytest.raises(PlanError, match=message):
        Replay(made)


@pytest.mark.parametrize("word", INSTRUCTIONS)
def test_kernel_and_twin_know_the_defaults_of_their_entry(word: str) -> None:
    entry = INSTRUCTIONS[word]
    expected = {param.name: param.default for param in entry.params if param.default is not None}
    for function in (entry.kernel, entry.twin):
        known = inspect.signature(function).parameters
        assert {name: known[name].default for name in expected} == expected


def test_two_sources_and_unknown_outputs_are_refused_by_the_host() -> None:
    two = Plan((X, Input("z", 2)), {}, (), {"value": Output("z")})
    with pytest.raises(PlanError, match="plans of one source, this one has 2"):
        Replay(two)
    with pytest.raises(PlanError, match="no output 'q', only value"):
        Replay(plan(), ["value", "q"])


def test_one_lone_nan_is_how_a_plan_says_no_answer() -> None:
    assert np.isnan(Replay(plan(line("add", "x", "k"), constants={"k": nan}))(np.ones((1, 6)))[0]).all()


def test_a_constant_is_fetched_once_and_only_when_it_is_needed() -> None:
    fetched = []

    def fetch() -> Any:
        fetched.append(1)
        return np.ones((1, 6))

    made = plan(line("add", "x", "k"), constants={"k": Constant((1, 6), "<f8", fetch)})
    assert not fetched
    Replay(made)(np.ones((3, 6)))
    assert fetched == [1]


def test_constants_are_copied_from_nothing_that_may_change_through_them() -> None:
    for values in ([1, 2], 3.5, np.ones((2, 3), "f4"), np.ones(4, ">f8")[::2]):
        array = Constant.of(values).array
        assert array.flags.c_contiguous and not array.flags.writeable
        assert array.dtype.str in ("<f8", "<i4") and array.ndim == (2 if array.dtype.kind == "f" else 1)


STRANGE = [
    None,
    True,
    -1,
    0,
    3,
    2**31,
    10**30,
    1.5,
    nan,
    "",
    "x",
    "x1",
    "sum",
    [],
    [1],
    [[1, 0, 1, 0]],
    {"f": 1},
    b"sum",
]


def mutated(rng: Random, sound: Plan) -> Callable[[], Plan]:
    """The making of a plan in which one thing is not as it was."""
    number = rng.randrange(len(sound.body))
    old = sound.body[number]
    names = [*sound.widths, *sound.constants, "nothing"]
    what = rng.choice(
        ("op", "inputs", "operand", "out", "param", "params", "drop", "swap", "width", "constant", "output")
    )
    if what in ("op", "inputs", "operand", "out", "param", "params"):
        inputs = list(old.inputs)
        inputs[rng.randrange(len(inputs))] = rng.choice(names)
        new = {
            "op": lambda: replace(old, op=rng.choice([*INSTRUCTIONS, "tanh"])),
            "inputs": lambda: replace(old, inputs=rng.choice([old.inputs[1:], (*old.inputs, rng.choice(names))])),
            "operand": lambda: replace(old, inputs=tuple(inputs)),
            "out": lambda: replace(old, out=rng.choice(names)),
            "param": lambda: replace(old, params={**old.params, rng.choice([*old.params, "d"]): rng.choice(STRANGE)}),
            "params": lambda: replace(old, params=rng.choice([{}, sound.body[0].params])),
        }[what]()
        return lambda: replace(sound, body=(*sound.body[:number], new, *sound.body[number + 1 :]))
    if what == "drop":
        return lambda: replace(sound, body=sound.body[:number] + sound.body[number + 1 :])
    if what == "swap":
        return lambda: replace(sound, body=(*sound.body[number:], *sound.body[:number]))
    if what == "width":
        width = rng.choice((0, 1, sound.inputs[0].width + 1, 2**25))
        return lambda: replace(sound, inputs=(Input("x", width),))
    if what == "output":
        return lambda: replace(
            sound, outputs={"value": Output(rng.choice(names), rng.choice(((), ("a",), ("a", "b"))))}
        )
    values = rng.choice(
        (np.ones((1, 1)), np.ones((2, 3)), nan, inf, [7], [-1], np.ones((1, 0)), np.array([[inf, 1.0]]))
    )
    return lambda: replace(sound, constants={**sound.constants, rng.choice(["k0", "x1", "new"]): Constant.of(values)})


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False))
def test_one_thing_changed_is_refused_or_still_runs(rng: Random) -> None:
    try:
        changed = mutated(rng, draw_plan(rng))()
        replay = Replay(changed, tuple(changed.outputs))
    except PlanError as error:
        assert str(error)
        return
    assert all(len(answer) == 3 for answer in replay(draw_rows(rng, 3, replay.width)))
