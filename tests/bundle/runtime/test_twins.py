"""Random programs on random rows: numpy and plain Python agree to the last bit, whatever the batch and the layout."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.bundle.runtime import Replay

from .programs import bits, draw_lines, draw_plan, draw_present, draw_rows, replay_row

drawn = st.randoms(use_true_random=False)
thorough = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def agree(rng: Random) -> None:
    plan = draw_plan(rng)
    X = draw_present(rng, draw_rows(rng, rng.randint(1, 5), plan.inputs[0].width))
    answers = Replay(plan, tuple(plan.outputs))(X)
    for i, row in enumerate(X.astype(np.float64).tolist()):
        twin = replay_row(plan, row)
        for name, answer in zip(plan.outputs, answers, strict=True):
            assert bits(answer[i]) == bits(twin[name]), (i, name)


@settings(thorough, max_examples=150)
@given(drawn)
def test_numpy_and_plain_python_give_the_same_bits(rng: Random) -> None:
    agree(rng)


@pytest.mark.parametrize("seed", range(300))
def test_numpy_and_plain_python_give_the_same_bits_on_long_programs_too(seed: int) -> None:
    agree(Random(seed))


@settings(thorough, max_examples=80)
@given(drawn)
def test_a_row_has_the_same_answer_alone_and_in_any_batch(rng: Random) -> None:
    plan = draw_plan(rng)
    X = draw_present(rng, draw_rows(rng, rng.randint(2, 40), plan.inputs[0].width))
    replay = Replay(plan, tuple(plan.outputs))
    together = [bits(answer) for answer in replay(X)]
    cuts = [0, *sorted(rng.randint(0, len(X)) for _ in range(3)), len(X)]
    for edges in (cuts, list(range(len(X) + 1))):
        parts = [replay(X[a:b]) for a, b in pairwise(edges)]
        assert [bits(np.concatenate(columns)) for columns in zip(*parts, strict=True)] == together


@pytest.mark.parametrize("word", ["map", "pieces", "forest", "dist", "nearest"])
def test_more_rows_than_a_kernel_takes_at_once_have_the_bits_of_a_few(word: str) -> None:
    for seed in range(3):
        plan = draw_lines(Random(seed), word, 7)
        replay = Replay(plan, tuple(plan.outputs))
        X = np.tile(draw_rows(Random(seed), 1000, 7), (10, 1))
        few = [replay(X[start : start + 50]) for start in range(0, 1000, 50)]
        for answer, *parts in zip(replay(X), *few, strict=True):
            assert bits(answer) == 10 * bits(np.concatenate(parts))


@settings(thorough, max_examples=15)
@given(drawn)
def test_threads_that_share_a_replay_give_the_bits_of_one(rng: Random) -> None:
    plan = draw_plan(rng)
    replay = Replay(plan, tuple(plan.outputs))
    batches = [draw_rows(rng, rng.randint(1, 30), plan.inputs[0].width) for _ in range(8)]
    expected = [[bits(answer) for answer in replay(X)] for X in batches]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert [[bits(answer) for answer in answers] for answers in pool.map(replay, batches)] == expected
