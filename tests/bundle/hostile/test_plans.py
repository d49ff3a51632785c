"""Plans that no host may run, in manifests that are otherwise in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .forge import Contents, with_manifest

Refused = Callable[[bytes | Contents], str]
Change = Callable[[dict[str, Any]], Any]
A = "a" * 64


def line(plan: dict[str, Any], op: str) -> dict[str, Any]:
    """The first line with this word."""
    found: dict[str, Any] = next(line for line in plan["body"] if line["op"] == op)
    return found


def losing(plan: dict[str, Any]) -> None:
    """A plan whose spectra may lack values, and a line that would lose them."""
    plan["inputs"][0]["nan"] = "allow"
    line(plan, "sub").update({"op": "max", "in": ["x1", "x"]})


CASES: list[tuple[Change, str]] = [
    (losing, "(max → x2): 'x' may be missing (NaN), which is lost here; expected as the first operand"),
    (lambda p: line(p, "map").update(op="exec"), "(exec → x4): unknown instruction; this n4akit knows add, sub"),
    (lambda p: line(p, "map").update(f="eval"), "f='eval', expected one of sqrt, abs"),
    (lambda p: line(p, "map").update(f=["sqrt"]), "f=['sqrt'], expected one of sqrt, abs"),
    (lambda p: line(p, "map").update(code="import os"), "parameters ['code', 'f'], expected ['f']"),
    (lambda p: line(p, "map").pop("f"), "parameters [], expected ['f']"),
    (lambda p: line(p, "row").update(d=0), "d=0, expected an integer from 1 to 2147483648"),
    (lambda p: line(p, "row").update(d=2**40), "d=1099511627776, expected an integer from 1 to 2147483648"),
    (lambda p: line(p, "row").update(d=True), "d=True, expected an integer from 1"),
    (lambda p: line(p, "row").update(f="max"), "d=12 has no meaning for f=max"),
    (lambda p: line(p, "sub").update({"in": ["x", "x99"]}), "operand 'x99' is not defined before it is used"),
    (lambda p: line(p, "sub").update({"in": ["x", "x2"]}), "operand 'x2' is not defined before it is used"),
    (lambda p: line(p, "sub").update({"in": ["x"]}), "1 operands, expected 2"),
    (lambda p: line(p, "sub").update({"in": "x"}), "body[1].in: 'x' (text), expected a list"),
    (lambda p: line(p, "sub").update(out="x1"), "'x1' is assigned twice"),
    (lambda p: line(p, "sub").update(out="k0"), "'k0' is assigned twice"),
    (lambda p: line(p, "sub").update(step="1"), "body[1].step: '1' (text), expected an integer from 0"),
    (lambda p: line(p, "sub").update(step=7), "x2 belongs to step 7, which the chain does not have"),
    (lambda p: line(p, "sub").update(fold="9"), "x2 belongs to fold '9', which the chain does not have"),
    (lambda p: line(p, "matmul").update({"in": ["x1", "k0"]}), "a register 1 wide meets a table of 12 columns"),
    (lambda p: line(p, "matmul").update({"in": ["k0", "k0"]}), "is a constant <f8 (1, 12), expected a register"),
    (lambda p: line(p, "matmul").update({"in": ["x2", "x2"]}), "operand 'x2' is a register, expected a constant table"),
    (lambda p: line(p, "matmul").update(op="gather"), "is a constant <f8 (1, 12), expected constant column numbers"),
    (lambda p: line(p, "matmul").update(op="banded", runs=[[2, 0, 1, 0]]), "of 12 taps leaves a register 12 wide"),
    (lambda p: line(p, "matmul").update(op="banded", runs=[[1, 0, 1, 1]]), "names row 1 of 1 rows of taps"),
    (lambda p: line(p, "matmul").update(op="banded", runs=[[1, -1, 1, 0]]), "expected a list of runs [count ≥ 1"),
    (lambda p: p["inputs"][0].update(width=13), "a register 13 wide meets a table of 12 columns"),
    (lambda p: p["inputs"][0].update(width=2**24 + 1), "input 'x': 16777217 columns, expected 1 to 16777216"),
    (lambda p: p["inputs"].append({"name": "y", "width": 3}), "inputs of widths [12, 3], expected one of 12"),
    (lambda p: p["inputs"].append({"name": "x", "width": 12}), "two things are named 'x'"),
    (lambda p: p["outputs"]["value"].update({"from": "x99"}), "names register 'x99', which is never assigned"),
    (lambda p: p["outputs"]["value"].update({"from": "k0"}), "names register 'k0', which is never assigned"),
    (lambda p: p["outputs"]["value"].update({"from": "x2"}), "output 'value' has 12 columns named []"),
    (lambda p: p["outputs"]["value"].update(names=["fat"]), "has 1 columns named ['fat'], expected the targets"),
    (lambda p: p["outputs"].update(other={"from": "x1"}), "outputs ['other', 'value'], expected ['value']"),
    (lambda p: p.update(outputs={}), "plan: no output, expected at least one"),
    (lambda p: p.update(ir=2), "compiled.ir: 2 (an integer), expected an integer from 1 to 1"),
    (lambda p: p["consts"]["k1"].update(hex=["inf"]), "plan constant 'k1' is infinite"),
    (lambda p: p["consts"]["k1"].update(hex=["nan"] * 2, shape=[1, 2]), "has 2 columns named [], expected"),
    (
        lambda p: p["consts"]["k1"].update(hex=["nan"] * 2, shape=[2, 1]),
        "is a constant <f8 (2, 1), expected a register",
    ),
    (lambda p: p["consts"]["k1"].update(shape=[1]), "1 reals, expected as many as the shape [1] says"),
    (lambda p: p["consts"]["k1"].update(hex=["0x1.0000000000000p+9999"]), "is no real, expected hexadecimal text"),
    (lambda p: p["consts"]["k1"].update(hex=[1]), "1 is no real, expected hexadecimal text"),
    (lambda p: p["consts"]["k0"].update(type="|O"), "consts.k0.type: '|O' (text), expected '<f8' or '<i4'"),
    (
        lambda p: p["consts"]["k0"].update(type="<i4"),
        "<i4 of shape (1, 12), expected <f8 with two axes or <i4 with one",
    ),
    (lambda p: p["consts"]["k0"].update(shape=[12]), "<f8 of shape (12,), expected <f8 with two axes or <i4 with one"),
    (lambda p: p["consts"]["k0"].update(shape=[0, 12]), "k0.shape[0]: 0 (an integer), expected an integer from 1"),
    (lambda p: p["consts"]["k0"].update(shape=[2, 6]), "a register 12 wide meets a table of 6 columns"),
    (
        lambda p: p["consts"]["k0"].update(shape=[2**31, 2**31]),
        "a register 12 wide meets a table of 2147483648 columns",
    ),
    (lambda p: p["consts"]["k0"].update(shape=[2**31, 12]), "2147483648 columns, expected 1 to 16777216"),
    (lambda p: p["consts"]["k0"].update(array=A), f"artifacts: {A} is used, but not in the table"),
    (
        lambda p: p["consts"]["k0"].update(array="../../etc/passwd"),
        "expected a sha256, 64 lower-case hexadecimal digits",
    ),
    (lambda p: p["consts"].update(k9={"array": A, "shape": [2**31, 2**31], "type": "<f8"}), f"{A} is used, but not in"),
]


@pytest.mark.parametrize(("change", "words"), CASES, ids=[words[:40] for _, words in CASES])
def test_a_plan_that_cannot_run_is_refused(good: Contents, refused: Refused, change: Change, words: str) -> None:
    assert words in refused(with_manifest(good, lambda m: change(m["plans"]["compiled"])))


def test_the_faithful_plan_is_checked_as_strictly(good: Contents, refused: Refused) -> None:
    said = refused(with_manifest(good, lambda m: line(m["plans"]["faithful"], "map").update(op="exec")))
    assert said.startswith("manifest.json plans.faithful: plan instruction 3 (exec → x4): unknown instruction")


def test_a_pickle_does_not_enter_by_the_back_door(good: Contents, refused: Refused) -> None:
    def change(plan: dict[str, Any]) -> None:
        plan["body"].insert(0, {"op": "opaque", "in": ["x"], "out": "x0", "artifact": A, "width": 12})

    said = refused(with_manifest(good, lambda m: change(m["plans"]["compiled"])))
    assert f"{A} is used, but not in the table" in said and "but the plans make it 'opaque'" in said
