"""Decision trees, whose comparisons of rounded numbers become comparisons of the numbers themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..models import Trees, WeightedMedian
from .operate import operate
from .program import Program

__all__ = ["doubled"]

LARGEST = float(np.finfo(np.float32).max)


def doubled(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The greatest doubles T with float32(T) ≤ t: then x ≤ T says what float32(x) ≤ t says, for every x.

    With s the greatest float32 ≤ t, all x up to the middle between s and the next float32 round to s or less; the
    middle itself does where s is even, for ties go to even.
    """
    with np.errstate(over="ignore"):
        single = thresholds.astype(np.float32)
        single = np.where(single.astype(np.float64) > thresholds, np.nextafter(single, np.float32(-np.inf)), single)
        after = np.nextafter(single, np.float32(np.inf)).astype(np.float64)
    middle = np.where(np.isinf(after), np.inf, single.astype(np.float64) + (after - single) / 2.0)
    even = single.view(np.uint32) % 2 == 0
    found = np.where(even, middle, np.nextafter(middle, -np.inf))
    # Beyond float32 there is no answer, so that nothing is greater than its largest number.
    return np.minimum(found, LARGEST)


@operate.register
def trees(operator: Trees, program: Program, x: str) -> str:
    thresholds = doubled(operator.threshold) if operator.single else operator.threshold
    summed = program(
        "forest",
        x,
        operator.feature,
        thresholds,
        np.stack([operator.left, operator.right], axis=1).ravel(),
        operator.value,
        operator.roots,
        groups=list(operator.groups),
    )
    if not operator.single:
        return summed
    level = program("row", x, f="maxabs", d=1)
    return program("select", level, LARGEST, summed, np.nan, f="le")


@operate.register
def weighted_median(operator: WeightedMedian, program: Program, x: str) -> str:
    if len(operator.weights) != program.width(x):
        raise PlanError(f"WeightedMedian: {len(operator.weights)} weights for {program.width(x)} values")
    return program("order", x, operator.weights, f="wmedian")
