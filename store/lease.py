"""The lease: the right to open the database, which one store has at a time, whatever process it is in.

`store.lock`, locked alone, is the lease; `artifacts/`, locked shared, says that somebody waits for it.
"""

from __future__ import annotations

import os
from pathlib import Path

from .database import Connection, open_database
from .errors import Busy
from .locks import Lock

__all__ = ["LOCK", "OBJECTS", "Lease"]

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
                self._wait(patience)
            self._open(patience)
        assert self.connection is not None
        return self.connection

    def take_if_free(self) -> Connection | None:
        """The open database, without waiting; None when another store has it. Raises Busy for another program."""
        if self.connection is None and self._alone.try_alone():
            self._open(patience=0.0)
        return self.connection

    def _wait(self, patience: float) -> None:
        self._want.wait_shared(patience)
        try:
            if not self._alone.wait_alone(patience):
                holder = self._alone.read() or "unknown"
                raise Busy(
                    f"{self.folder}: process {holder} has held the database for {patience:g} s; is it stopped? "
                    "Nothing recorded is lost"
                )
        finally:
            self._want.release()

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
        if not self._want.try_alone():
            return True
        self._want.release()
        return False

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
