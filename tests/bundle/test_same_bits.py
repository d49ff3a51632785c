"""One chain, the same bits: numpy and plain Python, whole batches and any split, for chains drawn at random."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
import pytest
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Plan, Replay
from numpy.typing import NDArray

from .chains_drawn import CLASSIFIERS, MODELS, STEPS, draw_chain
from .runtime.programs import WORDS, bits, replay_row

SOAK = 10_000
PORTIONS = 100
"""Tests that the soak is divided into, so that one that fails names a hundred chains and not all."""


def spectra(rng: Random, p: int) -> NDArray[np.float64]:
    """Smooth, rough, positive, constant and unknown ones; some twice, so that splits part equal rows."""
    draw = np.random.default_rng(rng.getrandbits(64))
    X = draw.normal(size=(rng.randint(2, 9), p)) * 10.0 ** draw.integers(-3, 3)
    positive = draw.random(len(X)) < 0.5
    X[positive] = np.abs(X[positive]) + 0.1
    if rng.random() < 0.2:
        X[-1] = rng.choice((0.0, 1.0, np.nan))
    return np.concatenate([X, X[:1]])


def disagreements(plan: Plan, X: NDArray[np.float64], rng: Random) -> list[str]:
    """The ways of replaying the plan that have other bits than the whole batch has in numpy."""
    names = tuple(plan.outputs)
    replay = Replay(plan, names)
    together = [bits(answer) for answer in replay(X)]
    cuts = [0, *sorted(rng.randint(0, len(X)) for _ in range(2)), len(X)]
    found = []
    for way, edges in (("one by one", range(len(X) + 1)), (f"cut at {cuts}", cuts)):
        parts = [replay(X[a:b]) for a, b in pairwise(edges)]
        if [bits(np.concatenate(columns)) for columns in zip(*parts, strict=True)] != together:
            found.append(way)
    rows = [replay_row(plan, row) for row in X.tolist()]
    if [bits([row[name] for row in rows]) for name in names] != together:
        found.append("plain Python")
    return found


def check(seed: int) -> None:
    rng = Random(seed)
    chain = draw_chain(rng)
    X = spectra(rng, chain.n_features)
    faithful = lower(chain)
    for name, plan in (("faithful", faithful), ("compiled", compile_plan(faithful))):
        steps = " → ".join(step.name for step in chain.branches["0"])
        assert disagreements(plan, X, rng) == [], f"chain {seed}, {name}: {steps}, {len(chain.branches)} folds"


@pytest.mark.parametrize("seed", range(40))
def test_a_chain_has_the_same_bits_in_numpy_and_plain_python_and_in_any_batch(seed: int) -> None:
    check(seed)


@pytest.mark.soak
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_ten_thousand_chains_have_the_same_bits(portion: int) -> None:
    for seed in range(portion, SOAK, PORTIONS):
        check(seed)


def test_the_chains_are_of_all_kinds_and_need_every_word() -> None:
    drawn = [draw_chain(Random(seed)) for seed in range(600)]
    names = {step.name for chain in drawn for step in chain.branches["0"]}
    assert names == {*STEPS, *MODELS, *CLASSIFIERS}
    assert {line.op for chain in drawn for line in lower(chain).body} == set(WORDS)
