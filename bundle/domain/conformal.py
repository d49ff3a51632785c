"""How far predictions were off for samples that no model had seen, and so how far a new one may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ..runtime.limits import Interval
from .calibration import Validation, ordinals

__all__ = ["COVERAGE", "interval"]

COVERAGE = 0.95
METHOD = "conformal, absolute errors of samples left out"


def interval(validation: Validation, targets: int) -> Interval | None:
    """The interval that holds a new prediction's reference with probability `COVERAGE`, if it is of the same kind.

    Its half width is the quantile of the absolute errors (split conformal prediction: Vovk, Gammerman and Shafer 2005).
    Each sample counts once, however many spectra it has (Dunn, Wasserman and Ramdas 2023). None for too few samples:
    then no error is large enough.
    """
    known, found = validation.tables(targets)
    samples = ordinals("validation.groups", validation.groups, len(known)).tolist()
    widths = [_quantile(np.abs(known[:, t] - found[:, t]).tolist(), samples) for t in range(targets)]
    told = tuple(width for width in widths if width is not None)
    return Interval(METHOD, COVERAGE, told, len(set(samples))) if len(told) == targets else None


def _quantile(errors: Sequence[float], samples: Sequence[int]) -> float | None:
    """The least error up to which the errors of samples, each of weight 1/(samples + 1), make up the coverage."""
    spectra = Counter(samples)
    reached = Fraction(0)
    for error, sample in sorted(zip(errors, samples, strict=True)):
        reached += Fraction(1, spectra[sample] * (len(spectra) + 1))
        if reached >= Fraction(COVERAGE).limit_denominator(1000):
            return error
    return None
