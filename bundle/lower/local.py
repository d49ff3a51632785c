"""Each point seen in its surroundings: SNV over a window that slides along the spectrum."""

from __future__ import annotations

import numpy as np

from ..errors import PlanError
from ..preprocessing import LocalSNV
from .filters import beyond
from .operate import operate
from .program import Program

__all__: list[str] = []


@operate.register
def local_snv(operator: LocalSNV, program: Program, x: str) -> str:
    window, p = operator.window, program.width(x)
    if window < 1 or window % 2 == 0 or not np.isfinite(operator.cval):
        raise PlanError(f"LocalSNV: window={window}, cval={operator.cval}; expected an odd number and a finite one")
    half = window // 2
    padded = beyond(program, x, operator.mode, half, half)
    if operator.mode == "constant" and operator.cval:
        padded = program("add", padded, np.repeat([operator.cval, 0.0, operator.cval], [half, p, half]))
    # All windows side by side: their spreads are summed from differences, which keep the digits of small ones.
    windows = program("gather", padded, (np.arange(p)[:, None] + np.arange(window)).ravel())
    mean = program("row", windows, f="sum", d=window, parts=p)
    rest = program("sub", windows, program("gather", mean, np.repeat(np.arange(p), window)))
    std = program("map", program("row", rest, f="sumsq", d=window, parts=p), f="sqrt")
    return program("div", program("sub", x, mean), program("select", std, 0.0, 1.0, std, f="eq"))
