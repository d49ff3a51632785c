"""Smoothing and differencing by a row of weights that slides over the spectrum."""

from __future__ import annotations

import numpy as np

from ..errors import PlanError
from ..preprocessing import Filter
from .operate import operate
from .padding import MODES, padding, reach
from .program import Program

__all__ = ["beyond"]


@operate.register
def filter_(operator: Filter, program: Program, x: str) -> str:
    taps = np.asarray(operator.taps, dtype=np.float64).ravel()
    if not len(taps) or not np.isfinite(taps).all():
        raise PlanError(f"Filter: {len(taps)} taps, expected one or more finite numbers")
    p = program.width(x)
    padded = beyond(program, x, operator.mode, *reach(len(taps)))
    return program("banded", padded, taps.reshape(1, -1), runs=[[p, 0, 1, 0]])


def beyond(program: Program, x: str, mode: str, before: int, after: int) -> str:
    """The register with `before` points put ahead of it and `after` points behind, as the mode says."""
    p = program.width(x)
    if mode not in (*MODES, "reflect", "constant", "linear"):
        raise PlanError(f"Filter: mode={mode!r}, expected {', '.join(MODES)}, reflect, constant or linear")
    if before == after == 0:
        return x
    if mode == "linear":
        return _with_lines(program, x, before, after)
    if mode == "constant":
        padded = program("gather", x, padding("nearest", p, before, after))
        return program("mul", padded, np.repeat([0.0, 1.0, 0.0], [before, p, after]))
    return program("gather", x, padding(mode, p, before, after))


def _with_lines(program: Program, x: str, before: int, after: int) -> str:
    """The spectrum, and at both ends the line through its two outermost points."""
    p = program.width(x)
    if p < 2:
        raise PlanError("Filter: mode 'linear' on spectra of 1 point, expected at least 2")
    # Rows of two taps: the point itself, the last point, then the lines ahead and behind.
    ahead = [[1.0 + k, -float(k)] for k in range(before, 0, -1)]
    behind = [[-float(k), 1.0 + k] for k in range(1, after + 1)]
    rows = [[1.0, 0.0], [0.0, 1.0], *ahead, *behind]
    left = [[1, 0, 1, 2 + i] for i in range(before)]
    right = [[1, p - 2, 1, 2 + before + i] for i in range(after)]
    return program("banded", x, np.array(rows), runs=[*left, [p - 1, 0, 1, 0], [1, p - 2, 1, 1], *right])
