"""Folds of models that are not linear: compiled they are computed side by side, and answer as one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower.operate import operate
from n4akit.bundle.lower.program import Program
from n4akit.bundle.models import Activation, Kernel, Softmax, Trees
from n4akit.bundle.operators import Affine, Largest, Linear, Mean, OneHot, Operator
from n4akit.bundle.runtime import Output, Plan, Replay
from numpy.typing import NDArray

P, CLASSES = 17, 3
Draw = Callable[[np.random.Generator], Sequence[Operator]]


def linear(rng: np.random.Generator, rows: int, columns: int = P) -> Linear:
    return Linear(rng.normal(size=(rows, columns)), rng.normal(size=rows))


def stump(rng: np.random.Generator, columns: int, single: bool) -> Trees:
    """A few trees of three nodes each."""
    count = int(rng.integers(1, 5))
    first = 3 * np.arange(count)
    left = np.stack([first + 1, first + 1, first + 2], axis=1).ravel()
    right = np.stack([first + 2, first + 1, first + 2], axis=1).ravel()
    feature, threshold = rng.integers(0, P, 3 * count), rng.normal(size=3 * count)
    value = rng.normal(size=(3 * count, columns))
    whole = [array.astype(np.int32) for array in (feature, left, right, first)]
    return Trees(whole[0], threshold, whole[1], whole[2], value, whole[3], (count,), single)


SHARED = np.random.default_rng(5).normal(size=(12, P))


def kernel(rng: np.random.Generator) -> Sequence[Operator]:
    vectors = SHARED[rng.permutation(12)[: int(rng.integers(2, 9))]]
    return Kernel("rbf", vectors, float(rng.uniform(0.01, 0.1))), linear(rng, 2, len(vectors))


MODELS: dict[str, tuple[Draw, list[str]]] = {
    "softmax": (
        lambda rng: (linear(rng, CLASSES), Softmax()),
        ["matmul", "add", "row", "gather", "sub", "map", "row", "gather", "div", "fold"],
    ),
    "network": (
        lambda rng: (linear(rng, 6), Activation("relu"), linear(rng, 1, 6)),
        ["matmul", "add", "max", "matmul", "add"],
    ),
    "kernel": (kernel, ["dist", "gather", "mul", "map", "matmul", "add"]),
    "votes": (
        lambda rng: (linear(rng, CLASSES), Largest(), OneHot(CLASSES)),
        ["matmul", "add", "argmax", "gather", "select", "fold"],
    ),
    "exponential": (lambda rng: (linear(rng, 2), Activation("exp")), ["matmul", "add", "map", "fold"]),
    "target undone": (
        lambda rng: (linear(rng, 1), Affine(rng.uniform(1, 2, size=1), rng.normal(size=1))),
        ["matmul", "add"],
    ),
}


def folds_of(draw: Draw, seed: int, count: int, weights: tuple[float, ...] = ()) -> Plan:
    rng = np.random.default_rng(seed)
    program = Program(P)
    mean = Mean(tuple(tuple(draw(rng)) for _ in range(count)), weights)
    return program.plan({"value": Output(operate(mean, program, program.x))})


def answers(plan: Plan, X: NDArray[np.float64]) -> NDArray[np.float64]:
    return Replay(plan).predict(X)


@pytest.mark.parametrize("name", MODELS)
def test_folds_become_one_branch(name: str) -> None:
    draw, words = MODELS[name]
    plan = folds_of(draw, 0, 4)
    compiled = compile_plan(plan)
    assert [line.op for line in compiled.body] == words
    X = np.random.default_rng(1).normal(size=(50, P))
    np.testing.assert_allclose(answers(compiled, X), answers(plan, X), rtol=1e-12, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(sorted(MODELS)), seed=st.integers(0, 2**32), data=st.data())
def test_weighted_folds_too(name: str, seed: int, data: Any) -> None:
    count = data.draw(st.integers(2, 6))
    weights = tuple(data.draw(st.lists(st.floats(0.25, 4.0), min_size=count, max_size=count)))
    plan = folds_of(MODELS[name][0], seed, count, weights)
    compiled = compile_plan(plan)
    assert len(compiled.body) < len(plan.body)
    X = np.random.default_rng(seed).normal(size=(20, P))
    np.testing.assert_allclose(answers(compiled, X), answers(plan, X), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("columns", [1, 3])
def test_forests_of_several_folds_are_walked_at_once(columns: int, single: bool) -> None:
    plan = folds_of(lambda rng: (stump(rng, columns, single),), 3, 5)
    compiled = compile_plan(plan)
    words = ["forest", "fold"] if not single else ["row", "forest", "select", "fold"]
    assert sorted(line.op for line in compiled.body) == sorted(words)
    X = np.random.default_rng(2).normal(size=(80, P))
    np.testing.assert_array_equal(answers(compiled, X), answers(plan, X))


def test_what_all_branches_read_is_not_copied_for_each() -> None:
    plan = folds_of(lambda rng: (Affine(rng.uniform(1, 2, size=P), rng.normal(size=P)), Activation("relu")), 0, 3)
    for line in compile_plan(plan).body:
        assert line.op != "concat" or len(set(line.inputs)) == len(line.inputs)
