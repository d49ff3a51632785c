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


def planted(
    state: State,
    trees: Iterable[Nodes],
    groups: Sequence[int],
    *,
    starts: NDArray[np.float64] | None = None,
    single: bool = True,
) -> Trees:
    """One table of nodes. `starts` (groups,) is what each group's sum begins with, before its first tree.

    Raises CaptureError where a threshold or a value is not finite.
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
            )
        )
        roots.append(start)
        start += len(own)
    if not parts:
        raise state.refuse("it has no trees")
    feature, threshold, left, right, value = (np.concatenate(column) for column in zip(*parts, strict=True))
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
    )
