"""Many callers at once: each gets its own rows with its own bits, is refused for its own faults, and may leave."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit import AxisError, Bundle, InputError, Result, load
from n4akit.bundle.export import export
from n4akit.serve import predictor as module
from n4akit.serve.errors import Departed, Unavailable
from n4akit.serve.predictor import Predictor
from numpy.typing import NDArray

from ..bundle.conftest import make_model
from .conftest import WIDTH
from .server import adjust, put

Matrix = NDArray[np.float64]

AXIS = np.linspace(850.0, 1050.0, WIDTH)


@pytest.fixture(scope="module")
def bundles(models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """Those of the folder, and one that knows its calibration: it tells T², Q and more flags."""
    chain = make_model(WIDTH).chain
    known = export(chain, tmp_path_factory.mktemp("known") / "known", calibration=rows_of(60, 99))
    paths = {name: models / f"{name}.n4a" for name in ("fat", "plain", "trio")} | {"known": known}
    return {name: load(path, threads=1) for name, path in paths.items()}


@contextmanager
def predicting(queue: int = 10**6, threads: int = 2) -> Iterator[Predictor]:
    with closing(Predictor(queue=queue, threads=threads)) as predictor:
        yield predictor


def together(*asked: Coroutine[Any, Any, Any]) -> list[Any]:
    """What callers of one turn get: a result or an error each."""

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(all_at_once())


def rows_of(count: int, seed: int = 0) -> Matrix:
    return np.random.default_rng(seed).normal(size=(count, WIDTH)) + np.linspace(0.0, 1.0, WIDTH)


def same(found: Result, expected: Result) -> bool:
    """To the last bit, in everything that a result says."""
    pairs = [(getattr(found, field.name), getattr(expected, field.name)) for field in fields(Result)]
    return all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        if isinstance(a, np.ndarray)
        else a == b
        for a, b in pairs
    )


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of each prediction that is made."""
    made: list[int] = []
    plain = Bundle.predict_full

    def counting(self: Bundle, X: Any, *given: Any, **more: Any) -> Result:
        made.append(len(X))
        return plain(self, X, *given, **more)

    monkeypatch.setattr(Bundle, "predict_full", counting)
    return made


