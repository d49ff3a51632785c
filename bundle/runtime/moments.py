"""One reading of the spectra in place of two, for the fast profile.

To centre rows, and then to sum squares and products of what is left, reads them twice and writes a copy. Because

    Σ(x − m)² = Σx² − p·m²   and   (x − m)·w = x·w − m·Σw

products of the rows as they are say the same. They are differences of large numbers where the mean is large beside the
spread: ten bits, three digits, may be lost. A row that keeps less than `SHARE` of its squares would lose more, and is
not to be answered so; a constant row is one of these, and is told from one with a peak as ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .plan import Constant, Instruction, Output, Plan
from .sums import row_sums

__all__ = ["one_pass"]

SHARE = 2.0**-10


def one_pass(plan: Plan, body: Sequence[Instruction], wanted: Sequence[str]) -> tuple[Plan, tuple[str, ...]] | None:
    """A program that makes the registers `wanted` of `body` without the centred rows, and registers of one column that
    are above zero for the rows it may answer; None where no rows are centred only to be squared, summed and multiplied.
    """
    sums = {line.out: line for line in body if _is(line, "sum") and line.params["d"] == plan.widths[line.inputs[0]]}
    centred = {line.out: line.inputs for line in body if _is_spare(line, body, wanted, sums)}
    if not centred:
        return None
    means = {m for _, m in centred.values()}
    short = _Short(plan)
    for line in body:
        if line.out in means:
            short.mean(line)
        elif line.out in centred:
            short.energy(line)
        elif line.inputs[0] not in centred:
            short.lines.append(line)
        elif line.op == "row":
            short.write("div", f"{line.inputs[0]}:left", line.params["d"], out=line.out)
        else:
            short.product(line, *centred[line.inputs[0]])
    outputs = {name: Output(name) for name in wanted}
    return Plan(plan.inputs, short.constants, tuple(short.lines), outputs), tuple(f"{c}:enough" for c in centred)


def _is_spare(
    line: Instruction, body: Sequence[Instruction], wanted: Sequence[str], sums: Mapping[str, Instruction]
) -> bool:
    """Whether a line centres rows of which nothing but their squares and products is asked."""
    if line.op != "sub" or line.out in wanted or line.inputs[1] not in sums:
        return False
    readers = [later for later in body if line.out in later.inputs]
    squares = [later for later in readers if _is(later, "sumsq")]
    others = [later for later in readers if later not in squares]
    own = sums[line.inputs[1]].inputs[0] == line.inputs[0]
    return own and bool(squares) and all(later.op == "matmul" for later in others)


def _is(line: Instruction, f: str) -> bool:
    return line.op == "row" and line.params["f"] == f and line.params.get("parts", 1) == 1


class _Short:
    """The program as it is written: numbers and arrays among the operands become constants."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.constants = dict(plan.constants)
        self.lines: list[Instruction] = []

    def write(self, op: str, *operands: Any, out: str, **params: Any) -> str:
        """Append a line; its register."""
        self.lines.append(Instruction(op, tuple([self._name(operand) for operand in operands]), out, params))
        return out

    def mean(self, line: Instruction) -> None:
        """m = Σx ÷ p, as a product."""
        width = self._plan.widths[line.inputs[0]]
        total = self.write("matmul", line.inputs[0], np.ones((1, width)), out=f"{line.out}:sum")
        self.write("div", total, float(width), out=line.out)

    def energy(self, line: Instruction) -> None:
        """Σ(x − m)² = Σx² − p·m², and whether that is enough beside what is taken away."""
        (x, m), c = line.inputs, line.out
        squares = self.write("row", x, out=f"{c}:squares", f="sumsq", d=1)
        scaled = self.write("mul", m, float(self._plan.widths[x]), out=f"{c}:scaled")
        taken = self.write("mul", scaled, m, out=f"{c}:taken")
        left = self.write("sub", squares, taken, out=f"{c}:left")
        least = self.write("mul", taken, SHARE, out=f"{c}:least")
        self.write("sub", left, least, out=f"{c}:enough")

    def product(self, line: Instruction, x: str, m: str) -> None:
        """(x − m)·w = x·w − m·Σw for each w of a table."""
        table = self._plan.constants[line.inputs[1]].array
        weights = np.empty((len(table), 1))
        row_sums(table, weights)
        whole = self.write("matmul", x, line.inputs[1], out=f"{line.out}:whole")
        taken = self.write("mul", weights.T, m, out=f"{line.out}:taken")
        self.write("sub", whole, taken, out=line.out)

    def _name(self, operand: Any) -> str:
        if isinstance(operand, str):
            return operand
        name = f"constant {len(self.constants)}"
        self.constants[name] = Constant.of(operand)
        return name
