"""What divides each spectrum by a measure of itself: its sum, its area, one of its points, its range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..preprocessing import PercentileSNV, Range, Ratio
from .operate import operate
from .points import fitted
from .program import Program

__all__ = ["trapezoid"]


@operate.register
def ratio(operator: Ratio, program: Program, x: str) -> str:
    measured = program("map", x, f="abs") if operator.absolute else x
    divisor = program("matmul", measured, fitted("Ratio", _weights(operator, program.width(x)), program, x))
    size = program("map", divisor, f="abs")
    if operator.least is None:
        return program("div", x, program("select", size, 0.0, np.nan, divisor, f="le"))
    if not 0.0 <= operator.least < np.inf:
        raise PlanError(f"Ratio: least={operator.least}, expected a number ≥ 0")
    return program("div", x, program("select", size, operator.least, 1.0, divisor, f="le"))


def _weights(operator: Ratio, points: int) -> NDArray[np.float64]:
    if not isinstance(operator.weights, str):
        return operator.weights
    if operator.weights == "sum":
        return np.ones(points)
    if operator.weights == "area":
        return trapezoid(np.arange(float(points)))
    raise PlanError(f"Ratio: weights={operator.weights!r}, expected numbers, sum or area")


def trapezoid(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each point weighs in the area under a spectrum along the axis."""
    halves = np.diff(axis) / 2.0
    weights: NDArray[np.float64] = np.concatenate([halves, [0.0]]) + np.concatenate([[0.0], halves])
    return weights


@operate.register
def range_(operator: Range, program: Program, x: str) -> str:
    divisor = program("row", x, f="max", d=1)
    if operator.with_min:
        least = program("row", x, f="min", d=1)
        x, divisor = program("sub", x, least), program("sub", divisor, least)
    # A spectrum that is flat, or whose largest value is 0, has no answer.
    return program("div", x, program("select", divisor, 0.0, np.nan, divisor, f="eq"))


@operate.register
def percentile_snv(operator: PercentileSNV, program: Program, x: str) -> str:
    if not 0.0 <= operator.percentile <= 100.0 or not 0.0 <= operator.epsilon < np.inf:
        raise PlanError(
            f"PercentileSNV: percentile={operator.percentile}, epsilon={operator.epsilon}; expected 0 to 100, and ≥ 0"
        )
    level = program("order", x, operator.percentile / 100.0)
    centred = program("sub", x, level)
    below = program("select", x, level, 1.0, 0.0, f="le")
    count = program("row", below, f="sum", d=1)
    mean = program("div", program("row", program("mul", centred, below), f="sum", d=1), count)
    rest = program("mul", program("sub", centred, mean), below)
    std = program("map", program("div", program("row", rest, f="sumsq", d=1), count), f="sqrt")
    divisor = program("add", std, operator.epsilon)
    return program("div", centred, program("select", divisor, 0.0, np.nan, divisor, f="eq"))
