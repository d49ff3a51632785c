"""Exact weights become doubles: each is rounded once, and refused where no double holds it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError

__all__ = ["rounded"]


def rounded(name: str, delta: float, rows: Sequence[Sequence[Fraction]]) -> NDArray[np.float64]:
    """Rows of weights; `name` is the operator's, `delta` the distance of two points that made them so large."""
    try:
        return np.array([[float(w) for w in row] for row in rows])
    except OverflowError:
        raise PlanError(f"{name}: delta={delta} gives weights beyond all numbers") from None
