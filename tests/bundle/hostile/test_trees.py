"""Bundles of trees that lead nowhere, round in circles or beyond their table, with every checksum made to fit."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import lower
from n4akit.bundle.models import Trees
from n4akit.bundle.writer import draft, write_draft
from numpy.typing import NDArray

from .forge import Contents, manifest, npy, taken, with_artifact

Refused = Callable[[bytes | Contents], str]

TREES = Trees(
    np.array([0, 5, 0, 0, 0, 11, 0, 3, 0], dtype=np.int32),
    np.linspace(0.5, 0.9, 9),
    np.array([1, 3, 2, 3, 4, 6, 6, 8, 8], dtype=np.int32),
    np.array([2, 4, 2, 3, 4, 7, 6, 8, 8], dtype=np.int32),
    np.linspace(1.0, 3.0, 9)[:, None],
    np.array([0, 5], dtype=np.int32),
    (2,),
)
FEATURE, THRESHOLD, KIDS, VALUE, ROOTS = range(1, 6)
"""Places among the operands of the word `forest`."""


@pytest.fixture
def forest(tmp_path: Path) -> Contents:
    """The members of a good bundle of two trees on twelve points."""
    chain = Chain(12, {"0": (Step(1, "Forest", "made.by.hand.Forest", {}, (TREES,)),)}, (Target("y"),))
    plan = lower(chain)
    return taken(write_draft(draft(chain, plan, compile_plan(plan)), tmp_path / "forest.n4a"))


def other(contents: Contents, operand: int, change: Callable[[NDArray[Any]], object]) -> Contents:
    """The same trees, but for one array."""
    plan = manifest(contents)["plans"]["compiled"]
    name = next(line for line in plan["body"] if line["op"] == "forest")["in"][operand]
    array = plan["consts"][name]["array"]
    data = contents[manifest(contents)["artifacts"][array]["member"]]
    values = np.load(io.BytesIO(data))
    change(values.reshape(-1))
    return with_artifact(contents, array, npy(values))


def put(place: int, value: float) -> Callable[[NDArray[Any]], object]:
    return lambda values: values.__setitem__(place, value)


CASES: dict[str, tuple[int, Callable[[NDArray[Any]], object], str]] = {
    "back to the root": (KIDS, put(2, 0), "[0, 4] for node 1, in tree 0, expected two later nodes of the tree"),
    "round and round": (KIDS, put(0, 0), "[0, 2] for node 0, in tree 0, expected two later nodes of the tree"),
    "into another tree": (KIDS, put(3, 6), "[3, 6] for node 1, in tree 0, expected two later nodes of the tree"),
    "beyond the table": (KIDS, put(11, 9), "[6, 9] for node 5, in tree 1, expected two later nodes of the tree"),
    "before the table": (KIDS, put(10, -1), "[-1, 7] for node 5, in tree 1, expected two later nodes of the tree"),
    "the largest node": (KIDS, put(1, 2**31 - 1), "[1, 2147483647] for node 0, in tree 0"),
    "a point too many": (FEATURE, put(1, 12), "says 12 for node 1, in tree 0, expected a column from 0 to 11"),
    "a point from behind": (FEATURE, put(1, -1), "says -1 for node 1, in tree 0, expected a column from 0 to 11"),
    "the point of a leaf": (FEATURE, put(2, 2**31 - 1), "says 2147483647 for node 2, in tree 0"),
    "a root beyond": (ROOTS, put(1, 9), "tree 1 is the nodes from 9 to before 9"),
    "a root before": (ROOTS, put(0, -1), "tree 0 is the nodes from -1 to before 5"),
    "a threshold of no number": (THRESHOLD, put(0, np.nan), "holds values that are not finite"),
    "a leaf of no number": (VALUE, put(3, np.inf), "holds values that are not finite"),
    "another leaf": (VALUE, put(3, 7.0), "golden row "),
}


@pytest.mark.parametrize("name", CASES)
def test_trees_that_no_host_may_walk_are_refused(name: str, forest: Contents, refused: Refused) -> None:
    operand, change, words = CASES[name]
    assert words in refused(other(forest, operand, change))
