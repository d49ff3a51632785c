"""Replaying from many threads and after errors; what a replay keeps and what it hands out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.runtime import Constant, Input, InputError, Instruction, Output, Plan, Replay
from n4akit.bundle.runtime.pool import KEPT

from .programs import bits, draw_rows


def chain(p: int = 300) -> Plan:
    """Centre each row, scale it to unit variance, smooth it, and apply two linear models."""
    values = draw_rows(Random(1), 4, p, ["plain"])
    constants = {"taps": values[:1, :7], "table": values[1:3, : p - 6], "bias": values[3:, :2]}
    lines = (
        Instruction("row", ("x",), "mean", {"f": "sum", "d": p}),
        Instruction("sub", ("x", "mean"), "centred"),
        Instruction("row", ("centred",), "variance", {"f": "sumsq", "d": p}),
        Instruction("map", ("variance",), "std", {"f": "sqrt"}),
        Instruction("div", ("centred", "std"), "scaled"),
        Instruction("banded", ("scaled", "taps"), "smooth", {"runs": [[p - 6, 0, 1, 0]]}),
        Instruction("matmul", ("smooth", "table"), "product"),
        Instruction("add", ("product", "bias"), "y"),
    )
    outputs = {"value": Output("y", ("fat", "water")), "std": Output("std")}
    return Plan((Input("x", p),), {k: Constant.of(v) for k, v in constants.items()}, lines, outputs)


def batches(n: int, p: int = 300) -> list[Any]:
    rng = Random(2)
    return [draw_rows(rng, 1 + 37 * i % 250, p, ["plain", "scales"]) for i in range(n)]


def test_eight_threads_on_one_replay_give_the_bits_of_one_thread() -> None:
    replay = Replay(chain())
    work = batches(24)
    expected = [bits(replay.predict(X)) for X in work]
    start = threading.Barrier(8)

    def predict(first: int) -> list[list[int]]:
        start.wait()
        return [bits(replay.predict(work[(first + i) % len(work)])) for i in range(len(work))]

    with ThreadPoolExecutor(8) as pool:
        for first, answers in enumerate(pool.map(predict, range(8))):
            assert answers == [expected[(first + i) % len(work)] for i in range(len(work))]
    assert len(replay._pool.frames) <= KEPT


def test_two_threads_never_hold_one_frame() -> None:
    """An opaque step waits until all threads are inside: each must see its own rows."""
    inside = threading.Barrier(4)

    def wait_for_all(x: Any) -> Any:
        inside.wait(timeout=30)
        return x

    line = Instruction("opaque", ("x",), "y", {"artifact": "0" * 64, "width": 2})
    replay = Replay(Plan((Input("x", 2),), {}, (line,), {"value": Output("y")}), opaque={"0" * 64: wait_for_all})
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            answers = list(pool.map(lambda i: replay.predict(np.full((3, 2), float(i))), range(4)))
            assert [answer[0, 0] for answer in answers] == [0.0, 1.0, 2.0, 3.0]


def test_a_refusal_or_an_error_leaves_the_replay_as_good_as_new() -> None:
    replay = Replay(chain())
    X = batches(1)[0][:1].repeat(500, axis=0)
    expected = bits(replay.predict(X))
    spoilt = X.copy()
    spoilt[400, 7] = np.nan
    for wrong in (spoilt, X * 0.0, X[:, :5]):
        with pytest.raises(InputError):
            replay.predict(wrong)
        assert bits(replay.predict(X)) == expected


def test_an_error_inside_a_step_leaves_the_replay_and_numpys_settings_as_they_were() -> None:
    def fail(x: Any) -> Any:
        raise RuntimeError("the pickled step failed")

    line = Instruction("opaque", ("x",), "y", {"artifact": "0" * 64, "width": 3})
    plan = Plan((Input("x", 3),), {}, (line,), {"value": Output("y"), "x": Output("x")})
    replay = Replay(plan, opaque={"0" * 64: fail})
    settings = np.geterr(), np.getbufsize()
    for n in (1, 3, 20_000):
        with pytest.raises(RuntimeError, match="the pickled step failed"):
            replay.predict(np.ones((n, 3)))
    assert (np.geterr(), np.getbufsize()) == settings


def test_answers_are_the_callers_own() -> None:
    replay = Replay(chain(), ["value", "std", "value"])
    X = batches(3)[2]
    first = replay(X)
    kept = [bits(answer) for answer in first]
    for answer in replay(X[::-1]):
        answer[:] = 0.0
    assert [bits(answer) for answer in first] == kept
    assert [answer.shape for answer in first] == [(len(X), 2), (len(X), 1), (len(X), 2)]


@pytest.mark.parametrize("rows", [1, 15, 16, 300])
def test_a_plan_may_answer_what_it_is_given(rows: int) -> None:
    X = np.random.default_rng(0).normal(size=(rows, 12))
    answer = Replay(Plan((Input("x", 12),), {}, (), {"value": Output("x")})).predict(X)
    assert answer.tobytes() == X.tobytes() and not np.shares_memory(answer, X)


def test_only_what_the_outputs_need_is_computed() -> None:
    line = Instruction("opaque", ("x",), "unused", {"artifact": "0" * 64, "width": 3})
    plan = chain()
    with_spare = Plan(plan.inputs, plan.constants, (line, *plan.body), {**plan.outputs, "spare": Output("unused")})
    X = batches(1)[0]
    assert bits(Replay(with_spare).predict(X)) == bits(Replay(plan).predict(X))


def test_a_register_that_is_read_late_is_not_overwritten_by_one_of_its_width() -> None:
    """Sums of x at every distance: the arrays of dead registers are used again, those of live ones never."""
    lines = [Instruction("add", ("x", "x"), "x0")]
    lines += [Instruction("add", (f"x{i - 1}", "x"), f"x{i}") for i in range(1, 12)]
    lines += [Instruction("fold", ("x0", "x3", "x11", "x7"), "y", {"d": 1})]
    plan = Plan((Input("x", 5),), {}, tuple(lines), {"value": Output("y"), "x3": Output("x3")})
    value, x3 = Replay(plan, ["value", "x3"])(np.ones((2, 5)))
    assert (value == 2.0 + 5.0 + 13.0 + 9.0).all() and (x3 == 5.0).all()


def test_the_rest_of_a_batch_does_not_cost_the_frame_of_its_blocks() -> None:
    replay = Replay(chain())
    X = batches(1)[0][:1].repeat(replay._sizes.most(bound=True) * 2 + 1, axis=0)
    replay.predict(X)
    frames = {frame.rows: frame for frame in replay._pool.frames}
    replay.predict(X)
    assert {frame.rows: frame for frame in replay._pool.frames} == frames


def test_no_rows_are_no_answers() -> None:
    assert [answer.shape for answer in Replay(chain(), ["value", "std"])(np.empty((0, 300)))] == [(0, 2), (0, 1)]


def test_real_spectra_are_scaled_to_mean_zero_and_unit_variance(tecator: Any) -> None:
    plan = chain(100)
    X = Replay(Plan(plan.inputs, plan.constants, plan.body, {"value": Output("scaled")})).predict(tecator.X)
    assert np.abs(X.mean(axis=1)).max() < 1e-14 and np.abs(X.std(axis=1) - 1.0).max() < 1e-14