# A caller: a model, how many rows, on which axis, and whether a row is bad.
AXES: dict[str, tuple[Any, str | None, bool]] = {
    "none": (None, None, False),
    "own": (AXIS.tolist(), "nm", False),
    "array": (AXIS, None, False),
    "strict": (AXIS.tolist(), "nm", True),
    "reversed": (AXIS[::-1].tolist(), "nm", False),
    "um": ((AXIS / 1000.0).tolist(), "um", False),
}
CALLERS = st.lists(
    st.tuples(
        st.sampled_from(["fat", "trio", "known"]),
        st.integers(1, 12),
        st.sampled_from([*AXES]),
        st.sampled_from(["good", "good", "good", "huge", "constant", "single", "wrong width"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(CALLERS, st.sampled_from([module.AT_ONCE, 1e-6, 1e-12]))
def test_every_caller_gets_what_it_would_get_alone(
    bundles: dict[str, Bundle], callers: list[tuple[str, int, str, str]], at_once: float
) -> None:
    """Whoever else asks, in the loop or in a thread, all of a turn or a few: results and errors."""
    asked = []
    for number, (name, count, axis, kind) in enumerate(callers):
        rows = rows_of(count, number)
        if kind == "huge":
            rows[count // 2, 3] = 1e200
        elif kind == "constant":
            rows[0] = 1.0
        elif kind == "single":
            rows = rows.astype(np.float32)
        elif kind == "wrong width":
            rows = rows[:, :-1]
        asked.append((bundles[name], rows, AXES[axis]))
    with pytest.MonkeyPatch.context() as patch, predicting() as predictor:
        patch.setattr(module, "AT_ONCE", at_once)
        found = together(
            *(
                predictor.predict(bundle, rows, axis, {"unit": unit, "strict": strict})
                for bundle, rows, (axis, unit, strict) in asked
            )
        )
    for answer, (bundle, rows, (axis, unit, strict)) in zip(found, asked, strict=True):
        try:
            expected = bundle.predict_full(rows, axis, unit=unit, strict=strict)
        except InputError as error:
            assert type(answer) is type(error) and str(answer) == str(error) and answer.rows == error.rows
        else:
            assert same(answer, expected)
    assert predictor.waiting == 0


def test_rows_of_one_turn_are_predicted_together(bundles: dict[str, Bundle], counted: list[int]) -> None:
    with predicting() as predictor:
        together(*(predictor.predict(bundles["fat"], rows_of(count)) for count in (1, 2, 3)))
        assert counted == [6]
        together(predictor.predict(bundles["fat"], rows_of(1)), predictor.predict(bundles["trio"], rows_of(1)))
        together(predictor.predict(bundles["fat"], rows_of(1)), predictor.predict(bundles["fat"], rows_of(1), AXIS))
        assert counted[1:] == [1, 1, 1, 1], "another model, another axis"


@pytest.mark.parametrize("at_once", [module.AT_ONCE, 0.0], ids=["in the loop", "in a thread"])
def test_how_many_were_predicted_together_is_told_and_when_each_began(
    bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch, at_once: float
) -> None:
    batches: list[int] = []
    begun: list[str] = []
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    with closing(Predictor(queue=100, threads=1, predicted=batches.append)) as predictor:
        together(
            *(
                predictor.predict(bundles[name], rows_of(count), begins=partial(begun.append, name))
                for name, count in (("fat", 1), ("plain", 2), ("fat", 4))
            )
        )
        together(predictor.predict(bundles["fat"], rows_of(8)))
    assert batches == ([5, 2, 8] if at_once else [1, 2, 4, 8])
    assert begun == (["fat", "fat", "plain"] if at_once else ["fat", "plain", "fat"])


def test_a_part_of_a_result_is_the_result_of_that_part(bundles: dict[str, Bundle]) -> None:
    told = set()
    for bundle in bundles.values():
        rows = rows_of(20)
        whole = bundle.predict_full(rows)
        assert same(whole.rows(3, 11), bundle.predict_full(rows[3:11])) and same(whole.rows(0, 20), whole)
        told |= {field.name for field in fields(Result) if isinstance(getattr(whole, field.name), np.ndarray)}
    assert {"values", "value_raw", "spread", "t2", "q"} <= told


def test_a_lone_caller_waits_for_nobody(bundles: dict[str, Bundle]) -> None:
    """No timer: its answer is there after a few turns of the loop, whatever the clock says."""

    async def turns() -> int:
        with predicting() as predictor:
            asked = asyncio.ensure_future(predictor.predict(bundles["fat"], rows_of(1)))
            for turn in range(20):
                if asked.done():
                    return turn
                await asyncio.sleep(0)
        raise AssertionError("no answer after 20 turns")

    assert asyncio.run(turns()) <= 4


def test_bundles_that_are_the_same_but_for_their_settings_are_not_predicted_together(
    models: Path, tmp_path: Path
) -> None:
    plain, adjusted = (put(models / "fat.n4a", tmp_path / f"{name}.n4a") for name in ("plain", "adjusted"))
    digest = adjust(adjusted, 100.0)
    rows = rows_of(3)
    with predicting() as predictor:
        found = together(*(predictor.predict(load(path), rows) for path in (plain, adjusted)))
    assert [one.settings for one in found] == [None, digest]
    assert found[1].values.tolist() == [value + 100.0 for value in found[0].values.tolist()]


def test_where_only_one_client_asks_nobody_waits_for_the_turn_and_company_is_soon_found(
    bundles: dict[str, Bundle], counted: list[int]
) -> None:
    with predicting() as predictor:
        together(predictor.predict(bundles["fat"], rows_of(1)))
        assert predictor._alone == module.ALONE
        together(*(predictor.predict(bundles["fat"], rows_of(1)) for _ in range(module.ALONE + 5)))
        assert counted == [1] * (1 + module.ALONE) + [5]
        together(*(predictor.predict(bundles["fat"], rows_of(1)) for _ in range(7)))
        assert counted[-1] == 7, "from then on together"


def test_a_bad_row_of_one_fails_no_other(bundles: dict[str, Bundle]) -> None:
    bad = rows_of(5)
    bad[3] = 1.0
    with predicting() as predictor:
        good, failed, other = together(
            *(predictor.predict(bundles["fat"], rows) for rows in (rows_of(2), bad, rows_of(3)))
        )
    assert len(good.values) == 2 and len(other.values) == 3
    assert isinstance(failed, InputError) and [row for row, _ in failed.rows] == [3] and "1 of 5 spectra" in str(failed)


def test_an_axis_that_leads_nowhere_is_told_to_its_caller_alone(bundles: dict[str, Bundle]) -> None:
    with predicting() as predictor:
        good, failed = together(
            predictor.predict(bundles["fat"], rows_of(2), AXIS),
            predictor.predict(bundles["fat"], rows_of(2), AXIS + 500),
        )
    assert len(good.values) == 2 and isinstance(failed, AxisError)


def test_what_holds_a_pickled_step_is_predicted_alone(unsound: Path, counted: list[int]) -> None:
    """Foreign code may look at its rows together, and may take any time."""
    bundle = load(unsound / "pickled.n4a", allow_opaque=True)
    counted.clear()
    with predicting() as predictor:
        together(*(predictor.predict(bundle, rows_of(count)) for count in (1, 2)))
    assert sorted(counted) == [1, 2]


def test_many_small_questions_leave_the_loop_its_turns(
    bundles: dict[str, Bundle], counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are counted: a turn predicts a share of them, oldest first, and all are answered in the end."""
    monkeypatch.setattr(module, "PACE", 1e-4)
    monkeypatch.setattr(module, "AT_ONCE", 0.02)
    with predicting() as predictor:
        done: list[int] = []

        async def ask(number: int) -> None:
            await predictor.predict(bundles["fat"], rows_of(5, number))
            done.append(number)

        together(*(ask(number) for number in range(40)))
    assert sum(counted) == 200 and len(counted) > 5 and done == sorted(done)


def test_large_questions_leave_the_loop_free(bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    """A small question is answered while a large one is still computed."""
    go, begun = threading.Event(), threading.Event()
    plain = Bundle.predict_full

    def slow(self: Bundle, X: Any, *given: Any, **more: Any) -> Result:
        if len(X) > 1000:
            begun.set()
            assert go.wait(20)
        return plain(self, X, *given, **more)

    monkeypatch.setattr(Bundle, "predict_full", slow)

    async def ask() -> None:
        with predicting(threads=1) as predictor:
            large = asyncio.ensure_future(predictor.predict(bundles["fat"], rows_of(100_000)))
            await asyncio.to_thread(begun.wait, 20)
            small = await predictor.predict(bundles["fat"], rows_of(1))
            assert len(small.values) == 1 and not large.done() and predictor.waiting == 100_000
            go.set()
            assert len((await large).values) == 100_000 and predictor.waiting == 0

    asyncio.run(ask())


def test_a_model_that_is_slow_is_learnt_to_be(bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows of a slow model take the loop's time too: soon they go to a thread."""
    where: list[str] = []
    plain = Bundle.predict_full

    def slow(self: Bundle, X: Any, *given: Any, **more: Any) -> Result:
        where.append(threading.current_thread().name)
        end = time.thread_time() + 0.05
        while time.thread_time() < end:
            pass
        return plain(self, X, *given, **more)

    monkeypatch.setattr(Bundle, "predict_full", slow)
    with predicting() as predictor:
        for _ in range(3):
            together(predictor.predict(bundles["fat"], rows_of(1)))
    assert where[0] == threading.main_thread().name and all(name.startswith("n4a-predict") for name in where[1:])


# The queue


def blocked(
    bundles: dict[str, Bundle],
    monkeypatch: pytest.MonkeyPatch,
    test: Callable[[Predictor, threading.Event], Any],
    **how: int,
) -> list[int]:
    """Run a test while every prediction in a thread waits for an event; the rows of those that were made."""
    go = threading.Event()
    made: list[int] = []
    plain = Bundle.predict_full

    def waiting(self: Bundle, X: Any, *given: Any, **more: Any) -> Result:
        made.append(len(X))
        assert go.wait(20)
        return plain(self, X, *given, **more)

    monkeypatch.setattr(Bundle, "predict_full", waiting)
    monkeypatch.setattr(module, "AT_ONCE", 0.0)

    async def run() -> None:
        with predicting(threads=1, **how) as predictor:
            await test(predictor, go)

    asyncio.run(run())
    return made


def test_no_more_rows_wait_than_may(bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(predictor: Predictor, go: threading.Event) -> None:
        first = [asyncio.ensure_future(predictor.predict(bundles["fat"], rows_of(50))) for _ in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(
            Unavailable, match="100 spectra are waiting for their prediction, and 1 more are more than the 100"
        ):
            await predictor.predict(bundles["fat"], rows_of(1))
        go.set()
        await asyncio.gather(*first)
        assert len((await predictor.predict(bundles["fat"], rows_of(100))).values) == 100

    blocked(bundles, monkeypatch, test, queue=100)


def test_one_question_of_more_rows_than_may_wait_is_answered_when_it_is_alone(
    bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(predictor: Predictor, go: threading.Event) -> None:
        go.set()
        assert len((await predictor.predict(bundles["fat"], rows_of(500))).values) == 500

    blocked(bundles, monkeypatch, test, queue=100)


def test_who_is_cancelled_or_leaves_leaves_the_queue(
    bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(predictor: Predictor, go: threading.Event) -> None:
        gone = asyncio.Event()
        first = asyncio.ensure_future(predictor.predict(bundles["fat"], rows_of(1)))
        await asyncio.sleep(0.01)
        second = asyncio.ensure_future(predictor.predict(bundles["fat"], rows_of(2)))
        third = asyncio.ensure_future(predictor.predict(bundles["fat"], rows_of(3), left=gone.wait))
        fourth = asyncio.ensure_future(predictor.predict(bundles["fat"], rows_of(4), left=asyncio.Event().wait))
        await asyncio.sleep(0.01)
        assert predictor.waiting == 10
        second.cancel()
        gone.set()
        with pytest.raises(Departed):
            await third
        assert predictor.waiting == 5
        go.set()
        assert [len(result.values) for result in await asyncio.gather(first, fourth)] == [1, 4]

    assert blocked(bundles, monkeypatch, test) == [1, 4], "what was asked for nobody was not predicted"


def test_who_is_cancelled_before_the_turn_is_not_predicted(bundles: dict[str, Bundle], counted: list[int]) -> None:
    async def run() -> None:
        with predicting() as predictor:
            first, second = (asyncio.ensure_future(predictor.predict(bundles["fat"], rows_of(n))) for n in (1, 2))
            asyncio.get_running_loop().call_soon(first.cancel)  # after it asked, before its turn
            assert len((await second).values) == 2 and first.cancelled()

    asyncio.run(run())
    assert counted == [2]
