"""The two ends of a model: the points of a spectrum, and what is predicted from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Axis", "Target"]


@dataclass(frozen=True, eq=False)
class Axis:
    """The points of a spectrum: their positions and the unit of these (`nm`, `cm-1` or `um`)."""

    values: NDArray[np.float64]
    unit: str


@dataclass(frozen=True)
class Target:
    """One predicted quantity."""

    name: str
    unit: str = ""
