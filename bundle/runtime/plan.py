"""A plan: a straight-line program of instructions over named registers, with its constants. Checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .entry import Entry
from .errors import PlanError
from .instructions import INSTRUCTIONS

__all__ = ["ASIDE", "BESIDE", "Constant", "Input", "Instruction", "Output", "Plan"]

F8 = np.dtype("<f8")
I4 = np.dtype("<i4")
WIDEST = 2**24
"""No register may have more columns: a guard against programs made to exhaust memory."""


BESIDE = ("q", "spread", "t2")
"""Outputs that say how good an answer is, and are computed only when that is asked."""

ASIDE = ("residual",)
"""Outputs as wide as spectra, of which golden rows hold no answers; they are computed when one of them is asked for."""


class Constant:
    """Numbers that a plan holds: float64 of shape (1, w) or (k, p), or int32 column numbers of shape (k,).

    The values may be fetched when first used; the shape is known before.
    """

    def __init__(self, shape: tuple[int, ...], dtype: str, fetch: Callable[[], NDArray[Any]]) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._fetch = fetch

    @classmethod
    def of(cls, values: Any) -> Constant:
        """A constant in memory; integers become column numbers, everything else float64 with two axes."""
        array = np.asarray(values)
        if array.dtype.kind in "iu" and array.ndim == 1:
            array = np.ascontiguousarray(array, dtype=I4)
        else:
            array = np.ascontiguousarray(np.atleast_2d(np.asarray(array, dtype=F8)))
        array = array.view()
        array.setflags(write=False)
        return cls(array.shape, array.dtype.str, lambda: array)

    @cached_property
    def array(self) -> NDArray[Any]:
        """The values, C-contiguous and read-only."""
        return self._fetch()


@dataclass(frozen=True)
class Input:
    """One source of spectra: a register that the caller fills."""

    name: str
    width: int
    missing: bool = False
    """Whether values may be missing: NaN. Elsewhere a spectrum with one is refused at the door."""


@dataclass(frozen=True)
class Instruction:
    """One line of a plan: `out = op(*inputs, **params)`, and the chain step and fold it came from."""

    op: str
    inputs: tuple[str, ...]
    out: str
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    step: int | None = None
    fold: str | None = None


@dataclass(frozen=True)
class Output:
    """A register that the plan answers with, and the names of its columns where it has several."""

    register: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A program in single-assignment form.

    Raises PlanError, naming the instruction, when a word is unknown, an operand is not defined before its use, a name
    is assigned twice, a parameter is out of its range, shapes do not chain, what is missing would be lost, or an output
    names no register.
    """

    inputs: tuple[Input, ...]
    constants: Mapping[str, Constant]
    body: tuple[Instruction, ...]
    outputs: Mapping[str, Output]
    widths: Mapping[str, int] = field(init=False, compare=False)
    """Columns of every register, inputs included."""
    missing: frozenset[str] = field(init=False, compare=False)
    """Registers that may hold NaN because a value of the spectra is missing."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", _check(self))
        object.__setattr__(self, "missing", _missing(self))

    @property
    def answers(self) -> tuple[str, ...]:
        """The outputs in the order in which hosts tell them: `value`, then the others by name, none of `ASIDE`."""
        return tuple(sorted(self.outputs.keys() - set(ASIDE), key=lambda name: (name != "value", name)))

    @property
    def columns(self) -> dict[str, slice]:
        """Where each of the `answers` stands when they are side by side."""
        found, start = {}, 0
        for name in self.answers:
            stop = start + self.widths[self.outputs[name].register]
            found[name], start = slice(start, stop), stop
        return found

    def operand_shapes(self, instruction: Instruction) -> tuple[tuple[int, ...], ...]:
        """The shape of each operand of an instruction; a register counts as one row."""
        return tuple(self.shape(name) for name in instruction.inputs)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a constant, or (1, width) of a register."""
        return self.constants[name].shape if name in self.constants else (1, self.widths[name])

    def check_values(self) -> None:
        """Read every constant and raise PlanError where a value is not finite or out of its instruction's limits.

        One lone NaN is allowed: it is how a plan says "no answer for this row".
        """
        for name, constant in self.constants.items():
            found = constant.array
            if found.shape != constant.shape or found.dtype != constant.dtype:
                raise PlanError(
                    f"plan constant {name!r} was announced as {constant.dtype.str} of shape {constant.shape}, "
                    f"and is {found.dtype.str} of shape {found.shape}"
                )
            if constant.dtype == F8 and constant.shape != (1, 1) and not np.isfinite(constant.array).all():
                raise PlanError(f"plan constant {name!r} holds values that are not finite")
            if constant.shape == (1, 1) and np.isinf(constant.array[0, 0]):
                raise PlanError(f"plan constant {name!r} is infinite")
        for number, instruction in enumerate(self.body):
            rules = INSTRUCTIONS[instruction.op].values
            shapes = self.operand_shapes(instruction)
            held = [self.constants[name].array if name in self.constants else None for name in instruction.inputs]
            for rule in rules:
                complaint = rule.complaint(shapes, INSTRUCTIONS[instruction.op].complete(instruction.params), held)
                if complaint:
                    raise PlanError(f"{_where(number, instruction)}: {instruction.inputs[rule.operand]!r} {complaint}")


