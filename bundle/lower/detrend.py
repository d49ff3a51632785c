"""Subtracting a polynomial: a projection on orthogonal polynomials, whose values are exact before they are rounded."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..errors import PlanError
from ..operators import Detrend
from .operate import operate
from .polynomials import orthogonal, position, value
from .program import Program

__all__: list[str] = []


@operate.register
def detrend(operator: Detrend, program: Program, x: str) -> str:
    p, degree = program.width(x), operator.degree
    edges = [0, *operator.breakpoints, p]
    if degree < 0 or any(a >= b for a, b in pairwise(edges)):
        raise PlanError(
            f"Detrend: degree={degree}, breakpoints={operator.breakpoints}; expected degree ≥ 0 and breakpoints "
            f"ascending between 0 and {p}"
        )
    fit, curve = [], []
    for start, stop in pairwise(edges):
        points = stop - start
        for polynomial in orthogonal(points, min(degree, points - 1)):
            values = [value(polynomial, position(i, points)) for i in range(points)]
            norm = sum(v * v for v in values)
            largest = max(map(abs, values))
            # Dividing whole numbers rounds once, correctly; the values themselves may exceed all doubles.
            fit.append(_placed([v * largest / norm for v in values], start, p))
            curve.append(_placed([v / largest for v in values], start, p))
    amounts = program("matmul", x, np.array(fit))
    return program("sub", x, program("matmul", amounts, np.array(curve).T))


def _placed(values: list[float], start: int, p: int) -> list[float]:
    return [0.0] * start + values + [0.0] * (p - start - len(values))
