"""What is let go of before a process forks, and closed before it exits.

Neither SQLite nor DuckDB survive a fork: a child that inherits an open SQLite file believes in its parent's locks, and
damages what others write. So before a fork everything is closed, and parent and child each open it again.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from typing import Protocol

__all__ = ["guard", "release"]


log = logging.getLogger("n4akit.store")


class Guarded(Protocol):
    """What is open, and must not be inherited."""

    def pause(self) -> None:
        """Before a fork: close what must not be inherited, and keep other threads from opening it."""

    def resume(self) -> None:
        """After a fork, in the parent."""

    def forked(self) -> None:
        """After a fork, in the child."""

    def close(self) -> None:
        """Before the process exits."""


_guarded: weakref.WeakSet[Guarded] = weakref.WeakSet()
_paused = threading.local()
"""What the forking thread has paused."""


def guard(opened: Guarded) -> None:
    """Have it told of forks and of the exit, while it exists."""
    _guarded.add(opened)


def release(closed: Guarded) -> None:
    """No longer."""
    _guarded.discard(closed)


def _before() -> None:
    _paused.all = sorted(_guarded, key=id)  # in one order, should two threads fork at once
    for opened in _paused.all:
        opened.pause()


def _in_parent() -> None:
    for opened in _paused.__dict__.pop("all", ()):
        opened.resume()


def _in_child() -> None:
    _paused.__dict__.clear()
    for opened in list(_guarded):
        opened.forked()


def _at_exit() -> None:
    for opened in list(_guarded):
        try:
            opened.close()
        except Exception:  # the others are closed too
            log.exception("%r could not be closed", opened)


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
atexit.register(_at_exit)
