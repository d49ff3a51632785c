"""Many threads at one pile: all of it is done once, whatever fails, and no row of spectra is predicted otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tracemalloc
from collections import deque
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.runtime import Input, InputError, Instruction, Output, Plan, Replay, sizes
from n4akit.bundle.runtime import spread as spreading
from n4akit.bundle.runtime.spread import MOST, spread, useful_threads

from .programs import bits, draw_plan, draw_present, draw_rows
from .test_replay import chain


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, so that few rows are many blocks."""
    monkeypatch.setattr(sizes, "ROOM", 20_000)


def test_all_work_is_done_once_and_by_several_threads() -> None:
    pile, done, workers = deque(range(1000)), [], set()
    together = threading.Barrier(4)

    def work() -> None:
        together.wait(timeout=30)
        workers.add(threading.get_ident())
        while pile:
            done.append(pile.popleft())

    spread(work, 4)
    assert sorted(done) == list(range(1000)) and len(workers) == 4 and threading.get_ident() in workers


def test_an_error_of_any_thread_is_raised_once_all_have_stopped() -> None:
    stopped = []

    def work() -> None:
        if threading.current_thread() is not threading.main_thread():
            raise OSError("the disk of a thread")
        stopped.append(True)

    with pytest.raises(OSError, match="the disk of a thread"):
        spread(work, 3)
    assert stopped == [True]


def test_where_no_thread_can_be_started_the_caller_does_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(spreading, "start_new_thread", refuse)
    done = []
    spread(lambda: done.append(threading.get_ident()), 8)
    assert done == [threading.get_ident()]


def test_useful_threads_are_as_many_as_the_processors_this_process_may_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= useful_threads() <= (os.cpu_count() or 1)
    for cores, threads in ((1, 1), (3, 3), (64, MOST)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid, n=cores: set(range(n)), raising=False)
        assert useful_threads() == threads
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert useful_threads() == 1


@pytest.mark.usefixtures("small_blocks")
@settings(deadline=None, max_examples=80)
@given(st.randoms(use_true_random=False))
def test_threads_and_splits_change_no_bit(rng: Random) -> None:
    plan = draw_plan(rng)
    X = draw_present(rng, draw_rows(rng, rng.randint(1, 200), plan.inputs[0].width))
    alone = Replay(plan, tuple(plan.outputs))
    expected = [bits(answer) for answer in alone(X)]
    shared = Replay(plan, tuple(plan.outputs), threads=rng.randint(2, 4))
    assert [bits(answer) for answer in shared(X)] == expected
    cut = rng.randint(0, len(X))
    parts = [shared(X[:cut]), shared(X[cut:])]
    assert [bits(np.concatenate(columns)) for columns in zip(*parts, strict=True)] == expected


@pytest.mark.usefixtures("small_blocks")
@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 400),
    threads=st.integers(1, 4),
    planted=st.dictionaries(st.integers(0, 399), st.sampled_from([np.nan, np.inf, 1e200, 0.0]), max_size=6),
)
def test_threads_name_the_same_bad_rows(rows: int, threads: int, planted: dict[int, float]) -> None:
    """A row of one value is constant, and has no answer; the others may not be used."""
    X = draw_rows(Random(rows), rows, 300, ["plain"])
    for row, value in planted.items():
        if row < rows:
            X[row] = value
    bad = {row: value for row, value in planted.items() if row < rows}
    unusable = sorted(row for row, value in bad.items() if value != 0.0)
    found: Any = ()
    try:
        answer = Replay(chain(), threads=threads).predict(X)
    except InputError as error:
        found = error.rows
    else:
        assert len(answer) == rows
    assert [row for row, _ in found] == (unusable or sorted(bad))


def test_a_pickled_step_never_meets_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "ROOM", 1000)
    inside = threading.Lock()

    def alone(x: Any) -> Any:
        assert inside.acquire(blocking=False)
        answer = np.sort(x, axis=1)
        inside.release()
        return answer

    line = Instruction("opaque", ("x",), "y", {"artifact": "0" * 64, "width": 4})
    plan = Plan((Input("x", 4),), {}, (line,), {"value": Output("y")})
    X = draw_rows(Random(0), 500, 4, ["plain"])
    assert (Replay(plan, opaque={"0" * 64: alone}, threads=4).predict(X) == np.sort(X, axis=1)).all()


FORKED = """
import os, sys
import numpy as np
from n4akit import load
from n4akit.bundle.runtime import Constant, Input, Instruction, Output, Plan, Replay
table = Constant.of(np.arange(1.0, 501.0).reshape(1, 500))
plan = Plan((Input("x", 500),), {"k": table}, (Instruction("matmul", ("x", "k"), "y"),), {"value": Output("y")})
replay = Replay(plan, threads=4)
X = np.linspace(0.0, 1.0, 4_000_000).reshape(8000, 500)
before = replay.predict(X)
child = os.fork()
same = (replay.predict(X) == before).all()
if child == 0:
    os._exit(0 if same else 1)
assert same and os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_forks_predicts_on_both_sides() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", FORKED], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_the_memory_of_a_large_batch_is_two_megabytes_a_thread(threads: int, dtype: str) -> None:
    replay = Replay(chain(1000), threads=threads)
    X = draw_rows(Random(3), 60, 1000, ["plain"]).repeat(50, axis=0).astype(dtype)
    tracemalloc.start()
    try:
        answer = replay.predict(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < threads * 2_000_000 + answer.nbytes
