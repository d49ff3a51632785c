"""Where a store works: the inbox it writes to, the lease on the database it reads from, and what it knows already.

Writing needs the inbox alone. Reading takes the lease, moves everything that anybody recorded into the database, and
keeps both for the next read, until another process wants the lease or nobody read for a while.

Who may do what is said by locks: `store.lock`, alone, is the lease; `artifacts/`, shared, is held while waiting for it;
the workspace folder, shared, is held by every open store, so that the last to close may take the inbox away.
"""

from __future__ import annotations

import atexit
import ctypes
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import inbox as inboxes
from .database import NAME as DATABASE
from .database import Connection, open_database, select
from .errors import Busy, Closed, Refused, UnknownId
from .files import flush
from .inbox import Inbox
from .locks import Lock, probe
from .merge import merge, progress
from .tables import TABLES

__all__ = ["LOCK", "OBJECTS", "Desk"]

log = logging.getLogger("n4akit.store")

LOCK = "store.lock"
OBJECTS = "artifacts"

PATIENCE = 60.0
"""Seconds to wait for the lease, or for another program to close the database, before giving up."""

IDLE = 2.0
"""Seconds without a read after which the lease is given back although nobody asked for it."""

GLANCE = 0.02
"""Seconds between looks at whether somebody waits for the lease."""

BACKLOG = 64 * 2**20
"""Bytes recorded by this process after which it moves them, if nobody else holds the lease."""


