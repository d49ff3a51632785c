"""Work that several threads take from one pile. The threads live as long as the call: nothing to close or to fork."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Thread

__all__ = ["spread", "usable_cores"]


def usable_cores() -> int:
    """How many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(work: Callable[[], None], threads: int) -> None:
    """Run `work` in this thread and in `threads − 1` others at once; the first error of any is raised here."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as failure:  # raised below, in the thread that asked
            failures.append(failure)

    others: list[Thread] = []
    for _ in range(threads - 1):
        other = Thread(target=run)
        try:
            other.start()
        except RuntimeError:  # no more threads are to be had: those that run do the work
            break
        others.append(other)
    run()
    for other in others:
        other.join()
    if failures:
        raise failures.pop(0)
