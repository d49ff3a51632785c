"""A workspace to read from: its database, kept open from one read to the next while nobody else wants it.

This much every open workspace can do. One that cannot be written, because of its medium or its permissions, can do no
more: nothing is made or changed in its folder, and what is still in its inbox is counted, not shown.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from .database import NAME as DATABASE
from .database import Connection
from .errors import Busy, Closed, ReadOnly, StoreError
from .forks import guard, release
from .inbox import FILES
from .lease import LOCK, OBJECTS, Lease, SharedLease
from .merge import progress
from .peek import waiting

__all__ = ["Reading", "barrier"]

log = logging.getLogger("n4akit.store")

PATIENCE = 60.0
"""Seconds to wait for the lease, or for another program to close the database, before giving up."""

IDLE = 2.0
"""Seconds without a read after which the lease is given back although nobody asked for it."""

GLANCE = 0.02
"""Seconds between looks at whether somebody waits for the lease."""

HIDDEN = (
    "%s: it can only be read; records in its inbox that are not shown: %d; they will be when it, or a copy of it, is "
    "opened where it can be written"
)

WRITTEN = (OBJECTS, LOCK, DATABASE, f"{DATABASE}.wal", *FILES)
"""What is written in a folder, where it is there."""


def barrier(folder: Path) -> Path | None:
    """What may not be written here, of all that would be; None when everything may."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return folder
    paths = (folder / name for name in WRITTEN)
    return next((path for path in paths if os.access(path, os.F_OK) and not os.access(path, os.W_OK)), None)


class Reading:
    """One workspace, open for reading. Safe for threads; after a fork, parent and child each go on with their own."""

    _lease: Lease | SharedLease

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        self.folder = folder
        self.patience = patience
        self._lock = threading.RLock()
        self._closed = False
        self._stale = False
        self._enter()
        try:
            self._look()
        except BaseException:
            self._closed = True
            self._lease.let_go()
            self._exit()
            raise
        if self._lease.connection is not None:
            self._watch()
        guard(self)

    def _enter(self) -> None:
        """Come in: for the first time, or as the child of a fork."""
        self._lease = self._new_lease()
        self._used = time.monotonic()
        self._watching = False
        self._watcher: threading.Thread | None = None
        self._done = threading.Event()

    def _new_lease(self) -> Lease | SharedLease:
        return SharedLease(self.folder)

    def _look(self) -> None:
        """Open the database: a damaged or newer one is refused. Say what is not shown."""
        try:
            self._lease.take(min(self.patience, 1.0))
            hidden = self.unseen()
        except Busy:
            log.warning(
                "%s: it can be read alone, and another program has the database; reading will wait", self.folder
            )
        except StoreError as error:
            if self._lease.connection is None:
                raise
            log.warning("%s: it can only be read, and whether all is shown is not known: %s", self.folder, error)
        else:
            if hidden:
                log.warning(HIDDEN, self.folder, hidden)

    def _exit(self) -> None:
        self._lease.forget()

    def unseen(self) -> int:
        """How many acknowledged records queries do not show."""
        with self.database() as connection:
            return waiting(self.folder, lambda generation: progress(connection, generation)[1])

    def refusal(self) -> ReadOnly:
        """What to say to whoever wants to write."""
        self.check()
        where = barrier(self.folder) or self.folder
        return ReadOnly(
            f"{self.folder}: this workspace can only be read, because {where} cannot be written here; open it where it "
            "can, or a copy of it"
        )

    # Reading ------------------------------------------------------------------------------------------------------

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """The database with everything in it that can be shown.

        Raises Busy when it cannot be had, and StoreError for whatever DuckDB complains of.
        """
        with self._lock:
            self.check()
            connection = self._lease.take(self.patience)
            try:
                self._catch_up(connection)
                yield connection
            except duckdb.Error as error:
                self._lease.let_go()  # after some errors a connection is of no more use
                raise StoreError(f"{self.folder / DATABASE}: {error}") from error
            finally:
                self._used = time.monotonic()
                if self._lease.wanted():
                    self._give_back()
                else:
                    self._watch()

    def _catch_up(self, connection: Connection) -> None:
        """Before a read: nothing to do where nothing can be written."""

    def _settle(self) -> None:
        """Before the database is closed: nothing to do where nothing was written."""

    def _give_back(self) -> None:
        """Close the database with everything on disk, and let others have it."""
        if self._lease.connection is None:
            return
        try:
            self._settle()
        except duckdb.Error as error:
            raise StoreError(f"{self.folder / DATABASE}: {error}; what was recorded stays in the inbox") from error
        finally:
            self._lease.let_go()

    def _watch(self) -> None:
        if not self._watching:
            self._watching = True
            arguments = (weakref.ref(self), self._done)
            self._watcher = threading.Thread(target=_keep_warm, args=arguments, name="n4akit-lease", daemon=True)
            self._watcher.start()

    def _glance(self) -> bool:
        """Give the lease back if it is wanted or unused; False when there is nothing left to watch."""
        if not self._lock.acquire(blocking=False):
            return True
        try:
            if self._lease.connection is not None and (time.monotonic() - self._used > IDLE or self._lease.wanted()):
                self._give_back()
        except Exception:
            # In a thread of nobody's: whoever reads next meets the same error, and raises it.
            log.exception("%s: the database could not be given back", self.folder)
        else:
            self._watching = self._lease.connection is not None
            return self._watching
        finally:
            self._lock.release()
        self._watching = False
        return False

    # Ending -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the workspace; a second call does nothing."""
        with self._lock:
            if self._closed or self._stale:
                self._closed = True
                return
            try:
                self._finish()
            finally:
                self._closed = True
                release(self)
                self._leave()
                self._done.set()
        if self._watcher is not None:
            self._watcher.join()

    def _finish(self) -> None:
        """What is to be done before going."""
        self._give_back()

    def _leave(self) -> None:
        """Go."""
        self._exit()

    def check(self) -> None:
        """Raise Closed unless the store is open. In a child that was forked, open the workspace for it."""
        if self._closed:
            raise Closed(f"{self.folder}: this store was closed; open the workspace again")
        if self._stale:
            with self._lock:
                if self._stale:
                    self._enter()
                    self._stale = False

    # Forking ------------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Before a fork: let go of the database; other threads wait meanwhile."""
        self._lock.acquire()
        if self._stale or self._closed:
            return
        try:
            self._give_back()
        except StoreError:
            log.exception("%s: the database could not be given back before forking", self.folder)

    def resume(self) -> None:
        """After a fork, in the parent."""
        self._lock.release()

    def forked(self) -> None:
        """After a fork, in the child: open the workspace anew when it is first used."""
        self._exit()
        self._lock = threading.RLock()
        self._stale = True


def _keep_warm(reference: weakref.ref[Reading], done: threading.Event) -> None:
    while not done.wait(GLANCE):
        reading = reference()
        if reading is None or not reading._glance():
            return
        del reading
