"""Spectra that show what an operator learnt: beside thresholds, between references, around centres."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.landmarks import landmarks
from n4akit.bundle.lower.trees import doubled
from n4akit.bundle.models import Discriminants, GaussianBayes, Kernel, KernelSum, Neighbors, Trees
from n4akit.bundle.operators import SNV, Affine, Concat, Linear, Mean, Operator, Operators, Project, Scale, Select
from n4akit.bundle.surroundings import COUNT
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.tree import DecisionTreeRegressor

from ..conftest import Tecator

Matrix = NDArray[np.float64]

P = 40
RAMP = np.linspace(1.0, 2.0, P)
CURVES = np.abs(RAMP[None, :] * np.arange(1.0, 8.0)[:, None] % 1.7 + 0.1)


def tree(depth: int = 3, points: int = P, single: bool = True) -> Trees:
    """A full tree that asks for another point at every level."""
    inner = 2**depth - 1
    own = np.arange(2 * inner + 1)
    leaf = own >= inner
    level = np.array([(number + 1).bit_length() - 1 for number in own.tolist()])
    return Trees(
        np.where(leaf, 0, level * 7 % points).astype(np.int32),
        np.where(leaf, 0.0, 0.1 + own / 7.0),
        np.where(leaf, own, 2 * own + 1).astype(np.int32),
        np.where(leaf, own, 2 * own + 2).astype(np.int32),
        np.arange(len(own), dtype=np.float64)[:, None],
        np.array([0], dtype=np.int32),
        (1,),
        single,
    )


LEARNT: dict[str, Operators] = {
    "trees": (tree(),),
    "trees in double precision": (tree(single=False),),
    "trees of one point": (tree(1, points=1),),
    "trees of corrected spectra": (SNV(), Affine(RAMP, RAMP), tree()),
    "kernel": (SNV(), Kernel("rbf", CURVES)),
    "kernel of one spectrum": (Kernel("rbf", CURVES[:1]),),
    "kernel of two": (Kernel("linear", CURVES[:2]),),
    "sum of kernels": (KernelSum(((Kernel("rbf", CURVES),), (Kernel("linear", CURVES),))),),
    "neighbours": (Neighbors(CURVES, np.ones((7, 1)), 3),),
    "Bayes": (GaussianBayes(CURVES[:2], CURVES[:2], np.ones(2)),),
    "discriminants": (Discriminants(CURVES[:3], (), (), np.ones(3)),),
    "a bag of trees": (Mean(((Select(np.arange(9, dtype=np.int32) * 4), tree(points=9)), (tree(),))),),
    "a stack": (Concat(((Linear(CURVES, np.zeros(7)),), (Scale(RAMP, RAMP), Linear(CURVES, np.zeros(7))))), tree()),
}


def walked(trees: Trees, rows: Matrix) -> list[list[int]]:
    """The nodes that each row comes through in the first tree, comparing as scikit-learn does."""
    paths = []
    for row in rows.astype(np.float32) if trees.single else rows:
        path = [0]
        while trees.left[path[-1]] != path[-1]:
            node = path[-1]
            kids = trees.left if row[trees.feature[node]] <= trees.threshold[node] else trees.right
            path.append(int(kids[node]))
        paths.append(path)
    return paths


@pytest.mark.parametrize("name", LEARNT)
def test_rows_differ_are_finite_and_not_flat(name: str) -> None:
    rows = landmarks(LEARNT[name], P)
    assert rows is not None and 2 <= len(rows) <= COUNT and rows.shape[1] == P and np.isfinite(rows).all()
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert (np.ptp(rows, axis=1) > 1e-3 * np.abs(rows).max(axis=1)).all()


@pytest.mark.parametrize(
    "estimator", [DecisionTreeRegressor(max_leaf_nodes=40), HistGradientBoostingRegressor(max_iter=1)], ids=str
)
def test_every_node_is_met_and_left_on_both_sides(estimator: Any, tecator: Tecator) -> None:
    X = tecator.X[:, ::25]
    operators = from_sklearn(estimator.fit(X, tecator.fat)).branches["0"][0].operators
    trees = operators[0]
    assert isinstance(trees, Trees)
    rows = landmarks(operators, 4, 2 * len(trees.left))
    assert rows is not None
    steps = {step for path in walked(trees, rows) for step in pairwise(path)}
    limits = doubled(trees.threshold) if trees.single else trees.threshold
    for node in np.flatnonzero(trees.left != np.arange(len(trees.left))):
        assert {(node, trees.left[node]), (node, trees.right[node])} <= steps
        point = rows[:, trees.feature[node]]
        assert (point == limits[node]).any() and (point == np.nextafter(limits[node], np.inf)).any()


def test_few_rows_are_spread_over_all_trees() -> None:
    rows = landmarks((tree(6),), P)
    assert rows is not None and len(rows) == COUNT
    assert len({tuple(path) for path in walked(tree(6), rows)}) >= COUNT - 1


def test_branches_take_turns() -> None:
    centres = (Scale(RAMP, RAMP / 9),), (Scale(RAMP + 50.0, RAMP / 9),)
    rows = landmarks((Concat(centres),), P)
    assert rows is not None and [row[0] > 40.0 for row in rows] == [False, True] * 3


def test_chosen_points_are_those_that_were_chosen() -> None:
    index = np.array([3, 30, 7], dtype=np.int32)
    rows, alone = (landmarks(operators, P) for operators in ((Select(index), Scale(np.ones(3))), (Scale(RAMP),)))
    inside = landmarks((Scale(np.ones(3)),), 3)
    assert rows is not None and alone is not None and inside is not None
    assert rows[:, index].tobytes() == inside.tobytes()


@pytest.mark.parametrize(
    "operators",
    [
        (),
        (SNV(), Linear(CURVES, np.zeros(7))),
        (Project(CURVES[:, :P]), tree(points=7)),
        (Linear(CURVES, np.zeros(7)), Scale(np.ones(7))),
        (tree(0),),
        (Select(np.arange(4, dtype=np.int32)), SNV()),
    ],
    ids=["nothing", "a line", "scores", "predictions", "a leaf", "chosen points"],
)
def test_where_nothing_was_learnt_of_spectra_there_are_none(operators: tuple[Operator, ...]) -> None:
    assert landmarks(operators, P) is None


def test_rows_are_the_same_bytes_everywhere() -> None:
    digest = hashlib.sha256()
    for operators in LEARNT.values():
        rows = landmarks(operators, P)
        assert rows is not None
        digest.update(rows.tobytes())
    assert digest.hexdigest() == "c63461e79d9bf29c0b364e741bf5a82f496ddf7d110a11dc990c0c76af2e027a"


@pytest.mark.parametrize("single", [True, False])
def test_what_only_missing_values_reach_is_left_out(single: bool) -> None:
    """Behind an infinite threshold there is no number: no row may hold what float32 does not."""
    whole = tree(single=single)
    threshold = whole.threshold.copy()
    threshold[2] = np.finfo(np.float64).max
    rows = landmarks((replace(whole, threshold=threshold),), P, 100)
    everywhere = landmarks((whole,), P, 100)
    assert rows is not None and everywhere is not None
    assert 0 < len(rows) < len(everywhere) and (np.abs(rows) < 1e9).all()
    threshold[:] = np.finfo(np.float64).max
    assert landmarks((replace(whole, threshold=threshold),), P, 100) is None
