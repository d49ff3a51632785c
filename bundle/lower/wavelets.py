"""The discrete wavelet transform: two filters that slide by two points at a time."""

from __future__ import annotations

import numpy as np

from ..errors import PlanError
from ..preprocessing import Wavelet
from .filters import beyond
from .operate import operate
from .program import Program

__all__: list[str] = []

MODES = {
    "symmetric": "reflect",
    "reflect": "mirror",
    "constant": "nearest",
    "zero": "constant",
    "periodic": "wrap",
    "smooth": "linear",
}
"""What pywt calls the ways to go on beyond the ends, and what filters call them here; besides, `periodization`."""


@operate.register
def wavelet(operator: Wavelet, program: Program, x: str) -> str:
    low, high = (np.asarray(taps, dtype=np.float64).ravel() for taps in (operator.low, operator.high))
    if len(low) != len(high) or len(low) < 2 or len(low) % 2:
        raise PlanError(f"Wavelet: filters of {len(low)} and {len(high)} taps, expected two of the same even length")
    if operator.mode != "periodization" and operator.mode not in MODES:
        raise PlanError(f"Wavelet: mode={operator.mode!r}, expected periodization, {', '.join(MODES)}")
    if operator.level < 1:
        raise PlanError(f"Wavelet: level={operator.level}, expected 1 or more")
    # Convolution runs through a filter backwards.
    taps = np.array([low[::-1], high[::-1]])
    details = []
    for _ in range(operator.level - 1):
        both, count = _once(operator.mode, program, x, taps)
        x = program("gather", both, np.arange(count))
        details.append(program("gather", both, np.arange(count, 2 * count)))
    both, _ = _once(operator.mode, program, x, taps)
    return program("concat", both, *reversed(details)) if details else both


def _once(mode: str, program: Program, x: str, taps: np.ndarray) -> tuple[str, int]:
    """Coarse values and details of one level, side by side, and how many there are of each."""
    p, length = program.width(x), taps.shape[1]
    if mode == "periodization":
        if p % 2:
            x, p = program("gather", x, np.minimum(np.arange(p + 1), p - 1)), p + 1
        count = p // 2
        padded = beyond(program, x, "wrap", length // 2 - 1, length // 2)
    else:
        count = (p + length - 1) // 2
        padded = beyond(program, x, MODES[mode], length - 2, 2 * count - p)
    return program("banded", padded, taps, runs=[[count, 0, 2, 0], [count, 0, 2, 1]]), count
