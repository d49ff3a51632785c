"""How far a spectrum is from the calibration, and how far the folds are from each other: outputs beside the value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..chain import Domain
from ..runtime.plan import Output
from .program import Program

__all__ = ["distance", "fold_spread"]


def distance(program: Program, x: str, domain: Domain) -> dict[str, Output]:
    """Hotelling's T² and Q of a register, one column each, and the residual of which Q is the sum of squares.

    With scores t = (x − center)·directionsᵀ, T² = Σ (tᵢ/deviationᵢ)² and Q = Σ(x − center)² − Σt², which is
    Σ(x − center − t·directions)² because the directions are orthonormal (Jackson 1991, §2.7).
    """
    centred = program("sub", x, domain.center)
    scores = program("matmul", centred, domain.directions)
    t2 = program("row", program("div", scores, domain.deviations), f="sumsq", d=1)
    left = program("sub", program("row", centred, f="sumsq", d=1), program("row", scores, f="sumsq", d=1))
    fitted = program("matmul", scores, np.ascontiguousarray(domain.directions.T))
    residual = program("sub", centred, fitted)
    return {"t2": Output(t2), "q": Output(program("max", left, 0.0)), "residual": Output(residual)}


def fold_spread(program: Program, values: Sequence[str]) -> str:
    """The standard deviation of the folds' answers around their mean, one column for each target; n − 1 below."""
    # Side by side first: the compiler makes one product of all folds of that.
    width, count = program.width(values[0]), len(values)
    together = program("concat", *values)
    mean = program("fold", together, d=count, parts=count)
    if width > 1:
        mean = program("gather", mean, np.tile(np.arange(width), count))
    apart = program("sub", together, mean)
    squares = program("mul", apart, apart)
    return program("map", program("fold", squares, d=count - 1, parts=count), f="sqrt")
