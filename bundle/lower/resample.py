"""A spectrum at other positions of its axis: between neighbours, or by a cubic spline through all points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..preprocessing import Resample
from .operate import operate
from .program import Program

__all__ = ["spline_weights"]

Row = NDArray[np.float64]


@operate.register
def resample(operator: Resample, program: Program, x: str) -> str:
    points = program.width(x)
    source = np.arange(float(points)) if operator.source is None else np.ravel(operator.source).astype(np.float64)
    if isinstance(operator.target, int):
        target = _evenly(source, operator.target)
    else:
        target = np.ravel(operator.target).astype(np.float64)
    _check(operator, source, target, points)
    if source[0] > source[-1]:
        x = program("gather", x, np.arange(len(source) - 1, -1, -1))
        source = source[::-1]
    held = np.minimum(np.maximum(target, source[0]), source[-1])
    answer = _METHODS[operator.method](program, x, source, held)
    if operator.fill is None or (held == target).all():
        return answer
    inside = np.where(held == target, 1.0, 0.0)
    return program("select", inside, 1.0, answer, operator.fill, f="eq")


def _evenly(source: Row, count: int) -> Row:
    """Positions at equal distances from the first point to the last; the last is met exactly."""
    share = np.arange(float(count)) / max(1, count - 1)
    return np.asarray(source[0] + (source[-1] - source[0]) * share)


def _check(operator: Resample, source: Row, target: Row, points: int) -> None:
    steps = np.diff(source)
    if len(source) != points or len(source) < 2 or not ((steps > 0).all() or (steps < 0).all()):
        raise PlanError(
            f"Resample: a source of {len(source)} positions for {points} points, expected one each, at least 2, that "
            "only ascend or only descend"
        )
    if not len(target) or not (np.isfinite(source).all() and np.isfinite(target).all()):
        raise PlanError(f"Resample: {len(target)} target positions, expected one or more finite numbers")
    if operator.method not in _METHODS:
        raise PlanError(f"Resample: method={operator.method!r}, expected {', '.join(_METHODS)}")
    if operator.fill is not None and not np.isfinite(operator.fill):
        raise PlanError(f"Resample: fill={operator.fill}, expected a finite number")


def _intervals(source: Row, target: Row) -> NDArray[np.int32]:
    """The interval that each target lies in, by the number of its lower end."""
    lower = np.searchsorted(source, target, side="right") - 1
    return np.minimum(np.maximum(lower, 0), len(source) - 2).astype(np.int32)


def _linear(program: Program, x: str, source: Row, target: Row) -> str:
    low = _intervals(source, target)
    share = (target - source[low]) / (source[low + 1] - source[low])
    below = program("mul", program("gather", x, low), 1.0 - share)
    return program("add", below, program("mul", program("gather", x, low + 1), share))


def _nearest(program: Program, x: str, source: Row, target: Row) -> str:
    # Half-way between two points the lower one is taken, as scipy.interpolate.interp1d does.
    middles = source[:-1] + (source[1:] - source[:-1]) / 2.0
    return program("gather", x, np.searchsorted(middles, target, side="left").astype(np.int32))


def _cubic(program: Program, x: str, source: Row, target: Row) -> str:
    return program("matmul", x, spline_weights(source, target))


def spline_weights(source: Row, target: Row) -> NDArray[np.float64]:
    """What each point of the source weighs in the spline at each target, (q, p).

    The spline is linear in the points: its values where one point is 1 and the others 0 are the weights. Through two
    or three points it is a line or a parabola.
    """
    if len(source) < 4:
        return _lagrange(source, target)
    h, low = np.diff(source), _intervals(source, target)
    values = np.identity(len(source))
    curvature = _second_derivatives(h, values)
    t, u = target - source[low], source[low + 1] - target
    w = h[low]
    ends = (u / w)[:, None] * values[low] + (t / w)[:, None] * values[low + 1]
    bend = (u * (u * u / w - w) / 6.0)[:, None] * curvature[low] + (t * (t * t / w - w) / 6.0)[:, None] * curvature[
        low + 1
    ]
    return np.asarray(ends + bend)


def _lagrange(source: Row, target: Row) -> NDArray[np.float64]:
    weights = np.ones((len(target), len(source)))
    for i, own in enumerate(source):
        for j, other in enumerate(source):
            if i != j:
                weights[:, i] *= (target - other) / (own - other)
    return weights


def _second_derivatives(h: Row, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The spline's second derivatives at its points, one column for each column of values (de Boor 1978, ch. IV).

    For every inner point, h₋·m₋ + 2(h₋ + h₊)·m + h₊·m₊ = 6·(slope₊ − slope₋). That there is no knot at the outermost
    inner points says what the derivatives at the ends are; these are eliminated, and the rest solved from both sides.
    """
    slopes = np.diff(values, axis=0) / h[:, None]
    right = 6.0 * np.diff(slopes, axis=0)
    lower, diagonal, upper = h[:-1].copy(), 2.0 * (h[:-1] + h[1:]), h[1:].copy()
    first, last = h[0] / h[1], h[-1] / h[-2]
    diagonal[0] += h[0] * (1.0 + first)
    upper[0] -= h[0] * first
    diagonal[-1] += h[-1] * (1.0 + last)
    lower[-1] -= h[-1] * last
    for i in range(1, len(diagonal)):
        factor = lower[i] / diagonal[i - 1]
        diagonal[i] -= factor * upper[i - 1]
        right[i] -= factor * right[i - 1]
    inner = np.empty_like(right)
    inner[-1] = right[-1] / diagonal[-1]
    for i in range(len(diagonal) - 2, -1, -1):
        inner[i] = (right[i] - upper[i] * inner[i + 1]) / diagonal[i]
    start = (1.0 + first) * inner[0] - first * inner[1]
    stop = (1.0 + last) * inner[-1] - last * inner[-2]
    return np.concatenate([start[None], inner, stop[None]])


_METHODS = {"linear": _linear, "nearest": _nearest, "cubic": _cubic}
