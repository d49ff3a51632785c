"""Work that several threads take from one pile. The threads live as long as the call: nothing to close or to fork."""

from __future__ import annotations

import os
from _thread import LockType, allocate_lock, start_new_thread
from collections import deque
from collections.abc import Callable, Iterator

__all__ = ["spread", "taken", "useful_threads"]

MOST = 8
"""The calls of a block hold the interpreter's lock for up to an eighth of its time: more threads would only wait."""


def useful_threads() -> int:
    """One for each processor that this process may run on, but no more than `MOST`."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST)


def taken(pile: deque[int]) -> Iterator[int]:
    """What this thread gets of a pile before it is empty."""
    while True:
        try:
            first = pile.popleft()
        except IndexError:
            return
        yield first


def spread(work: Callable[[], None], threads: int) -> None:
    """Run `work` in this thread and in `threads − 1` others at once; the first error of any is raised here."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as failure:  # raised below, in the thread that asked
            failures.append(failure)

    def other(running: LockType) -> None:
        try:
            run()
        finally:
            running.release()

    others: list[LockType] = []
    for _ in range(threads - 1):
        running = allocate_lock()
        running.acquire()
        try:
            # Not threading.Thread: it waits until the other has begun, for a twentieth of what a large batch takes.
            start_new_thread(other, (running,))
        except RuntimeError:  # no more threads are to be had: those that run do the work
            break
        others.append(running)
    run()
    for running in others:
        running.acquire()
    if failures:
        raise failures.pop(0)
