"""Spectra at which an operator shows its numbers: around its centre, between its references, beside its thresholds."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .models import Discriminants, GaussianBayes, Kernel, KernelProduct, KernelSum, Neighbors, Trees
from .operators import (
    MSC,
    PLS,
    SNV,
    Affine,
    Clip,
    Concat,
    Detrend,
    GapDerivative,
    Gradient,
    Mean,
    Normalize,
    Operators,
    Project,
    RobustSNV,
    SavitzkyGolay,
    Scale,
    Select,
)
from .preprocessing import EMSC, Fill, Remove
from .surroundings import COUNT, around, hump
from .thresholds import beside

__all__ = ["landmarks"]

Matrix = NDArray[np.float64]

SPECTRAL = (
    SNV,
    RobustSNV,
    SavitzkyGolay,
    GapDerivative,
    Gradient,
    Detrend,
    MSC,
    EMSC,
    Remove,
    Normalize,
    Scale,
    Affine,
    Clip,
    Fill,
)
"""What makes a spectrum of a spectrum: what is learnt after these is still told point by point."""


def landmarks(operators: Operators, width: int, count: int = COUNT) -> Matrix | None:
    """Spectra (count, width) around what the first of the operators that learnt something learnt; None where none did.

    Beside thresholds as many are made as asked for, in all other cases six.
    """
    for number, operator in enumerate(operators):
        if isinstance(operator, Select):
            return _beyond(operator, operators[number + 1 :], width, count)
        # Spectra do not pass backwards: thresholds are met exactly only by who sees the spectra themselves.
        found = marks(operator, width, count)
        if found is not None and found.shape[1] == width:
            return found
        if not isinstance(operator, SPECTRAL):
            break
    return None


def _beyond(chosen: Select, operators: Operators, width: int, count: int) -> Matrix | None:
    """The landmarks of those who see chosen points, at these points."""
    found = landmarks(operators, len(chosen.index), count)
    if found is None:
        return None
    base = around(hump(width))
    rows = np.ascontiguousarray(base[np.arange(len(found)) % len(base)])
    rows[:, chosen.index] = found
    return rows


@singledispatch
def marks(operator: Any, width: int, count: int) -> Matrix | None:
    """The landmarks of one operator on spectra of so many points; None for one that learnt nothing of them."""
    return None


@marks.register
def scaled(operator: Scale | Project, width: int, count: int) -> Matrix | None:
    return None if operator.center is None else around(operator.center, operator.scale)


@marks.register
def regressed(operator: PLS, width: int, count: int) -> Matrix | None:
    return around(operator.x_mean)


@marks.register
def corrected(operator: MSC | EMSC, width: int, count: int) -> Matrix | None:
    return around(operator.reference)


@marks.register
def removed(operator: Remove, width: int, count: int) -> Matrix | None:
    return None if operator.center is None else around(operator.center)


@marks.register
def likened(operator: Kernel | Neighbors, width: int, count: int) -> Matrix | None:
    return _between(operator.vectors)


@marks.register
def clouded(operator: GaussianBayes | Discriminants, width: int, count: int) -> Matrix | None:
    return _between(operator.means)


def _between(vectors: Matrix) -> Matrix | None:
    """Rows near references, none on one: there a distance is 0, and who divides by it tells roundings."""
    if len(vectors) < 2:
        return around(vectors[0])
    near = np.arange(COUNT) * (len(vectors) - 1) // (COUNT - 1)
    far = (near + 1 + np.arange(COUNT) * 7 % (len(vectors) - 1)) % len(vectors)
    shares = 0.75 + 0.03125 * np.arange(COUNT)[:, None]
    return np.ascontiguousarray(vectors[near] * shares + vectors[far] * (1.0 - shares))


@marks.register
def branched(operator: Concat | Mean | KernelSum | KernelProduct, width: int, count: int) -> Matrix | None:
    """Some of each branch, in turn."""
    found = [rows for branch in operator.branches if (rows := landmarks(branch, width, count)) is not None]
    if not found:
        return None
    longest = max(map(len, found))
    return np.array([found[number % len(found)][number % len(found[number % len(found)])] for number in range(longest)])


@marks.register
def walked(operator: Trees, width: int, count: int) -> Matrix | None:
    return beside(operator, width, count)
