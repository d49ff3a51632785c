"""Whittaker's smoother: a linear map, solved once for every point by elimination in a band."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..preprocessing import Whittaker
from .operate import operate
from .points import fitted
from .program import Program

__all__: list[str] = []


@operate.register
def whittaker(operator: Whittaker, program: Program, x: str) -> str:
    weights, p = fitted("Whittaker", operator.weights, program, x)[0], program.width(x)
    if p < 3 or not 0.0 <= operator.penalty < np.inf or not weights.min() > 0.0:
        raise PlanError(
            f"Whittaker: penalty={operator.penalty} on {p} points, expected a penalty ≥ 0, weights > 0 and 3 points"
        )
    return program("matmul", x, _solved(operator.penalty, weights))


def _solved(penalty: float, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(W + penalty·DᵀD)⁻¹·W for second differences D: five diagonals, symmetric, positive definite."""
    p = len(weights)
    band = np.zeros((p, 3))
    band[:, 0] = weights
    for i in range(p - 2):
        for a, one in enumerate((1.0, -2.0, 1.0)):
            for b, other in enumerate((1.0, -2.0, 1.0)[a:]):
                band[i + a, b] += penalty * one * other
    right = np.diag(weights)
    for i in range(p):
        for k in (1, 2):
            if i + k < p:
                factor = band[i, k] / band[i, 0]
                band[i + k, : 3 - k] -= factor * band[i, k:]
                right[i + k] -= factor * right[i]
    for i in range(p - 1, -1, -1):
        for k in (1, 2):
            if i + k < p:
                right[i] -= band[i, k] * right[i + k]
        right[i] /= band[i, 0]
    return right