def _check(plan: Plan) -> dict[str, int]:
    widths: dict[str, int] = {}
    for source in plan.inputs:
        if source.name in widths or source.name in plan.constants:
            raise PlanError(f"plan: two things are named {source.name!r}; give every input and constant its own name")
        if not 1 <= source.width <= WIDEST:
            raise PlanError(f"plan input {source.name!r}: {source.width} columns, expected 1 to {WIDEST}")
        widths[source.name] = source.width
    if not plan.inputs:
        raise PlanError("plan: no input, expected at least one")
    for name, constant in plan.constants.items():
        _check_constant(name, constant)
    for number, instruction in enumerate(plan.body):
        where = _where(number, instruction)
        if instruction.out in widths or instruction.out in plan.constants:
            raise PlanError(f"{where}: {instruction.out!r} is assigned twice")
        widths[instruction.out] = _check_instruction(where, instruction, plan.constants, widths)
    for name, output in plan.outputs.items():
        if output.register not in widths:
            raise PlanError(f"plan output {name!r} names register {output.register!r}, which is never assigned")
        if output.names and len(output.names) != widths[output.register]:
            raise PlanError(f"plan output {name!r}: {len(output.names)} names for {widths[output.register]} columns")
    if not plan.outputs:
        raise PlanError("plan: no output, expected at least one")
    return widths


def _missing(plan: Plan) -> frozenset[str]:
    missing = {source.name for source in plan.inputs if source.missing}
    for number, line in enumerate(plan.body) if missing else ():
        try:
            if not missing.isdisjoint(line.inputs) and INSTRUCTIONS[line.op].missing(line.inputs, line.params, missing):
                missing.add(line.out)
        except ValueError as error:
            raise PlanError(f"{_where(number, line)}: {error}") from None
    return frozenset(missing)


def _where(number: int, line: Instruction) -> str:
    return f"plan instruction {number} ({line.op} → {line.out})"


def _check_constant(name: str, constant: Constant) -> None:
    good = len(constant.shape) == (2 if constant.dtype == F8 else 1) and constant.dtype in (F8, I4)
    if not good or min(constant.shape) < 1:
        raise PlanError(
            f"plan constant {name!r}: {constant.dtype.str} of shape {constant.shape}, "
            "expected <f8 with two axes or <i4 with one, nothing empty"
        )


def _check_instruction(
    where: str, instruction: Instruction, constants: Mapping[str, Constant], widths: Mapping[str, int]
) -> int:
    entry = INSTRUCTIONS.get(instruction.op)
    if entry is None:
        raise PlanError(f"{where}: unknown instruction; this n4akit knows {', '.join(INSTRUCTIONS)}")
    shapes = _operand_shapes(where, entry, instruction, constants, widths)
    _check_params(where, entry, instruction.params)
    try:
        width = entry.width(shapes, instruction.params)
    except ValueError as error:
        raise PlanError(f"{where}: {error}") from None
    if not 1 <= width <= WIDEST:
        raise PlanError(f"{where}: {width} columns, expected 1 to {WIDEST}")
    return width


def _check_params(where: str, entry: Entry, said: Mapping[str, Any]) -> None:
    needed = sorted(param.name for param in entry.params if param.default is None)
    spare = sorted(param.name for param in entry.params if param.default is not None)
    if not set(needed) <= set(said) <= {*needed, *spare}:
        perhaps = f" and perhaps {spare}" if spare else ""
        raise PlanError(f"{where}: parameters {sorted(said)}, expected {needed}{perhaps}")
    for param in entry.params:
        complaint = param.complaint(said[param.name]) if param.name in said else None
        if complaint:
            raise PlanError(f"{where}: {param.name}={said[param.name]!r:.60}, {complaint}")


def _operand_shapes(
    where: str, entry: Entry, instruction: Instruction, constants: Mapping[str, Constant], widths: Mapping[str, int]
) -> list[tuple[int, ...]]:
    slots = entry.slots_of(len(instruction.inputs))
    if len(instruction.inputs) != len(slots):
        raise PlanError(f"{where}: {len(instruction.inputs)} operands, expected {len(slots)}")
    shapes = []
    for slot, name in zip(slots, instruction.inputs, strict=True):
        constant = constants.get(name)
        if constant is None and name not in widths:
            raise PlanError(f"{where}: operand {name!r} is not defined before it is used")
        if not _fits(slot, constant):
            found = "a register" if constant is None else f"a constant {constant.dtype.str} {constant.shape}"
            raise PlanError(f"{where}: operand {name!r} is {found}, expected {_SLOTS[slot]}")
        shapes.append((1, widths[name]) if constant is None else constant.shape)
    return shapes


_SLOTS = {
    "register": "a register",
    "row": "a register or a constant of one row",
    "table": "a constant table",
    "vector": "a constant of one row",
    "index": "constant column numbers",
}


def _fits(slot: str, constant: Constant | None) -> bool:
    if constant is None:
        return slot in ("row", "register")
    if constant.dtype == I4:
        return slot == "index"
    return slot == "table" or (slot in ("row", "vector") and constant.shape[0] == 1)
