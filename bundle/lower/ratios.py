"""What divides each spectrum by a measure of itself: its sum, its area, one of its points, its range."""

from __future__ import annotations

import numpy as np

from ..errors import PlanError
from ..preprocessing import Range, Ratio
from .operate import operate
from .points import fitted
from .program import Program

__all__: list[str] = []


@operate.register
def ratio(operator: Ratio, program: Program, x: str) -> str:
    measured = program("map", x, f="abs") if operator.absolute else x
    divisor = program("matmul", measured, fitted("Ratio", operator.weights, program, x))
    size = program("map", divisor, f="abs")
    if operator.least is None:
        return program("div", x, program("select", size, 0.0, np.nan, divisor, f="le"))
    if not 0.0 <= operator.least < np.inf:
        raise PlanError(f"Ratio: least={operator.least}, expected a number ≥ 0")
    return program("div", x, program("select", size, operator.least, 1.0, divisor, f="le"))


@operate.register
def range_(operator: Range, program: Program, x: str) -> str:
    divisor = program("row", x, f="max", d=1)
    if operator.with_min:
        least = program("row", x, f="min", d=1)
        x, divisor = program("sub", x, least), program("sub", divisor, least)
    # A spectrum that is flat, or whose largest value is 0, has no answer.
    return program("div", x, program("select", divisor, 0.0, np.nan, divisor, f="eq"))
