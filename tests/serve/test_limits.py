"""Slots, buckets and deadlines, without a server."""

from __future__ import annotations

import asyncio
from time import perf_counter

import pytest
from n4akit.serve.deadlines import Deadlines
from n4akit.serve.limits import Buckets, Full, Slots


def test_slots_are_given_in_the_order_of_the_queue() -> None:
    async def story() -> None:
        slots, order = Slots(1, 2), []

        async def visit(name: str) -> None:
            await slots.wait()
            order.append(name)
            slots.leave()

        assert slots.take() and not slots.take()
        visits = [asyncio.create_task(visit(name)) for name in "ab"]
        await asyncio.sleep(0)
        assert slots.waiting == 2
        with pytest.raises(Full):
            await slots.wait()
        slots.leave()
        await asyncio.gather(*visits)
        assert order == ["a", "b"] and slots.take() and not slots.take()

    asyncio.run(story())


@pytest.mark.parametrize("given", [False, True])
def test_who_gives_up_keeps_no_slot(given: bool) -> None:
    """Also when the slot is given at the very moment."""

    async def story() -> None:
        slots = Slots(1, 1)
        assert slots.take()
        waiting = asyncio.create_task(slots.wait())
        await asyncio.sleep(0)
        if given:
            slots.leave()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        if not given:
            slots.leave()
        assert slots.waiting == 0 and slots.take() and not slots.take()

    asyncio.run(story())


def test_a_bucket_fills_at_its_rate_up_to_the_burst() -> None:
    buckets = Buckets(rate=2.0, burst=3)
    assert [buckets.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 1]
    assert buckets.take("b", 0.0) == 0, "each client has its own"
    assert [buckets.take("a", 0.5), buckets.take("a", 0.5)] == [0, 1]
    assert [buckets.take("a", 100.0) for _ in range(4)] == [0, 0, 0, 1]
    assert Buckets(rate=0.1, burst=1).take("a", 0.0) == 0
    slow = Buckets(rate=0.1, burst=1)
    assert [slow.take("a", 0.0), slow.take("a", 1.0)] == [0, 9]


def test_clients_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Buckets, "CLIENTS", 2)
    buckets = Buckets(rate=0.001, burst=1)
    assert [buckets.take(client, 0.0) for client in "aabca"] == [0, 1000, 0, 0, 0]
    assert len(buckets._left) == 2


def test_a_deadline_cancels_its_task_alone() -> None:
    async def story() -> None:
        deadlines = Deadlines()

        async def work(seconds: float, allowed: float) -> bool:
            deadline = deadlines.add(perf_counter() + allowed)
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                assert deadline.passed
            finally:
                deadlines.drop(deadline)
            return deadline.passed

        passed = await asyncio.gather(work(30, 0.05), work(0.4, 30), work(0, 0.0))
        assert list(passed) == [True, False, False]
        await asyncio.sleep(0.25)
        assert deadlines._timer is None, "it rests when there is nothing to look at"

    asyncio.run(story())
