"""Looking at the folders, with models that only say how they were looked at: when, how patiently, and who is told."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from n4akit.serve.watching import Watch

NEVER = 0.0


class Looks:
    """Stands for a repository."""

    def __init__(self) -> None:
        self.patient: list[bool] = []
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def look(self, *, patient: bool) -> None:
        self.patient.append(patient)
        await self.go.wait()
        if self.error:
            raise self.error


def watched(seconds: float, story: Callable[[Watch, Looks], Awaitable[None]]) -> list[bool]:
    """Whether each look was patient."""
    looks = Looks()
    repository: Any = looks
    watch = Watch(repository, seconds)

    async def main() -> None:
        async with watch.opened():
            await story(watch, looks)

    asyncio.run(main())
    return looks.patient


async def _soon() -> None:
    await asyncio.sleep(0.02)


def test_it_looks_from_time_to_time_and_at_once_when_told() -> None:
    async def story(watch: Watch, looks: Looks) -> None:
        while len(looks.patient) < 3:
            await _soon()
        watch.tell()
        await _soon()

    looked = watched(0.05, story)
    assert looked[:4] == [True, True, True, False]


def test_without_a_time_it_looks_only_when_told() -> None:
    async def story(watch: Watch, looks: Looks) -> None:
        await _soon()
        assert looks.patient == []
        watch.tell()
        await _soon()

    assert watched(NEVER, story) == [False]


def test_told_several_times_while_it_looks_it_looks_once_more() -> None:
    async def story(watch: Watch, looks: Looks) -> None:
        looks.go.clear()
        watch.tell()
        await _soon()
        for _ in range(5):
            watch.tell()
            await _soon()
        looks.go.set()
        await _soon()

    assert watched(NEVER, story) == [False, False]


def test_told_before_it_begins_it_looks_before_anything_is_answered() -> None:
    looks: Any = Looks()
    watch = Watch(looks, NEVER)
    watch.tell()

    async def main() -> None:
        async with watch.opened():
            assert looks.patient == [False]
            await _soon()

    asyncio.run(main())
    assert looks.patient == [False]


@pytest.mark.parametrize("error", [OSError("no such folder"), RuntimeError("what?")])
def test_what_goes_wrong_ends_no_watch(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    async def story(watch: Watch, looks: Looks) -> None:
        looks.error = error
        for _ in range(2):
            watch.tell()
            await _soon()

    assert watched(NEVER, story) == [False, False] and str(error) in caplog.text
    assert caplog.text.count("the models cannot be looked at") == isinstance(error, OSError), "said once"


def test_who_is_told_tells_nobody_and_who_has_no_parent_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda process, number: sent.append((process, number)))

    async def story(watch: Watch, looks: Looks) -> None:
        watch.tell_others()
        watch.parent = os.getppid()
        watch.tell()
        await _soon()
        assert looks.patient == [False] and sent == []
        watch.tell_others()
        assert sent == [(os.getppid(), signal.SIGHUP)]
        watch.parent = 2**22 + 1
        watch.tell_others()
        assert len(sent) == 1, "it is gone, and its number may be another's"

    watched(NEVER, story)
