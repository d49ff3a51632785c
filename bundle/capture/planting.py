"""Trees of any library, each a table of nodes, become one table, group after group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..models import Trees
from .state import State

__all__ = ["Nodes", "planted"]


class Nodes(NamedTuple):
    """The nodes of one tree, its root first. A leaf has no kids (-1): it says its value alone."""

    feature: NDArray[Any]
    threshold: NDArray[Any]
    left: NDArray[Any]
    right: NDArray[Any]
    value: NDArray[np.float64]
    """(nodes, targets)"""
    missing_left: NDArray[np.bool_] | None = None
    """Where a missing value goes to the left kid; None where the tree does not say."""
    met_missing: bool = False
    """Whether the tree shows that it met missing values when it grew."""


def met_missing(nodes: Nodes, samples: NDArray[Any]) -> bool:
    """Whether a tree of scikit-learn met missing values, as nodes with so many `samples` of the training show.

    Where it met none, a node sends them to its larger kid, and its threshold is a number.
    """
    if nodes.missing_left is None:
        return False
    inner = np.asarray(nodes.left) >= 0
    larger = samples[nodes.left[inner]] > samples[nodes.right[inner]]
    return bool((nodes.missing_left[inner] != larger).any() or np.isinf(nodes.threshold[inner]).any())


def planted(
    state: State,
    trees: Iterable[Nodes],
    groups: Sequence[int],
    *,
    starts: NDArray[np.float64] | None = None,
    single: bool = True,
) -> Trees:
    """One table of nodes. `starts` (groups,) is what each group's sum begins with, before its first tree.

    Raises CaptureError where a threshold or a value is not finite; but a threshold may be infinite where missing values
    have a side of their own, which is then the right one.
    """
    parts: list[Nodes] = []
    roots, start = [], 0
    for tree in trees:
        own = np.arange(start, start + len(tree.left))
        leaf = np.asarray(tree.left) < 0
        parts.append(
            Nodes(
                np.where(leaf, 0, tree.feature),
                np.where(leaf, 0.0, tree.threshold),
                np.where(leaf, own, tree.left + start),
                np.where(leaf, own, tree.right + start),
                tree.value,
                None if tree.missing_left is None else np.asarray(tree.missing_left, dtype=np.bool_),
                tree.met_missing,
            )
        )
        roots.append(start)
        start += len(own)
    if not parts:
        raise state.refuse("it has no trees")
    feature, threshold, left, right, value = (
        np.concatenate(column) for column in zip(*(part[:5] for part in parts), strict=True)
    )
    sides = [part.missing_left for part in parts if part.missing_left is not None]
    told = len(sides) == len(parts)
    if told:
        threshold = np.minimum(threshold, np.finfo(np.float64).max)
    if starts is not None:
        # Added to the leaves of the first tree, so that all is added in the order in which boosting adds.
        first = np.cumsum([0, *groups[:-1]])
        ends = [*roots, start]
        for number, offset in zip(first, np.ravel(starts), strict=True):
            value[ends[number] : ends[number + 1]] += offset
    return Trees(
        feature.astype(np.int32),
        state.finite("thresholds", threshold),
        left.astype(np.int32),
        right.astype(np.int32),
        state.finite("values", value),
        np.array(roots, dtype=np.int32),
        tuple(map(int, groups)),
        single,
        np.concatenate(sides) if told else None,
        any(part.met_missing for part in parts),
    )
