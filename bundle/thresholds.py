"""Spectra on thresholds of trees and one double above: whoever compares otherwise goes to another leaf."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .lower.trees import LARGEST, doubled
from .models import Trees
from .surroundings import around

__all__ = ["beside"]

Matrix = NDArray[np.float64]


def beside(trees: Trees, width: int, count: int) -> Matrix | None:
    """Pairs of rows that come to a node at its threshold and one double above it, for nodes spread over all trees.

    Rows (≤ count, width); above the threshold means above all that is rounded to it. None where nothing is divided.
    Nodes that only missing values reach are left out.
    """
    inner = trees.left != np.arange(len(trees.left))
    thresholds = doubled(trees.threshold) if trees.single else trees.threshold
    nodes = np.flatnonzero(inner & (np.abs(thresholds) < LARGEST))
    if not len(nodes) or trees.feature.max() >= width:
        return None
    parent = np.full(len(inner), -1)
    parent[trees.left[inner]] = parent[trees.right[inner]] = np.flatnonzero(inner)
    base = around(_typical(trees.feature[nodes], thresholds[nodes], width))
    pairs = min(count // 2, len(nodes))
    rows = []
    for number, node in enumerate(nodes[np.arange(pairs) * len(nodes) // pairs]):
        row = _led_to(node, base[number % len(base)], trees, thresholds, parent)
        for value in (thresholds[node], np.nextafter(thresholds[node], np.inf)):
            row[trees.feature[node]] = value
            rows.append(row.copy())
    made = np.array(rows)
    # Beyond all numbers lies what an infinite threshold sends there: what is missing.
    made = made[(np.abs(made) <= LARGEST).all(axis=1)]
    return made if len(made) else None


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
    with np.errstate(over="ignore"):
        above_least = np.nextafter(least, np.inf)
    return np.asarray(np.where(row > least, row, np.where(np.isinf(most), above_least, most)))