class Desk:
    """One open workspace. Safe for threads; after a fork, parent and child each go on with their own."""

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        self.folder = folder
        self.patience = patience
        self._lock = threading.RLock()
        self._closed = False
        self._stale = False
        self._prepare()
        self._open()
        try:
            if self._lease.try_alone():
                # Nobody else looks at this database: a damaged or newer one is refused before anything is recorded.
                self._take()
                self._used = time.monotonic()
                self._watch()
        except Busy:
            log.warning("%s: another program has the database open; recording goes on, reading will wait", folder)
        except BaseException:
            self._closed = True
            self._leave()
            raise
        _DESKS.add(self)

    def _prepare(self) -> None:
        (self.folder / OBJECTS).mkdir(parents=True, exist_ok=True)
        trial = self.folder / f".locks-{os.getpid()}-{threading.get_ident()}"
        trial.mkdir()
        try:
            probe(trial)
        finally:
            trial.rmdir()

    def _open(self) -> None:
        self._presence = Lock(self.folder)
        self._presence.wait_shared(self.patience)
        self._lease = Lock(self.folder / LOCK, create=True)
        self._want = Lock(self.folder / OBJECTS)
        self._inbox = Inbox(self.folder)
        self._connection: Connection | None = None
        self._moved = 0
        self._used = 0.0
        self._unmoved = 0
        self._watching = False
        self._watcher: threading.Thread | None = None
        self._done = threading.Event()
        self._known: dict[str, bool] = {}

    # Writing ------------------------------------------------------------------------------------------------------

    def record(
        self, kind: str, id: str, doc: str, body: bytes | None = None, *, once: str = "", durable: bool = False
    ) -> None:
        """Put a record in the inbox; see `Inbox.put`."""
        self._check()
        self._inbox.put(kind, id, doc, body, once=once, durable=durable)
        self._unmoved += len(doc) + len(body or b"")
        if self._unmoved > BACKLOG:
            self._unmoved = 0
            self._move_if_free()

    def add(self, kind: str, id: str, doc: str) -> None:
        """Put a new row in the inbox, and know that it is there."""
        self.record(kind, id, doc)
        self._known[id] = True

    def require(self, table: str, id: str) -> bool:
        """Check that a row is there, whoever wrote it; True when it was recorded since this inbox was made.

        Raises UnknownId; Refused when it is, or belongs to, a pipeline that failed.
        """
        known = self._known.get(id)
        if known is None:
            known = self._inbox.holds(table, id)
            if not known:
                self._look_up(table, id)
            self._known[id] = known
        return known

    def _look_up(self, table: str, id: str) -> None:
        key = TABLES[table].key
        with self.database() as connection:
            found = select(connection, f"SELECT {TABLES[table].shown} FROM {table} WHERE {key} = ?", [id])
        if found.is_empty():
            raise UnknownId(f"{key} {id!r}: nothing with this identifier is recorded in {self.folder}")
        if table == "pipelines" and found["status"][0] == "failed":
            raise Refused(f"{key} {id!r}: this pipeline failed, and what it made was removed; begin a new one")

    def marked(self, mark: str) -> bool:
        """Whether what may happen once has happened since this inbox was made."""
        return self._inbox.marked(mark)

    def saved(self, id: str) -> bool:
        """Whether this store recorded the row, since it was opened or anything was removed."""
        return self._known.get(id, False)

    def pending(self, kind: str, id: str) -> bool:
        """Whether a record is in the inbox still."""
        return self._inbox.holds(kind, id)

    def alone(self) -> bool:
        """Whether no other store has this workspace open."""
        alone = self._presence.try_alone()
        self._presence.wait_shared(self.patience)
        return alone

    def forget(self) -> None:
        """Look everything up again: something was removed."""
        self._known.clear()

    # Reading ------------------------------------------------------------------------------------------------------

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """The database with everything in it that anybody recorded. Raises Busy when it cannot be had."""
        with self._lock:
            self._check()
            if self._connection is None:
                self._wait_for_lease()
                self._take()
            assert self._connection is not None
            if self._inbox.newest() > self._moved:
                self._moved = merge(self._connection, self._inbox)
            self._unmoved = 0
            try:
                yield self._connection
            finally:
                self._used = time.monotonic()
                if self._wanted():
                    self._give_back()
                else:
                    self._watch()

    def _wait_for_lease(self) -> None:
        if self._lease.try_alone():
            return
        self._want.wait_shared(self.patience)
        try:
            if not self._lease.wait_alone(self.patience):
                holder = self._lease.read() or "unknown"
                raise Busy(
                    f"{self.folder}: process {holder} has held the database for {self.patience:g} s; is it stopped? "
                    "Nothing recorded is lost"
                )
        finally:
            self._want.release()

    def _take(self) -> None:
        """Open the database; the lease is held."""
        try:
            self._lease.write(str(os.getpid()))
            self._connection = open_database(self.folder, patience=self.patience)
            self._moved = progress(self._connection, self._inbox.generation)[1]
        except BaseException:
            self._lease.write("")
            self._lease.release()
            raise

    def _move_if_free(self) -> None:
        """Move the backlog, unless somebody is at it: whoever holds the lease will."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._connection is None and self._lease.try_alone():
                self._take()
            if self._connection is not None:
                with self.database():
                    self._settle()
        except Busy:
            return  # another program has the database open: the inbox goes on growing
        finally:
            self._lock.release()

    def settle(self) -> None:
        """Put what was done to the database on disk, at once; the lease is held."""
        with self._lock:
            self._settle()

    def rewrite(self, write: Callable[[Connection, Path], None]) -> None:
        """Replace the database file by what `write` makes of it at another path."""
        with self._lock, self.database() as connection:
            self._settle()
            new = self.folder / f"{DATABASE}.compact"
            write(connection, new)
            # The file must not be touched while it is open here: that would drop DuckDB's own lock on it.
            connection.close()
            os.replace(new, self.folder / DATABASE)
            flush(self.folder)
            self._connection = open_database(self.folder, patience=self.patience)

    def _settle(self) -> None:
        assert self._connection is not None
        self._connection.execute("CHECKPOINT store")
        self._inbox.trim(self._moved)

    def _wanted(self) -> bool:
        if not self._want.try_alone():
            return True
        self._want.release()
        return False

    def _give_back(self) -> None:
        """Close the database and let others have it."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.execute("CHECKPOINT store")
            self._inbox.trim(self._moved)
        finally:
            connection.close()
            self._lease.write("")
            self._lease.release()

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
            if self._connection is not None and (time.monotonic() - self._used > IDLE or self._wanted()):
                self._give_back()
        except Exception:
            # In a thread of nobody's: whoever reads next meets the same error, and raises it.
            log.exception("%s: the database could not be given back", self.folder)
        else:
            self._watching = self._connection is not None
            return self._watching
        finally:
            self._lock.release()
        self._watching = False
        return False

    # Ending -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Move everything that was recorded, give the lease back, and take the inbox away if nobody else is here."""
        with self._lock:
            if self._closed or self._stale:
                self._closed = True
                return
            try:
                if self._connection is not None or self._inbox.newest():
                    with self.database():
                        self._settle()
                    self._give_back()
            except Busy:
                self._inbox.flush()  # another program has the database; who opens the workspace next will move it
            finally:
                self._closed = True
                _DESKS.discard(self)
                self._leave()
        self._done.set()
        if self._watcher is not None:
            self._watcher.join()

    def _leave(self) -> None:
        alone = self._presence.try_alone() and self._inbox.newest() == 0
        self._inbox.close()
        if alone:
            inboxes.remove(self.folder)
        for lock in (self._lease, self._want, self._presence):
            lock.forget()

    def _check(self) -> None:
        if self._closed:
            raise Closed(f"{self.folder}: this store was closed; open the workspace again")
        if self._stale:
            with self._lock:
                if self._stale:
                    self._open()
                    self._stale = False

    def _forked(self) -> None:
        """In a forked child: let go of all that is the parent's. Neither DuckDB nor SQLite survive a fork."""
        for held in (self._connection, self._inbox):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))  # never closed here: that would touch the parent's files
        for lock in (self._lease, self._want, self._presence):
            lock.forget()
        self._lock = threading.RLock()
        self._stale = True


def _keep_warm(reference: weakref.ref[Desk], done: threading.Event) -> None:
    while not done.wait(GLANCE):
        desk = reference()
        if desk is None or not desk._glance():
            return
        del desk


_DESKS: weakref.WeakSet[Desk] = weakref.WeakSet()


def _after_fork() -> None:
    for desk in list(_DESKS):
        desk._forked()


def _at_exit() -> None:
    for desk in list(_DESKS):
        desk.close()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
