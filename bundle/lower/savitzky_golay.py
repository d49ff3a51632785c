"""Savitzky–Golay filters: the weights by exact rational arithmetic, rounded once, the same on every machine.

A window of w points is fitted by a least-squares polynomial; its derivative at one position is a weighted sum of the
points. With polynomials P_j orthogonal over the window, point i weighs Σ_j P_j(i)·P_j⁽ᵈ⁾(t) / ⟨P_j, P_j⟩ at position t
(Savitzky and Golay 1964; Gorry 1990 for positions off the centre).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite, lcm
from operator import mul

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..operators import SavitzkyGolay
from .operate import operate
from .padding import MODES, padding, reach
from .polynomials import derived, orthogonal, position, value
from .program import Program
from .rounding import rounded

__all__ = ["weights"]

Weights = list[Fraction]


@operate.register
def savitzky_golay(operator: SavitzkyGolay, program: Program, x: str) -> str:
    _check(operator, program.width(x))
    if operator.mode == "interp":
        return _with_fitted_edges(operator, program, x)
    if operator.mode == "constant":
        return _with_constant_edges(operator, program, x)
    p, (before, after) = program.width(x), reach(operator.window_length)
    padded = program("gather", x, padding(operator.mode, p, before, after))
    return program("banded", padded, _rounded(operator, [_central(operator)]), runs=[[p, 0, 1, 0]])


def _check(operator: SavitzkyGolay, p: int) -> None:
    window, mode = operator.window_length, operator.mode
    if mode not in ("interp", "constant", *MODES):
        raise PlanError(f"Savitzky–Golay: mode={mode!r}, expected interp, constant, {', '.join(MODES)}")
    if window < 1 or not 0 <= operator.polyorder < window or operator.deriv < 0:
        raise PlanError(
            f"Savitzky–Golay: window_length={window}, polyorder={operator.polyorder}, deriv={operator.deriv}; expected "
            "0 ≤ polyorder < window_length and deriv ≥ 0"
        )
    if mode == "interp" and window > p:
        raise PlanError(f"Savitzky–Golay: a window of {window} points on spectra of {p}, which mode 'interp' cannot do")
    if not isfinite(operator.delta) or operator.delta == 0.0 or not isfinite(operator.cval):
        raise PlanError(
            f"Savitzky–Golay: delta={operator.delta}, cval={operator.cval}; expected finite numbers, delta ≠ 0"
        )


def _central(operator: SavitzkyGolay) -> Weights:
    return weights(operator, [Fraction(operator.window_length - 1, 2)])[0]


def _with_fitted_edges(operator: SavitzkyGolay, program: Program, x: str) -> str:
    """Mode `interp`: at both ends the polynomial of the outermost window answers for half a window of points."""
    p, window = program.width(x), operator.window_length
    half = window // 2
    start = half - reach(window)[0]
    centre = Fraction(window - 1, 2)
    rows = weights(operator, [centre, *range(half), *range(window - half, window)])
    left = [[1, 0, 1, 1 + i] for i in range(half)]
    right = [[1, p - window, 1, 1 + half + i] for i in range(half)]
    interior = [[p - 2 * half, start, 1, 0]] if p > 2 * half else []
    return program("banded", x, _rounded(operator, rows), runs=[*left, *interior, *right])


def _with_constant_edges(operator: SavitzkyGolay, program: Program, x: str) -> str:
    """Mode `constant`: beyond the ends the spectrum is `cval`; the weights that fall there become an offset."""
    p, central = program.width(x), _central(operator)
    taps = min(len(central), p)
    rows, runs, outside = [central[:taps]], [], []
    for i in range(p):
        first = i - reach(len(central))[0]
        start = min(max(first, 0), p - taps)
        if first == start and taps == len(central):
            runs.append([1, start, 1, 0])
            outside.append(0.0)
            continue
        inside = {k - first: k - start for k in range(start, start + taps) if 0 <= k - first < len(central)}
        rows.append([Fraction(0)] * taps)
        for k, column in inside.items():
            rows[-1][column] = central[k]
        runs.append([1, start, 1, len(rows) - 1])
        outside.append(float(sum(w for k, w in enumerate(central) if k not in inside) * Fraction(operator.cval)))
    filtered = program("banded", x, _rounded(operator, rows), runs=_joined(runs))
    return program("add", filtered, np.array(outside)) if any(outside) else filtered


def _joined(runs: list[list[int]]) -> list[list[int]]:
    """Neighbouring single windows of one row of taps become one run."""
    joined: list[list[int]] = []
    for _, start, _, row in runs:
        if joined and joined[-1][3] == row == 0:
            joined[-1][0] += 1
        else:
            joined.append([1, start, 1, row])
    return joined


def weights(operator: SavitzkyGolay, positions: Sequence[Fraction | int]) -> list[Weights]:
    """Exact weights of the points of one window, for the derivative at each position in points from the first."""
    window, deriv = operator.window_length, operator.deriv
    polynomials = orthogonal(window, operator.polyorder)
    values = [[value(polynomial, position(i, window)) for i in range(window)] for polynomial in polynomials]
    slopes = [derived(polynomial, deriv) for polynomial in polynomials]
    norms = [sum(v * v for v in row) for row in values]
    whole = lcm(*norms)
    # One step of a point is two of v.
    scale = Fraction(2**deriv, whole) / Fraction(operator.delta) ** deriv
    rows = []
    for at in positions:
        amounts = [value(slope, position(at, window)) * (whole // n) for slope, n in zip(slopes, norms, strict=True)]
        rows.append([sum(map(mul, amounts, column)) * scale for column in zip(*values, strict=True)])
    return rows


def _rounded(operator: SavitzkyGolay, rows: Sequence[Weights]) -> NDArray[np.float64]:
    return rounded("Savitzky–Golay", operator.delta, rows)
