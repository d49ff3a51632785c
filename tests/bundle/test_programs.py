"""Plans as documents: there and back without losing a bit, arrays by digest, nothing unknown let in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.bundle import canonical, npy, programs
from n4akit.bundle.errors import PlanError
from n4akit.bundle.lower.program import Program
from n4akit.bundle.runtime.instructions import INSTRUCTIONS
from n4akit.bundle.runtime.plan import Output, Plan
from n4akit.bundle.runtime.replay import Replay


class Shelf:
    """Arrays by digest, as files."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.read: list[str] = []

    def keep(self, array: np.ndarray) -> str:
        data = npy.encode(array)
        digest = hashlib.sha256(data).hexdigest()
        self.files[digest] = data
        return digest

    def fetch(self, digest: str, type: str, shape: tuple[int, ...]) -> np.ndarray:
        self.read.append(digest)
        return npy.decode(self.files[digest], type, shape)


REALS = st.floats(-1e3, 1e3)


@st.composite
def plans(draw: Callable[..., Any]) -> Plan:
    """Random programs over one register width, with constants of all kinds."""
    width = draw(st.integers(1, 12))
    program = Program(width)
    register = "x"
    for _ in range(draw(st.integers(0, 5))):
        program.step = draw(st.none() | st.integers(0, 9))
        program.fold = draw(st.none() | st.sampled_from(["0", "fold é"]))
        word = draw(st.sampled_from(["add", "mul", "map", "gather", "banded", "select", "row"]))
        if word in ("add", "mul"):
            register = program(word, register, np.array(draw(st.lists(REALS, min_size=width, max_size=width))))
        elif word == "map":
            register = program("map", register, f="abs")
        elif word == "gather":
            register = program("gather", register, np.array(draw(st.permutations(range(width)))))
        elif word == "banded":
            register = program("banded", register, np.array([[draw(REALS)]]), runs=[[width, 0, 1, 0]])
        elif word == "select":
            register = program("select", register, float("nan"), register, register, f="lt")
        else:
            register = program("sub", register, program("row", register, f="sum", d=width))
    rows = draw(st.integers(1, 3))
    table = np.array(draw(st.lists(REALS, min_size=rows * width, max_size=rows * width))).reshape(rows, width)
    names = tuple(f"t{number}" for number in range(rows)) if draw(st.booleans()) else ()
    return program.plan({"value": Output(program("matmul", register, table), names)})


@given(plans())
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
def test_a_plan_comes_back_and_answers_the_same_bits(plan: Plan) -> None:
    shelf = Shelf()
    document = canonical.decode(canonical.encode(programs.document(plan, shelf.keep)))
    assert list(programs.PROGRAM("plan", document)) == []
    again = programs.restore(document, shelf.fetch)
    assert shelf.read == []
    assert (again.inputs, again.outputs, again.widths) == (plan.inputs, plan.outputs, plan.widths)
    assert [(line.op, line.inputs, line.out, line.step, line.fold) for line in again.body] == [
        (line.op, line.inputs, line.out, line.step, line.fold) for line in plan.body
    ]
    X = np.random.default_rng(0).normal(size=(5, plan.inputs[0].width))
    assert Replay(again)(X)[0].tobytes() == Replay(plan)(X)[0].tobytes()
    assert set(shelf.read) == {digest for digest, _, _ in programs.arrays(document)} == set(shelf.files)


def test_few_reals_stand_in_the_document_and_more_are_arrays() -> None:
    program = Program(9)
    value = program("matmul", program("add", "x", np.ones(9)), np.ones((1, 9)))
    document = programs.document(program.plan({"value": Output(program("add", value, 0.5))}), Shelf().keep)
    assert document["consts"]["k1"] == {"hex": ["0x1.0000000000000p-1"], "shape": [1, 1]}
    assert document["consts"]["k0"]["type"] == "<f8" and len(document["consts"]["k0"]["array"]) == 64


def good() -> dict[str, Any]:
    program = Program(3)
    value = program("matmul", program("banded", "x", np.ones((1, 1)), runs=[[3, 0, 1, 0]]), np.ones((1, 3)))
    shelf = Shelf()
    document: dict[str, Any] = json.loads(
        canonical.encode(programs.document(program.plan({"value": Output(value)}), shelf.keep))
    )
    return document


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d.update(ir=2), "plan.ir: 2"),
        (lambda d: d.update(hook="os.system"), "'hook' is unknown"),
        (lambda d: d.pop("body"), "'body' is missing"),
        (lambda d: d["inputs"][0].update(width=True), "inputs[0].width: True"),
        (lambda d: d["body"][0].update({"in": "x"}), "expected a list"),
        (lambda d: d["body"].append("x"), "body[2]: 'x' (text), expected an object"),
        (lambda d: d["body"][0].update(step="1"), "body[0].step"),
        (lambda d: d["consts"]["k0"].update(hex=["1.0"]), "0x1.0000000000000p+0"),
        (
            lambda d: d["consts"]["k0"].update(hex=["0x1.0000000000000p+0"] * 2),
            "2 reals, expected as many as the shape",
        ),
        (lambda d: d["consts"]["k0"].update(shape=[1]), "expected as many as the shape"),
        (lambda d: d["consts"].update(k0={"array": "a" * 64, "shape": [9, 0], "type": "<f8"}), "shape[1]: 0"),
        (lambda d: d["consts"].update(k0={"array": "A" * 64, "shape": [9, 1], "type": "|O"}), "'|O'"),
        (lambda d: d["consts"].update(k0={"array": "../../x", "shape": [9, 1], "type": "<f8"}), "expected a sha256"),
        (lambda d: d["outputs"]["value"].update(names=[]), "0 items"),
    ],
)
def test_a_document_of_another_form_is_refused(change: Callable[[Any], Any], complaint: str) -> None:
    document = good()
    change(document)
    problems = list(programs.PROGRAM("plan", document))
    assert any(complaint in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["body"][0].update(op="exec"), "unknown instruction"),
        (lambda d: d["body"][0].update(runs=[[4, 0, 1, 0]]), "leaves a register 3 wide"),
        (lambda d: d["body"][0].update(runs=[[3, 0, 1, 7]]), "names row 7"),
        (lambda d: d["body"][0].update(runs=["abcd"]), "expected a list of runs"),
        (lambda d: d["body"][0].update(code="import os"), "parameters"),
        (lambda d: d["body"][0].update({"in": ["x2", "k0"]}), "not defined before it is used"),
        (lambda d: d["body"][1].update(out="x1"), "assigned twice"),
        (lambda d: d["outputs"]["value"].update({"from": "x9"}), "never assigned"),
        (lambda d: d["inputs"][0].update(width=2**40), "expected 1 to"),
    ],
)
def test_a_program_that_cannot_run_is_refused(change: Callable[[Any], Any], complaint: str) -> None:
    document = good()
    change(document)
    assert list(programs.PROGRAM("plan", document)) == []
    with pytest.raises(PlanError, match=complaint):
        programs.restore(document, Shelf().fetch)


def test_no_parameter_has_the_name_of_a_key_of_its_line() -> None:
    for entry in INSTRUCTIONS.values():
        assert not {param.name for param in entry.params} & set(programs.LINE)
