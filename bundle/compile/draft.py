"""A plan while it is being rewritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..runtime.plan import Constant, Instruction, Output, Plan

__all__ = ["Draft", "Table"]

Table = NDArray[np.float64]


class Draft:
    """A plan being rewritten: lines may be replaced by others that define the same register."""

    def __init__(self, plan: Plan) -> None:
        self.inputs = plan.inputs
        self.outputs = dict(plan.outputs)
        self.constants = dict(plan.constants)
        self.lines = list(plan.body)
        self.widths = dict(plan.widths)
        self._made = 0
        self.drop_dead()

    def line(self, register: str) -> Instruction | None:
        """The line that defines a register; None for an input."""
        return next((line for line in self.lines if line.out == register), None)

    def width(self, name: str) -> int:
        """Columns of a register or a constant."""
        return self.constants[name].shape[-1] if name in self.constants else self.widths[name]

    def readers(self, register: str) -> list[Instruction]:
        """The lines that read a register."""
        return [line for line in self.lines if register in line.inputs]

    def read_once(self, register: str) -> bool:
        """Whether one line alone needs a register, so that rewriting that line frees it."""
        return len(self.readers(register)) == 1 and not self.is_output(register)

    def is_output(self, register: str) -> bool:
        return any(output.register == register for output in self.outputs.values())

    def table(self, name: str) -> Table:
        return self.constants[name].array

    def constant(self, values: Any) -> str:
        """A new constant with these values."""
        self._made += 1
        name = f"c{self._made}"
        self.constants[name] = Constant.of(values)
        return name

    def new_line(self, like: Instruction, op: str, inputs: Sequence[str], width: int, **params: Any) -> Instruction:
        """A line with a register of its own, from the same step and fold as `like`."""
        self._made += 1
        line = replace(like, op=op, inputs=tuple(inputs), out=f"r{self._made}", params=params)
        self.widths[line.out] = width
        return line

    def matmul(self, like: Instruction, register: str, table: Table) -> Instruction:
        """A new line `matmul(register, table)`."""
        return self.new_line(like, "matmul", [register, self.constant(table)], len(table))

    def replace(self, old: Instruction, new: Sequence[Instruction]) -> None:
        """Put `new` where `old` stood; the last one takes over its register."""
        position = self.lines.index(old)
        self.lines[position : position + 1] = [*new[:-1], replace(new[-1], out=old.out)]

    def finite(self) -> bool:
        """Whether every table made on the way holds finite numbers."""
        return all(
            np.isfinite(self.constants[f"c{number}"].array).all()
            for number in range(1, self._made + 1)
            if f"c{number}" in self.constants
        )

    def drop_dead(self) -> None:
        """Remove lines that no output needs."""
        wanted = {output.register for output in self.outputs.values()}
        kept = []
        for line in reversed(self.lines):
            if line.out in wanted:
                kept.append(line)
                wanted.update(line.inputs)
        self.lines = kept[::-1]

    def plan(self) -> Plan:
        """The finished plan, registers and constants numbered in the order of their first use."""
        names = {source.name: source.name for source in self.inputs}
        used: dict[str, str] = {}
        for number, line in enumerate(self.lines):
            names[line.out] = f"x{number + 1}"
            for name in line.inputs:
                if name in self.constants:
                    used.setdefault(name, f"k{len(used)}")
        names |= used
        body = tuple(
            replace(line, inputs=tuple(names[name] for name in line.inputs), out=names[line.out]) for line in self.lines
        )
        outputs = {key: Output(names[output.register], output.names) for key, output in self.outputs.items()}
        return Plan(self.inputs, {new: self.constants[old] for old, new in used.items()}, body, outputs)
