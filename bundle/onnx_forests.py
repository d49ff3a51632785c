"""A forest as an ONNX model, whose answers are the leaves: what they say is added elsewhere, in the defined order.

ONNX's own sums would be rounded as its host pleases. Finding a leaf only compares numbers, which nobody can do
differently: x > T goes right here, and to ONNX x ≤ T (BRANCH_LEQ) goes left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto

__all__ = ["document", "halved", "plain"]

Index = NDArray[np.int32]
Thresholds = NDArray[np.float64]

IR, OPSET, TREES = 10, 21, 5
"""Versions that onnxruntime reads from 1.21 on; before TREES 5 thresholds and answers were of different kinds."""

LEQ, SUM, NOTHING = 0, 1, 0
"""ONNX's numbers: go left where x ≤ T, add the one leaf, and transform nothing."""

COUNTED = 2**24
"""So many nodes of a tree float32 can number."""

DEEPEST = 1000
"""Levels of a tree: onnxruntime reads one by calling itself for each, and the process ends where the stack does."""


def plain(kids: Index, root: Index) -> bool:
    """Whether onnxruntime reads these trees: each node has one parent, and they are not too deep."""
    pairs = kids.reshape(-1, 2)
    inner = pairs[:, 0] != np.arange(len(pairs))
    reached = np.bincount(np.concatenate([root, pairs[inner].ravel()]), minlength=len(pairs))
    if (reached != 1).any():
        return False
    level = root
    for _ in range(DEEPEST):
        level = pairs[level[inner[level]]].ravel()
        if not len(level):
            return True
    return False


def halved(threshold: Thresholds) -> bool:
    """Whether float32(x) ≤ float32(T) says what x ≤ T says, for every x and each of these T; then half the bytes do.

    Rounding keeps the order, so that it does where T is the last double that is rounded to its float32, as the
    thresholds of trees that were grown on float32 are.
    """
    with np.errstate(over="ignore"):
        after = np.nextafter(threshold, np.inf).astype(np.float32)
        return bool((after > threshold.astype(np.float32)).all())


def document(width: int, feature: Index, threshold: Thresholds, kids: Index, root: Index) -> bytes:
    """The model of a checked forest: from doubles x (n, width) to the node (n, trees) where each walk ends, int32."""
    from onnx import TensorProto, helper, numpy_helper

    ends = [*root[1:].tolist(), len(feature)]
    pairs = kids.reshape(-1, 2)
    inner = pairs[:, 0] != np.arange(len(pairs))
    kind = np.float32 if len(pairs) <= COUNTED and halved(threshold[inner]) else np.float64
    with np.errstate(over="ignore"):
        rounded = threshold.astype(kind)  # what leaves hold is no matter
    trees = [
        _tree(feature[first:end], rounded[first:end], pairs[first:end] - first, f"tree {number}")
        for number, (first, end) in enumerate(zip(root.tolist(), ends, strict=True))
    ]
    nodes = [
        helper.make_node("Cast", ["x"], ["values"], to=helper.np_dtype_to_tensor_dtype(np.dtype(kind))),
        *trees,
        helper.make_node("Concat", [tree.output[0] for tree in trees], ["trees"], axis=1),
        helper.make_node("Cast", ["trees"], ["places"], to=TensorProto.INT32),
        helper.make_node("Add", ["places", "root"], ["leaves"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, width])
    leaves = helper.make_tensor_value_info("leaves", TensorProto.INT32, [None, len(trees)])
    graph = helper.make_graph(nodes, "forest", [x], [leaves], [numpy_helper.from_array(root, "root")])
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", TREES)]
    return bytes(helper.make_model(graph, opset_imports=versions, ir_version=IR).SerializeToString())


def _tree(feature: Index, threshold: NDArray[Any], kids: Index, name: str) -> NodeProto:
    """One tree, whose nodes are numbered from 0 on.

    A node of ONNX for each: where one holds many trees, onnxruntime carries an answer of each through all of them.
    """
    from onnx import helper, numpy_helper

    leaf = kids[:, 0] == np.arange(len(kids))
    inner, leaves = np.flatnonzero(~leaf), np.flatnonzero(leaf)
    # Inner nodes and leaves are counted apart.
    place = np.where(leaf, np.cumsum(leaf), np.cumsum(~leaf)) - 1
    if not len(inner):  # ONNX begins with a comparison: here both sides lead to the one leaf
        inner = leaves
    left, right = kids[inner].T
    attributes: dict[str, Any] = {
        "tree_roots": [0],
        "nodes_featureids": feature[inner].tolist(),
        "nodes_splits": numpy_helper.from_array(threshold[inner]),
        "nodes_modes": numpy_helper.from_array(np.full(len(inner), LEQ, np.uint8)),
        "nodes_truenodeids": place[left].tolist(),
        "nodes_trueleafs": leaf[left].astype(int).tolist(),
        "nodes_falsenodeids": place[right].tolist(),
        "nodes_falseleafs": leaf[right].astype(int).tolist(),
        "leaf_targetids": [0] * len(leaves),
        "leaf_weights": numpy_helper.from_array(leaves.astype(threshold.dtype)),
        "n_targets": 1,
        "aggregate_function": SUM,
        "post_transform": NOTHING,
    }
    return helper.make_node("TreeEnsemble", ["values"], [name], domain="ai.onnx.ml", **attributes)
