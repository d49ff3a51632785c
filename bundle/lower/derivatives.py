"""Derivatives by differences: across a gap, or between neighbours."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite

import numpy as np

from ..errors import PlanError
from ..operators import GapDerivative, Gradient
from .operate import operate
from .padding import MODES, padding, reach
from .program import Program
from .rounding import rounded

__all__: list[str] = []


@operate.register
def gap_derivative(operator: GapDerivative, program: Program, x: str) -> str:
    segment, gap, deriv = operator.segment, operator.gap, operator.deriv
    if segment < 1 or gap < 2 or deriv not in (1, 2) or (deriv == 2 and gap < 3) or operator.mode not in MODES:
        raise PlanError(
            f"GapDerivative: segment={segment}, gap={gap}, deriv={deriv}, mode={operator.mode!r}; expected "
            f"segment ≥ 1, gap ≥ 2 (3 for a second derivative), deriv 1 or 2, mode {', '.join(MODES)}"
        )
    if not isfinite(operator.delta) or operator.delta == 0.0:
        raise PlanError(f"GapDerivative: delta={operator.delta}, expected a finite number other than 0")
    differences = [Fraction(0)] * gap
    differences[0] = Fraction(-1 if deriv == 1 else 1)
    differences[-1] = Fraction(1)
    if deriv == 2:
        differences[gap - 1 - (gap - 1) // 2] = Fraction(-2)
    # The mean of each segment, differenced over the gap, is one row of weights.
    taps = [Fraction(0)] * (gap + segment - 1)
    for i, difference in enumerate(differences):
        for j in range(segment):
            taps[i + j] += difference / (segment * gap * Fraction(operator.delta) ** deriv)
    p = program.width(x)
    padded = program("gather", x, padding(operator.mode, p, *reach(len(taps))))
    return program("banded", padded, rounded("GapDerivative", operator.delta, [taps]), runs=[[p, 0, 1, 0]])


ENDS = {1: [-1.0, 1.0, 0.0], 2: [-1.5, 2.0, -0.5]}


@operate.register
def gradient(operator: Gradient, program: Program, x: str) -> str:
    p = program.width(x)
    usable = isfinite(operator.delta) and operator.delta != 0.0
    if p < 3 or operator.edge_order not in ENDS or operator.deriv < 1 or not usable:
        raise PlanError(
            f"Gradient: edge_order={operator.edge_order}, deriv={operator.deriv}, delta={operator.delta} on "
            f"{p} points, expected edge_order 1 or 2, deriv ≥ 1, a finite delta ≠ 0 and at least 3 points"
        )
    ends = ENDS[operator.edge_order]
    taps = np.array([[-1.0, 0.0, 1.0], ends, [-w for w in reversed(ends)]])
    steps = np.full(p, 2.0 * operator.delta)
    steps[[0, -1]] = operator.delta
    for _ in range(operator.deriv):
        differences = program("banded", x, taps, runs=[[1, 0, 1, 1], [p - 2, 0, 1, 0], [1, p - 3, 1, 2]])
        x = program("div", differences, steps)
    return x
