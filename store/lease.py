"""The lease: the right to open the database, which one store has at a time, whatever process it is in.

`store.lock`, locked alone, is the lease; `artifacts/`, locked shared, says that somebody waits for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .database import Connection, open_database
from .errors import Busy
from .locks import Lock, wait

__all__ = ["LOCK", "OBJECTS", "Lease", "SharedLease"]

LOCK = "store.lock"
OBJECTS = "artifacts"


class Lease:
    """The lease on a workspace, and the open database while one has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection: Connection | None = None
        self.moved = -1
        """How much of the inbox is in the database; negative when that is not known."""
        self._alone = Lock(folder / LOCK, create=True)
        self._want = Lock(folder / OBJECTS)

    def take(self, patience: float) -> Connection:
        """The open database. Raises Busy when another store or program has it for longer than `patience` seconds."""
        if self.connection is None:
            if not self._alone.try_alone():
                _wait(self.folder, self._alone.try_alone, self._alone, self._want, patience)
            self._open(patience)
        assert self.connection is not None
        return self.connection

    def take_if_free(self) -> Connection | None:
        """The open database, without waiting; None when another store has it. Raises Busy for another program."""
        if self.connection is None and self._alone.try_alone():
            self._open(patience=0.0)
        return self.connection

    def _open(self, patience: float) -> None:
        try:
            self._alone.write(str(os.getpid()))
            self.connection = open_database(self.folder, patience=patience)
            self.moved = -1
        except BaseException:
            self.let_go()
            raise

    def wanted(self) -> bool:
        """Whether somebody waits for it."""
        return _wanted(self._want)

    def let_go(self) -> None:
        """Close the database and let others have the lease; without effect for who has not."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()
        if self._alone.try_alone():
            self._alone.write("")
            self._alone.release()

    def bar(self) -> bool:
        """Keep others from taking it, without opening the database; False when another store has it."""
        return self._alone.try_alone()

    def forget(self) -> None:
        """Close the locks; see `Lock.forget`."""
        self._alone.forget()
        self._want.forget()


class SharedLease:
    """The right to read a database that cannot be written here, shared by all who can only read it.

    Who can write it has the lease alone, or waits for it as for any other. Whoever writes makes the files that are
    locked: where they are not, in a copy for one, nobody does.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection: Connection | None = None
        self._locks: tuple[Lock, ...] = ()

    def take(self, patience: float) -> Connection:
        """The open database. Raises Busy when a store or program has it for longer than `patience` seconds."""
        if self.connection is None:
            try:
                self._share(patience)
                self.connection = open_database(self.folder, read_only=True, patience=patience)
            except BaseException:
                self.let_go()
                raise
        return self.connection

    def _share(self, patience: float) -> None:
        paths = (self.folder / LOCK, self.folder / OBJECTS)
        if all(os.access(path, os.R_OK) for path in paths):
            self._locks = held, want = Lock(paths[0]), Lock(paths[1])
            if not held.try_shared():
                _wait(self.folder, held.try_shared, held, want, patience)

    def wanted(self) -> bool:
        """Whether somebody waits for it."""
        return bool(self._locks) and _wanted(self._locks[1])

    def let_go(self) -> None:
        """Close the database and let others have it; without effect for who has not."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()
        if self._locks:
            self._locks[0].release()
        self.forget()

    def forget(self) -> None:
        """Close the locks; see `Lock.forget`."""
        locks, self._locks = self._locks, ()
        for lock in locks:
            lock.forget()


def _wait(folder: Path, attempt: Callable[[], bool], held: Lock, want: Lock, patience: float) -> None:
    """Wait for the lease, so that whoever has it sees it. Raises Busy, naming them."""
    want.wait_shared(patience)
    try:
        if not wait(attempt, patience):
            holder = held.read() or "unknown"
            raise Busy(
                f"{folder}: process {holder} has held the database for {patience:g} s; is it stopped? "
                "Nothing recorded is lost"
            )
    finally:
        want.release()


def _wanted(want: Lock) -> bool:
    if not want.try_alone():
        return True
    want.release()
    return False
