"""A plan as a document of integers, texts and digests of arrays, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import canonical
from .runtime.plan import Constant, Input, Instruction, Output, Plan
from .schema import Check, choice, digest, integer, items, real, record, table, text

__all__ = ["FEW", "PROGRAM", "Fetch", "Keep", "arrays", "document", "restore"]

Keep = Callable[[NDArray[Any]], str]
"""Takes an array into the bundle and answers its digest."""

Fetch = Callable[[str, str, tuple[int, ...]], NDArray[Any]]
"""Reads the array of a digest, which must have this type and shape."""

FEW = 8
"""Reals up to so many stand in the document itself."""

LINE = ("op", "in", "out", "step", "fold")
"""The keys of a line that are not parameters of its instruction."""


def document(plan: Plan, keep: Keep) -> dict[str, Any]:
    """The document of a plan; its larger constants are given to `keep`."""
    return {
        "ir": 1,
        "inputs": [_input(source) for source in plan.inputs],
        "consts": {name: _constant(constant, keep) for name, constant in plan.constants.items()},
        "body": [_line(instruction) for instruction in plan.body],
        "outputs": {name: _output(output) for name, output in plan.outputs.items()},
    }


def _input(source: Input) -> dict[str, Any]:
    return {"name": source.name, "width": source.width, **({"nan": "allow"} if source.missing else {})}


def _constant(constant: Constant, keep: Keep) -> dict[str, Any]:
    array, shape = constant.array, list(constant.shape)
    if array.dtype.kind == "f" and array.size <= FEW:
        return {"hex": [value.hex() for value in array.ravel().tolist()], "shape": shape}
    return {"array": keep(array), "shape": shape, "type": constant.dtype.str}


def _line(instruction: Instruction) -> dict[str, Any]:
    line = {"op": instruction.op, "in": list(instruction.inputs), "out": instruction.out, **instruction.params}
    if instruction.step is not None:
        line["step"] = instruction.step
    if instruction.fold is not None:
        line["fold"] = instruction.fold
    return line


def _output(output: Output) -> dict[str, Any]:
    return {"from": output.register, "names": list(output.names)} if output.names else {"from": output.register}


def _check_line(where: str, value: Any) -> Iterator[str]:
    # Parameters belong to the instruction's own entry, which checks them when the plan is made.
    fixed = {key: value[key] for key in LINE if key in value} if type(value) is dict else value
    yield from record({"op": text, "in": items(text), "out": text}, {"step": integer(0), "fold": text})(where, fixed)


def _check_constant(where: str, value: Any) -> Iterator[str]:
    shape = items(integer(1, 2**31), 1, 2)
    if type(value) is dict and "hex" in value:
        problems = [*record({"hex": items(real, 1, FEW), "shape": shape})(where, value)]
        if not problems and (len(value["shape"]) != 2 or len(value["hex"]) != value["shape"][0] * value["shape"][1]):
            problems = [f"{where}: {len(value['hex'])} reals, expected as many as the shape {value['shape']} says"]
        yield from problems
    else:
        yield from record({"array": digest, "shape": shape, "type": choice("<f8", "<i4")})(where, value)


PROGRAM: Check = record(
    {
        "ir": integer(1, 1),
        "inputs": items(record({"name": text, "width": integer(1)}, {"nan": choice("allow")}), 1),
        "consts": table(text, _check_constant),
        "body": items(_check_line),
        "outputs": table(text, record({"from": text}, {"names": items(text, 1)})),
    }
)
"""What the document of a plan looks like."""


def arrays(program: dict[str, Any]) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Digest, type and shape of each array that a document (which fits `PROGRAM`) names."""
    for constant in program["consts"].values():
        if "array" in constant:
            yield constant["array"], constant["type"], tuple(constant["shape"])


def restore(program: dict[str, Any], fetch: Fetch) -> Plan:
    """The plan of a document that fits `PROGRAM`; arrays are fetched when first used.

    Raises PlanError when no host may run it.
    """
    return Plan(
        tuple(Input(source["name"], source["width"], "nan" in source) for source in program["inputs"]),
        {name: _restored(constant, fetch) for name, constant in program["consts"].items()},
        tuple(map(_instruction, program["body"])),
        {name: Output(o["from"], tuple(o.get("names", ()))) for name, o in program["outputs"].items()},
    )


def _restored(constant: dict[str, Any], fetch: Fetch) -> Constant:
    shape = tuple(constant["shape"])
    if "array" in constant:
        return Constant(shape, constant["type"], partial(fetch, constant["array"], constant["type"], shape))
    return Constant.of(np.array([canonical.real(value) for value in constant["hex"]]).reshape(shape))


def _instruction(line: dict[str, Any]) -> Instruction:
    params = {key: value for key, value in line.items() if key not in LINE}
    return Instruction(line["op"], tuple(line["in"]), line["out"], params, line.get("step"), line.get("fold"))
