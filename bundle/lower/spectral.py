"""What is done to each spectrum by itself: SNV, its robust form, MSC, norms.

A spectrum that such an operator would divide by (nearly) nothing, a constant one, has no answer: it becomes NaN, which
no host lets out. Constant means a spread of at most 2⁻⁴⁸ (16 roundings) of the level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..operators import MSC, SNV, Normalize, RobustSNV
from ..runtime.sums import row_sums
from .operate import operate
from .program import Program

__all__: list[str] = []

NOTHING = 2.0**-48


def _guarded(program: Program, spread: str, level: str) -> str:
    """`spread`, or NaN where it is rounding noise beside `level`."""
    limit = program("mul", program("map", level, f="abs"), NOTHING)
    return program("select", spread, limit, np.nan, spread, f="le")


@operate.register
def snv(operator: SNV, program: Program, x: str) -> str:
    p = program.width(x)
    if operator.with_std and p - operator.ddof < 1:
        raise PlanError(f"SNV: ddof={operator.ddof} on spectra of {p} points, expected less than {p}")
    mean = program("row", x, f="sum", d=p)
    centred = program("sub", x, mean)
    top = centred if operator.with_mean else x
    if not operator.with_std:
        return top
    std = program("map", program("row", centred, f="sumsq", d=p - operator.ddof), f="sqrt")
    return program("div", top, _guarded(program, std, mean))


@operate.register
def robust_snv(operator: RobustSNV, program: Program, x: str) -> str:
    median = program("order", x, 0.5)
    centred = program("sub", x, median)
    top = centred if operator.with_center else x
    if not operator.with_scale:
        return top
    spread = program("mul", program("order", program("map", centred, f="abs"), 0.5), operator.k)
    return program("div", top, _guarded(program, spread, median))


@operate.register
def msc(operator: MSC, program: Program, x: str) -> str:
    p, reference = program.width(x), np.asarray(operator.reference, dtype=np.float64).reshape(1, -1)
    if reference.shape[1] != p:
        raise PlanError(f"MSC: a reference of {reference.shape[1]} points on spectra of {p}")
    level = _sum(reference) / p
    centred_reference = reference - level
    squares = _sum(centred_reference * centred_reference)
    if not squares > 0.0:
        raise PlanError("MSC: the reference spectrum is constant")
    mean = program("row", x, f="sum", d=p)
    centred = program("sub", x, mean)
    slope = program("matmul", centred, centred_reference / squares)
    # Compared as a spread: what the slope makes of the reference's own.
    spread = program("mul", program("map", slope, f="abs"), float(np.sqrt(squares / p)))
    limit = program("mul", program("map", mean, f="abs"), NOTHING)
    slope = program("select", spread, limit, np.nan, slope, f="le")
    # (x − a) / b with a = mean − b·level.
    return program("add", program("div", centred, slope), level)


def _sum(row: NDArray[np.float64]) -> float:
    out = np.empty((1, 1))
    row_sums(np.ascontiguousarray(row), out)
    return float(out[0, 0])


@operate.register
def normalize(operator: Normalize, program: Program, x: str) -> str:
    if operator.norm == "l2":
        norm = program("map", program("row", x, f="sumsq", d=1), f="sqrt")
    elif operator.norm in ("l1", "max"):
        norm = program("row", x, f="abs" if operator.norm == "l1" else "maxabs", d=1)
    else:
        raise PlanError(f"Normalize: norm={operator.norm!r}, expected l1, l2 or max")
    return program("div", x, program("select", norm, 0.0, 1.0, norm, f="eq"))
