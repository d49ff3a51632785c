"""Gaussian smoothing and its derivatives, with weights by the exponential of the exact profile."""

from __future__ import annotations

import numpy as np

from ..errors import PlanError
from ..preprocessing import Filter, Gaussian
from ..runtime.stdlib import exponential, total
from .operate import operate
from .program import Program

__all__: list[str] = []

MOST = 8
"""The highest derivative."""


@operate.register
def gaussian(operator: Gaussian, program: Program, x: str) -> str:
    sigma, order = operator.sigma, operator.order
    if not 0.0 < sigma < np.inf or not 0.0 < operator.truncate < np.inf or not 0 <= order <= MOST:
        raise PlanError(
            f"Gaussian: sigma={sigma}, order={order}, truncate={operator.truncate}; expected sigma and truncate > 0, "
            f"order 0 to {MOST}"
        )
    reach = int(operator.truncate * sigma + 0.5)
    positions = [float(i) for i in range(-reach, reach + 1)]
    bell = [exponential(-0.5 / (sigma * sigma) * i * i) for i in positions]
    area = total(bell)
    polynomial = _derived(order, sigma * sigma)
    # A convolution runs through its weights backwards.
    taps = [_value(polynomial, -i) * weight / area for i, weight in zip(positions, bell, strict=True)]
    return operate(Filter(np.array(taps), operator.mode), program, x)


def _derived(order: int, variance: float) -> list[float]:
    """The polynomial q, lowest power first, of which q(t)·e^(−t²/2s²) is the derivative: q ← q′ − q·t/s²."""
    q = [1.0]
    for _ in range(order):
        slope = [*[i * c for i, c in enumerate(q)][1:], 0.0, 0.0]
        q = [a - b / variance for a, b in zip(slope, [0.0, *q], strict=True)]
    return q


def _value(polynomial: list[float], t: float) -> float:
    result = 0.0
    for coefficient in reversed(polynomial):
        result = result * t + coefficient
    return result
