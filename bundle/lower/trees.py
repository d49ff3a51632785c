"""Decision trees, whose comparisons of rounded numbers become comparisons of the numbers themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..models import Trees, WeightedMedian
from .operate import operate
from .points import finite
from .program import Program

__all__ = ["doubled"]

LARGEST = float(np.finfo(np.float32).max)
END = float(np.finfo(np.float64).max)


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
    finite("Trees", thresholds=operator.threshold, values=operator.value)
    if operator.left.shape != operator.right.shape:
        raise PlanError(f"Trees: {len(operator.left)} left kids and {len(operator.right)} right ones")
    if operator.missing_left is not None and len(operator.missing_left) != len(operator.feature):
        raise PlanError(
            f"Trees: {len(operator.feature)} features and {len(operator.missing_left)} sides for what is missing"
        )
    thresholds = doubled(operator.threshold) if operator.single else operator.threshold
    seen, feature = x, operator.feature
    if operator.missing_left is not None and x in program.missing:
        seen, feature = _sided(operator.missing_left, feature, program, x)
        thresholds = np.minimum(thresholds, np.nextafter(END, 0.0))
    summed = program(
        "forest",
        seen,
        feature,
        thresholds,
        np.stack([operator.left, operator.right], axis=1).ravel(),
        operator.value,
        operator.roots,
        groups=list(operator.groups),
    )
    if not operator.single:
        return summed
    level = program("row", x if seen == x else program("select", x, x, x, 0.0, f="eq"), f="maxabs", d=1)
    return program("select", level, LARGEST, summed, np.nan, f="le")


def _sided(
    left: NDArray[np.bool_], feature: NDArray[np.int32], program: Program, x: str
) -> tuple[str, NDArray[np.int32]]:
    """Every column twice, and which of the two each node looks at.

    What is missing lies below every threshold in the first and above every one in the second, so that a node sends it
    to its side by the comparison that it makes of all others. Trees of one register share its columns.
    """
    below, above = (program("select", x, x, x, end, f="eq") for end in (-END, END))
    return program("concat", below, above), np.where(left, feature, feature + program.width(x)).astype(np.int32)


@operate.register
def weighted_median(operator: WeightedMedian, program: Program, x: str) -> str:
    if len(operator.weights) != program.width(x):
        raise PlanError(f"WeightedMedian: {len(operator.weights)} weights for {program.width(x)} values")
    finite("WeightedMedian", weights=operator.weights)
    if not (operator.weights >= 0.0).all() or not operator.weights.any():
        raise PlanError(f"WeightedMedian: weights {operator.weights.tolist()}, expected numbers ≥ 0, not all 0")
    return program("order", x, operator.weights, f="wmedian")
