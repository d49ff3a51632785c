"""When each task must be done: those that are not are cancelled.

`asyncio.timeout` sets a timer of its own each time, which takes longer than all else a request is put through; one look
at all deadlines ten times a second does the same.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

__all__ = ["Deadline", "Deadlines"]

PAUSE = 0.1
"""Seconds between two looks, and so what a deadline may be late."""


class Deadline:
    """When a task must be done; `passed` tells that it was cancelled because it was not."""

    __slots__ = ("at", "passed", "task")

    def __init__(self, task: asyncio.Task[None], at: float) -> None:
        self.task = task
        self.at = at
        self.passed = False


class Deadlines:
    """The deadlines of one loop's tasks."""

    def __init__(self) -> None:
        self._set: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, at: float) -> Deadline:
        """Set one for the current task, by `perf_counter`."""
        task = asyncio.current_task()
        assert task is not None
        deadline = Deadline(task, at)
        self._set.add(deadline)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._look)
        return deadline

    def drop(self, deadline: Deadline) -> None:
        """The task is done with what had to be done until then."""
        self._set.discard(deadline)

    def _look(self) -> None:
        now = perf_counter()
        for deadline in [deadline for deadline in self._set if deadline.at <= now]:
            self._set.discard(deadline)
            deadline.passed = True
            deadline.task.cancel()
        self._timer = asyncio.get_running_loop().call_later(PAUSE, self._look) if self._set else None
