"""Gaussian smoothing and its derivatives, wavelets too, with weights by the exponential of the exact profile."""

from __future__ import annotations

from math import ceil, factorial, pi, sqrt

import numpy as np

from ..errors import PlanError
from ..preprocessing import ContinuousWavelet, Filter, Gaussian
from ..runtime.stdlib import exponential, total
from .filters import beyond
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


@operate.register
def continuous_wavelet(operator: ContinuousWavelet, program: Program, x: str) -> str:
    scales, order, p = np.ravel(operator.scales).astype(np.float64).tolist(), operator.order, program.width(x)
    if not scales or not all(0.0 < scale < np.inf for scale in scales) or not 1 <= order <= MOST:
        raise PlanError(
            f"ContinuousWavelet: scales={scales}, order={order}; expected one or more scales > 0, order 1 to {MOST}"
        )
    columns = []
    for scale in scales:
        taps = _wavelet(order, scale, int(min(ceil(10.0 * min(scale, p)), p)))
        # Of an even number of points scipy's convolution puts the larger half ahead.
        padded = beyond(program, x, "constant", len(taps) // 2, (len(taps) - 1) // 2)
        columns.append(program("banded", padded, np.array([taps]), runs=[[p, 0, 1, 0]]))
    return program("concat", *columns) if len(columns) > 1 else columns[0]


def _wavelet(order: int, scale: float, count: int) -> list[float]:
    """The derivative of a Gaussian at so many points around its centre, with the sign and the norm of the operator."""
    # Γ(m + ½) = √π · (2m)! / (4ᵐ·m!)
    gamma = sqrt(pi) * (factorial(2 * order) / (4**order * factorial(order)))
    norm = (-1.0) ** (order + 1) / sqrt(scale * gamma)
    polynomial = _derived(order, 1.0)
    positions = [(i - (count - 1) / 2.0) / scale for i in range(count)]
    return [norm * _value(polynomial, t) * exponential(-0.5 * t * t) for t in positions]


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
