"""Spectra at which an operator shows its numbers: around its centre, between its references, beside its thresholds.

They are made with `+ − × ÷` alone, so that every machine makes the same.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lower.trees import LARGEST, doubled
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
from .preprocessing import EMSC, Remove

__all__ = ["COUNT", "around", "hump", "landmarks"]

Matrix = NDArray[np.float64]

COUNT = 6
"""Spectra, unless there are thresholds and more are asked for."""

STEPS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
"""The multiples of the scale at which spectra lie around a centre."""

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


def around(centre: Matrix, scale: Matrix | None = None) -> Matrix:
    """Six rows around a centre (p,), by multiples of a scale (p,), no two alike and none constant."""
    points = np.arange(len(centre))
    scale = _spread(centre) if scale is None else scale
    rows = []
    for number, step in enumerate(STEPS):
        # From 0.5 to 1.5, another texture in each row: no operator finds a row flat, or a point left out.
        texture = 0.5 + ((points * (74 * number + 111) + 11 * number) % 101) / 101.0
        rows.append(centre + step * (scale * texture))
    return np.ascontiguousarray(rows)


def hump(width: int) -> Matrix:
    """A smooth spectrum (width,) for those of whom nothing is known."""
    t = (np.arange(width) + 0.5) / width
    return np.asarray(0.4 + 0.4 * t + 0.8 * (t * (1.0 - t)))


def _spread(centre: Matrix) -> Matrix:
    width = float(centre.max() - centre.min()) / 10.0 or float(np.abs(centre).max()) / 10.0 or 1.0
    return np.full(len(centre), width)


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
def planted(operator: Trees, width: int, count: int) -> Matrix | None:
    """Pairs of rows that come to a node at its threshold and one double above it, for nodes spread over all trees."""
    inner = operator.left != np.arange(len(operator.left))
    thresholds = doubled(operator.threshold) if operator.single else operator.threshold
    nodes = np.flatnonzero(inner & (np.abs(thresholds) < LARGEST))
    if not len(nodes) or operator.feature.max() >= width:
        return None
    parent = np.full(len(inner), -1)
    parent[operator.left[inner]] = parent[operator.right[inner]] = np.flatnonzero(inner)
    base = around(_typical(operator.feature[nodes], thresholds[nodes], width))
    pairs = min(count // 2, len(nodes))
    rows = []
    for number, node in enumerate(nodes[np.arange(pairs) * len(nodes) // pairs]):
        row = _led_to(node, base[number % len(base)], operator, thresholds, parent)
        for value in (thresholds[node], np.nextafter(thresholds[node], np.inf)):
            row[operator.feature[node]] = value
            rows.append(row.copy())
    return np.array(rows)


def _typical(feature: NDArray[np.int32], thresholds: Matrix, width: int) -> Matrix:
    """At each point a threshold of the nearest point before it (or else after it) that has one."""
    order = np.lexsort((thresholds, feature))
    known, first, many = np.unique(feature[order], return_index=True, return_counts=True)
    medians = thresholds[order][first + many // 2]
    return np.asarray(medians[np.maximum(np.searchsorted(known, np.arange(width), side="right") - 1, 0)])


def _led_to(node: int, row: Matrix, trees: Trees, thresholds: Matrix, parent: NDArray[np.intp]) -> Matrix:
    """The row, changed where it must be so that it comes to the node."""
    least, most = np.full(len(row), -np.inf), np.full(len(row), np.inf)
    child, above = node, int(parent[node])
    while above >= 0:
        point = trees.feature[above]
        if child == trees.right[above]:
            least[point] = max(least[point], thresholds[above])
        else:
            most[point] = min(most[point], thresholds[above])
        child, above = above, int(parent[above])
    row = np.minimum(row, most)
    return np.asarray(np.where(row > least, row, np.where(np.isinf(most), np.nextafter(least, np.inf), most)))
