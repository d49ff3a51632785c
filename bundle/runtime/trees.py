"""Forests: rows walk through trees side by side, a level at a time; and what makes sure that each walk ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .values import Held, Params, Shape

__all__ = ["add_leaves", "forest", "forget_unknown", "tree_columns", "tree_kids", "tree_starts"]

Matrix = NDArray[np.float64]
Index = NDArray[np.int32]

WALKS = 8192
"""Walks made side by side: they, and the nodes of the few trees that they lead through, stay in the cache."""
GOING = 0.75
"""Walks that have ended are taken out once so small a part still goes on."""
ANSWERS = 65536
"""Values of leaves that are held before they are added."""


def forest(
    out: Matrix,
    scratch: object,
    x: Matrix,
    feature: Index,
    threshold: Matrix,
    kids: Index,
    value: Matrix,
    root: Index,
    groups: Sequence[int],
) -> list[Callable[[], Any]]:
    return [partial(_forest, out, x, (feature, threshold[0], kids), value, root, groups)]


def _forest(
    out: Matrix,
    x: Matrix,
    nodes: tuple[Index, Matrix, Index],
    value: Matrix,
    root: Index,
    groups: Sequence[int],
) -> None:
    rows = max(1, ANSWERS // (len(root) * value.shape[1]))
    for start in range(0, len(x), rows):
        block = slice(start, start + rows)
        add_leaves(out[block], _leaves(x[block], *nodes, root), value, groups)
    forget_unknown(out, x)


def forget_unknown(out: Matrix, x: Matrix) -> None:
    """Rows that hold NaN are not answered, wherever they were led."""
    # A comparison would not show that a value is not a number: numpy's largest does.
    np.copyto(out, np.nan, where=np.isnan(np.maximum.reduce(x, axis=1, keepdims=True)))


def _leaves(x: Matrix, feature: Index, threshold: Matrix, kids: Index, root: Index) -> NDArray[np.intp]:
    """The node where each row ends in each tree."""
    leaves = np.empty((len(x), len(root)), np.intp)
    trees = max(1, WALKS // len(x))
    for start in range(0, len(root), trees):
        some = slice(start, start + trees)
        leaves[:, some] = root[some]
        leaves[:, some] = _walk(x, feature, threshold, kids, leaves[:, some])
    return leaves


def _walk(x: Matrix, feature: Index, threshold: Matrix, kids: Index, start: NDArray[np.intp]) -> NDArray[np.intp]:
    """Go down from `start`, (rows, trees); kids come later than their parents, so that every walk ends."""
    node = start.reshape(-1)
    end, walk = np.empty_like(node), np.arange(node.size)
    first = np.repeat(np.arange(0, x.size, x.shape[1]), start.shape[1])
    buffers = [np.empty(node.size, kind) for kind in (np.int32, np.int32, np.intp, np.float64, np.float64, np.bool_)]
    while node.size:
        column, kid, place, v, limit, holds = (buffer[: node.size] for buffer in buffers)
        # All numbers of nodes and columns were checked with the plan; "clip" only spares a copy.
        level: list[Callable[[], Any]] = [
            partial(feature.take, node, None, column, "clip"),
            partial(np.add, first, column, place),
            partial(x.reshape(-1).take, place, None, v, "clip"),
            partial(threshold.take, node, None, limit, "clip"),
            partial(np.greater, v, limit, holds),
            partial(np.add, node, node, place),
            partial(np.add, place, holds, place),
            partial(kids.take, place, None, kid, "clip"),
        ]
        two: list[Callable[[], Any]] = [*level, partial(np.copyto, node, kid), *level]
        going = node.size
        while going > GOING * node.size:
            for call in two:
                call()
            np.not_equal(node, kid, holds)
            np.copyto(node, kid)
            going = int(np.count_nonzero(holds))
        end[walk] = node
        node, first, walk = node[holds], first[holds], walk[holds]
    return end.reshape(start.shape)


def add_leaves(out: Matrix, leaves: NDArray[Any], value: Matrix, groups: Sequence[int]) -> None:
    """Add what the leaves of each row, (rows, trees) of nodes, say in each group, in the order of the trees."""
    rows = max(1, ANSWERS // (leaves.shape[1] * value.shape[1]))
    for start in range(0, len(leaves), rows):
        block = slice(start, start + rows)
        _add_values(out[block], value.take(leaves[block], 0), groups)


def _add_values(out: Matrix, values: Matrix, groups: Sequence[int]) -> None:
    """Add the values of each group's trees, (rows, trees, columns), in the order of the trees."""
    tree = column = 0
    for size, same in groupby(groups):
        # Groups of one size that follow each other are added side by side.
        count = len(list(same))
        part = values[:, tree : tree + count * size].reshape(len(values), count, size, -1)
        # Not np.sum: numpy would add in another order.
        sums = np.add.accumulate(part, 2)[:, :, -1].reshape(len(values), -1)
        out[:, column : column + sums.shape[1]] = sums
        tree, column = tree + count * size, column + sums.shape[1]


def tree_starts(shapes: Sequence[Shape], params: Params, held: Held) -> str | None:
    """Trees lie one behind the other, from node 0 to the last."""
    root = _held(held, ROOT)
    end = np.append(root[1:], shapes[FEATURE][0])
    wrong = root >= end
    wrong[0] |= root[0] != 0
    if not wrong.any():
        return None
    tree = int(np.argmax(wrong))
    return (
        f"says that tree {tree} is the nodes from {root[tree]} to before {end[tree]}, expected trees of one node or "
        "more, one behind the other, the first from node 0"
    )


def tree_columns(shapes: Sequence[Shape], params: Params, held: Held) -> str | None:
    """Nodes, leaves too, look at columns that there are."""
    feature, width = _held(held, FEATURE), shapes[0][-1]
    wrong = (feature < 0) | (feature >= width)
    return _complaint(wrong, feature, held, f"a column from 0 to {width - 1}")


def tree_kids(shapes: Sequence[Shape], params: Params, held: Held) -> str | None:
    """Walks come to an end, in the tree where they began."""
    root, kids = _held(held, ROOT), _held(held, KIDS).reshape(-1, 2)
    node = np.arange(len(kids))[:, None]
    end = np.append(root[1:], len(kids))[_tree(node, root)]
    good = ((kids > node) & (kids < end)).all(axis=1) | (kids == node).all(axis=1)
    return _complaint(~good, kids, held, "two later nodes of the tree, or twice the node itself for a leaf")


FEATURE, KIDS, ROOT = 1, 3, 5
"""Places among the operands."""


def _held(held: Held, operand: int) -> NDArray[Any]:
    array = held[operand]
    assert array is not None  # an index is a constant
    return array


def _tree(node: NDArray[Any], root: NDArray[Any]) -> NDArray[np.intp]:
    return np.searchsorted(root, node, side="right") - 1


def _complaint(wrong: NDArray[np.bool_], found: NDArray[Any], held: Held, expected: str) -> str | None:
    if not wrong.any():
        return None
    node = int(np.argmax(wrong))
    tree = int(_tree(np.array(node), _held(held, ROOT)))
    return f"says {found[node].tolist()} for node {node}, in tree {tree}, expected {expected}"
