"""Locks between processes, on files and folders that are there anyway; the kernel frees them when a process dies."""

from __future__ import annotations

import os
import sys
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .errors import Busy, WorkspaceError

if sys.platform == "win32":
    raise ImportError("n4akit.store needs flock(2), which Windows does not have; export bundles on Linux or macOS")

import fcntl

__all__ = ["Lock", "probe", "wait"]


def wait(attempt: Callable[[], bool], seconds: float) -> bool:
    """Whether an attempt to hold something succeeds within this time; it is made at least once."""
    end = time.monotonic() + seconds
    pause = 0.0005
    while not attempt():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(2 * pause, 0.01)
    return True


class Lock:
    """An advisory lock on a path, held by this object: shared by many, or exclusive to one.

    Other objects exclude it even in the same process. A forked child must call `forget`: it holds its parent's lock.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_CREAT if create else os.O_RDONLY
        self._file = os.open(path, flags | os.O_CLOEXEC, 0o666)
        self._close = weakref.finalize(self, os.close, self._file)
        self._close.atexit = False  # at exit the store still needs its locks to close in order

    def try_shared(self) -> bool:
        """Hold it with others, if nobody has it alone."""
        return self._try(fcntl.LOCK_SH)

    def try_alone(self) -> bool:
        """Hold it alone, if nobody else has it. A shared hold is lost when this fails."""
        return self._try(fcntl.LOCK_EX)

    def _try(self, how: int) -> bool:
        try:
            fcntl.flock(self._file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_shared(self, seconds: float) -> None:
        """Hold it with others. Raises Busy when one has it alone for longer than this."""
        if not wait(self.try_shared, seconds):
            raise Busy(f"{self.path}: another process has had it alone for {seconds:g} s; is it stopped?")

    def release(self) -> None:
        """Let go; it can be held again."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def write(self, text: str) -> None:
        """Make `text` all that the file holds, for people who ask who has it, if there is room for that."""
        with suppress(OSError):  # the lock is held or not, whatever the file says
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text.encode(), 0)

    def read(self) -> str:
        """What the holder wrote."""
        return os.pread(self._file, 200, 0).decode("utf-8", "replace")

    def forget(self) -> None:
        """Close without letting go on behalf of a parent process."""
        self._close()


def probe(path: Path) -> None:
    """Raise WorkspaceError, naming the mount, unless locks on this file, which is made, keep two holders apart."""
    first, second = Lock(path, create=True), Lock(path)
    try:
        works = not first.try_alone() or not second.try_alone()  # in either case one was kept away
    except OSError:
        works = False
    finally:
        first.forget()
        second.forget()
    if not works:
        raise WorkspaceError(
            f"{path}: locks do not work on the file system mounted at {_mount(path.parent)}, and records would be lost "
            "without them; put the workspace on a local disk"
        )


def _mount(path: Path) -> Path:
    path = path.resolve()
    while not path.is_mount():
        path = path.parent
    return path
