"""Which points stand in for those beyond the ends of a spectrum, in the modes of scipy's filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MODES", "padding", "reach"]

MODES = ("mirror", "nearest", "wrap")
"""`mirror` turns back at the last point without repeating it, `nearest` repeats it, `wrap` goes on at the other end."""


def padding(mode: str, points: int, before: int, after: int) -> NDArray[np.int32]:
    """Point numbers of a spectrum with `before` points put ahead and `after` points behind.

    Besides MODES, `reflect` turns back at the last point and repeats it.
    """
    k = np.arange(-before, points + after)
    if mode == "nearest":
        k = np.clip(k, 0, points - 1)
    elif mode == "wrap":
        k = k % points
    elif mode == "reflect":
        k = k % (2 * points)
        k = np.minimum(k, 2 * points - 1 - k)
    elif points == 1:
        k = np.zeros_like(k)
    else:
        k = np.abs((k + points - 1) % (2 * points - 2) - (points - 1))
    return k.astype(np.int32)


def reach(window: int) -> tuple[int, int]:
    """Points of a window before and after the one it answers for; an even window reaches further ahead."""
    return (window - 1) // 2, window // 2
