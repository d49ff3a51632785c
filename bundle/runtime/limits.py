"""What is usual for a model: the limits beside which a new spectrum and its prediction are judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Envelope", "Interval", "Limit", "Limits"]

Vector = NDArray[np.float64]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Limit:
    """From where on a distance is unusual, and from where on it is none of the calibration's."""

    warning: float
    error: float


@dataclass(frozen=True)
class Interval:
    """How far predictions were off: with probability `coverage` a new one is within `half_widths`, one for each target.

    `method` names how that was found, from the errors of `samples` samples.
    """

    method: str
    coverage: float
    half_widths: tuple[float, ...]
    samples: int


@dataclass(frozen=True, eq=False)
class Envelope:
    """What raw spectra of the calibration look like: the least and the largest value of each point (p,), of the middle
    between the ends of a spectrum's values and of the span between them, and the longest run of equal neighbours.
    """

    low: Vector
    high: Vector
    middle: Pair
    span: Pair
    stretch: int


@dataclass(frozen=True, eq=False)
class Limits:
    """What is known; None where it is not."""

    samples: int = 0
    """Of the calibration."""
    components: int = 0
    """Principal components within which T² is measured, and beside which Q."""
    t2: Limit | None = None
    q: Limit | None = None
    ranges: tuple[Pair, ...] = ()
    """The least and the largest reference of each target; empty when these are not known."""
    interval: Interval | None = None
    envelope: Envelope | None = None

    @property
    def distances(self) -> dict[str, Pair]:
        """Warning and error of those distances, `t2` and `q`, that are known."""
        both = (("t2", self.t2), ("q", self.q))
        return {name: (one.warning, one.error) for name, one in both if one is not None}
