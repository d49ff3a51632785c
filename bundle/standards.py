"""By what predictions are told and judged: the limits of the calibration, and the settings of who deployed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ends import Target
from .errors import InputError
from .judge import Judge
from .runtime.limits import Limit, Limits
from .runtime.record import adjusted_by, limits_with
from .settings import Adjustment, Settings

__all__ = ["Standard", "Standards"]

Matrix = NDArray[np.float64]

KEPT = 64
"""Instruments and products in turn of which the standard is kept."""


class Standard:
    """What is done with the predictions for one instrument and product."""

    def __init__(
        self, limits: Limits, names: Sequence[str], adjustment: Adjustment | None, digest: str | None, *, missing: bool
    ) -> None:
        self.limits = _with(limits, names, adjustment)
        self.digest = digest
        """Of the settings, None where there are none."""
        self.judge = Judge(self.limits, missing=missing)
        self._adjustment: Any = None if adjustment is None or not any(adjustment.corrections) else adjustment
        self._half = None if limits.interval is None else np.array([limits.interval.half_widths])

    def told(self, values: Matrix) -> Matrix:
        """Predictions (n, t) as they are to be told; the same array where nothing is changed."""
        if self._adjustment is None:
            return values
        try:
            return np.array([adjusted_by(self._adjustment, row) for row in values.tolist()])
        except OverflowError as error:
            raise InputError(str(error)) from None

    def scaled(self, deviations: Matrix) -> Matrix:
        """Standard deviations of predictions, likewise."""
        if self._adjustment is None:
            return deviations
        return np.array([self._adjustment.scaled(row) for row in deviations.tolist()])

    def around(self, values: Matrix) -> tuple[Matrix | None, Matrix | None]:
        """The ends of the intervals around predictions (n, t), told likewise."""
        if self._half is None:
            return None, None
        return self.told(values - self._half), self.told(values + self._half)


class Standards:
    """The standard for each instrument and product: those of the settings, or the one of the calibration."""

    def __init__(self, limits: Limits, targets: Sequence[Target], settings: Settings | None, *, missing: bool) -> None:
        names = [target.name for target in targets]
        digest = None if settings is None else settings.digest

        def standard(instrument: str | None, product: str | None) -> Standard:
            adjustment = None if settings is None else settings.for_sample(instrument, product)
            return Standard(limits, names, adjustment, digest, missing=missing)

        self._usual = standard(None, None)
        self._standard = lru_cache(maxsize=KEPT)(standard) if settings is not None else None

    def __call__(self, instrument: str | None, product: str | None) -> Standard:
        if self._standard is None or (instrument is None and product is None):
            return self._usual
        return self._standard(instrument, product)


def _with(limits: Limits, names: Sequence[str], adjustment: Adjustment | None) -> Limits:
    if adjustment is None or not adjustment.limits:
        return limits
    found, ranges = limits_with(adjustment, limits.distances, limits.ranges, names)
    both: dict[str, Any] = {name: Limit(*pair) for name, pair in found.items()}
    return replace(limits, ranges=tuple(map(tuple, ranges)), **both)
