"""What several branches make of one spectrum: side by side, averaged, or counted as votes for a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import PlanError
from ..operators import Concat, Largest, Mean, OneHot, Operators
from .operate import operate
from .program import Program

__all__ = ["average", "each"]


def average(program: Program, registers: Sequence[str], weights: Sequence[float] = ()) -> str:
    """The mean of registers in their order, each times its weight and divided by the sum of the weights if given."""
    if not weights:
        return program("fold", *registers, d=len(registers)) if len(registers) > 1 else registers[0]
    if len(weights) != len(registers):
        raise PlanError(f"Mean: {len(weights)} weights for {len(registers)} branches")
    total = 0.0
    for weight in weights:
        total += weight
    if not 0.0 < total < float("inf") or min(weights) < 0.0:
        raise PlanError(f"Mean: weights {list(weights)}, expected finite numbers ≥ 0, not all 0")
    weighted = [program("mul", register, weight) for register, weight in zip(registers, weights, strict=True)]
    return program("div", program("fold", *weighted, d=1), total)


def each(branches: Sequence[Operators], program: Program, x: str) -> list[str]:
    """What every branch makes of the same register."""
    if not branches:
        raise PlanError("no branches, expected at least one")
    ends = []
    for operators in branches:
        end = x
        for operator in operators:
            end = operate(operator, program, end)
        ends.append(end)
    return ends


@operate.register
def concat(operator: Concat, program: Program, x: str) -> str:
    ends = each(operator.branches, program, x)
    return program("concat", *ends) if len(ends) > 1 else ends[0]


@operate.register
def mean(operator: Mean, program: Program, x: str) -> str:
    ends = each(operator.branches, program, x)
    widths = {program.width(end) for end in ends}
    if len(widths) > 1:
        raise PlanError(f"Mean: branches of {sorted(widths)} columns, expected the same number from each")
    return average(program, ends, operator.weights)


@operate.register
def largest(operator: Largest, program: Program, x: str) -> str:
    return program("argmax", x)


@operate.register
def one_hot(operator: OneHot, program: Program, x: str) -> str:
    if operator.count < 2 or program.width(x) != 1:
        raise PlanError(f"OneHot: {operator.count} classes from {program.width(x)} columns, expected ≥ 2 from 1")
    return program("select", x, np.arange(float(operator.count)), 1.0, 0.0, f="eq")
