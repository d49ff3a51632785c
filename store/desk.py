"""Where a store works: the inbox it writes to, the lease on the database it reads from, and what it knows already.

Writing needs the inbox alone. Reading takes the lease, moves everything that anybody recorded into the database, and
keeps both for the next read, until another process wants the lease or nobody read for a while.

The workspace folder, locked shared, is held by every open store, so that the last to close may take the inbox away.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ..bundle.files import flush
from . import inbox as inboxes
from .database import NAME as DATABASE
from .database import Connection
from .errors import Busy, Closed, Refused, StoreError, UnknownId, translated
from .forks import guard, release
from .identity import is_id
from .inbox import Inbox
from .lease import LOCK, OBJECTS, Lease
from .locks import Lock, probe
from .merge import end_kind, merge, progress
from .tables import TABLES

__all__ = ["Desk"]

log = logging.getLogger("n4akit.store")

PATIENCE = 60.0
"""Seconds to wait for the lease, or for another program to close the database, before giving up."""

IDLE = 2.0
"""Seconds without a read after which the lease is given back although nobody asked for it."""

GLANCE = 0.02
"""Seconds between looks at whether somebody waits for the lease."""

BACKLOG = 64 * 2**20
"""Bytes recorded by this process after which it moves them, if nobody else holds the lease."""

NAMED = ("runs", "pipelines", "chains", "predictions", "artifacts")
"""Tables whose rows others name."""

DEBRIS = ("store.new*", f"{DATABASE}.compact*")
"""What a process that was killed may leave in the folder, besides its records."""


class Desk:
    """One open workspace. Safe for threads; after a fork, parent and child each go on with their own."""

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        self.folder = folder
        self.patience = patience
        self._lock = threading.RLock()
        self._closed = False
        self._stale = False
        self._saved: set[str] = set()
        (folder / OBJECTS).mkdir(parents=True, exist_ok=True)
        probe(folder / LOCK)
        self._enter()
        try:
            self._look()
            self._inbox = Inbox(folder)
            if self._lease.connection is not None:
                progress(self._lease.connection, self._inbox)  # refuses a copy that lacks something
        except BaseException:
            self._closed = True
            self._lease.let_go()
            self._exit()
            raise
        if self._lease.connection is not None:
            self._watch()
        guard(self)

    def _enter(self) -> None:
        self._presence = Lock(self.folder)
        self._presence.wait_shared(self.patience)
        self._lease = Lease(self.folder)
        self._used = time.monotonic()
        self._unmoved = 0
        self._watching = False
        self._watcher: threading.Thread | None = None
        self._done = threading.Event()
        self._known: dict[str, dict[str, bool]] = {table: {} for table in NAMED}

    def _look(self) -> None:
        """Open the database, if nobody has it: a damaged or newer one is refused before anything is changed."""
        try:
            self._lease.take_if_free()
        except Busy:
            log.warning("%s: another program has the database; recording goes on, reading will wait", self.folder)

    def _exit(self) -> None:
        self._lease.forget()
        self._presence.forget()

    # Writing ------------------------------------------------------------------------------------------------------

    def record(
        self, kind: str, id: str, doc: str, body: bytes | None = None, *, once: str = "", durable: bool = False
    ) -> None:
        """Put a record in the inbox; see `Inbox.put`."""
        self.check()
        self._inbox.put(kind, id, doc, body, once=once, durable=durable)
        self._unmoved += len(doc) + len(body or b"")
        if self._unmoved > BACKLOG:
            self._unmoved = 0
            self._move_if_free()

    def add(self, table: str, id: str, doc: str) -> None:
        """Put a new row in the inbox, and know that it is there."""
        self.record(table, id, doc)
        if table in NAMED:
            self._known[table][id] = True
        if table == "artifacts":
            self._saved.add(id)

    def require(self, table: str, id: str, *, failed: bool = False) -> bool:
        """Check that a row is there, whoever wrote it; True when it was recorded since this inbox was made.

        Raises UnknownId; Refused when it is, or belongs to, a pipeline that failed, unless those are good too.
        """
        self.check()
        if not is_id(id):
            raise UnknownId(f"{TABLES[table].key} {id!r:.60}: found {type(id).__name__}, expected an identifier")
        known = self._known[table].get(id)
        if known is None:
            known, status = self._looked_up(table, id)
            if table == "pipelines" and status == "failed":
                if not failed:
                    raise Refused(f"pipeline_id {id!r}: it failed, and what it made was removed; begin a new one")
            else:
                self._known[table][id] = known
        return known

    def _looked_up(self, table: str, id: str) -> tuple[bool, str | None]:
        """Whether a row is in the inbox, if not it is in the database; and its status."""
        document = self._inbox.find(table, id)
        if document is None:
            return False, self.status(table, id)
        values = dict(zip(TABLES[table].names, json.loads(document), strict=False))
        for column, parent in TABLES[table].parents.items():
            self.require(parent, values[column])  # a record whose parents are gone is not going to be a row
        end = self._inbox.find(end_kind(table), id)
        return True, json.loads(end)[1] if end else None

    def status(self, table: str, id: str) -> str | None:
        """The status of a row in the database, None for a row without one. Raises UnknownId."""
        described = TABLES[table]
        shown = "status" if "status" in described.names else "NULL"
        with self.database() as connection:
            found = connection.execute(f"SELECT {shown} FROM {table} WHERE {described.key} = ?", [str(id)]).fetchall()
        if not found:
            raise UnknownId(f"{described.key} {id!r}: nothing with this identifier is recorded in {self.folder}")
        return None if found[0][0] is None else str(found[0][0])

    def marked(self, mark: str) -> bool:
        """Whether what may happen once has happened since this inbox was made."""
        return self._inbox.marked(mark)

    def saved(self, artifact: str) -> bool:
        """Whether this store recorded the artifact since it was opened, and may be going to name it."""
        return artifact in self._saved

    def pending(self, kind: str, id: str) -> bool:
        """Whether a record is in the inbox still."""
        return self._inbox.find(kind, id) is not None

    def alone(self) -> bool:
        """Whether no other store has this workspace open; the lease is held.

        For a moment nobody sees that this one has. That is harmless: who leaves takes the inbox away only with the
        lease in hand.
        """
        alone = self._presence.try_alone()
        self._presence.wait_shared(self.patience)
        return alone

    def forget(self) -> None:
        """Look everything up again: something was removed."""
        for known in self._known.values():
            known.clear()

    # Reading ------------------------------------------------------------------------------------------------------

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """The database with everything in it that anybody recorded.

        Raises Busy when it cannot be had, and StoreError for whatever DuckDB complains of.
        """
        with self._lock:
            self.check()
            connection = self._lease.take(self.patience)
            try:
                if self._inbox.newest() > self._lease.moved:
                    self._lease.moved = merge(connection, self._inbox)
                self._unmoved = 0
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

    def _move_if_free(self) -> None:
        """Move the backlog, unless somebody is at it: whoever holds the lease will."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._lease.take_if_free():
                with self.database():
                    self._settle()
        except Busy:
            return  # another program has the database open: the inbox goes on growing
        except StoreError:
            # The record was acknowledged, so this is not its writer's: whoever reads next meets the error, and raises.
            log.exception("%s: what was recorded could not be moved into the database yet", self.folder)
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
            with translated("the database is the old or the new one, and whole"):
                try:
                    write(connection, new)
                    # The file must not be touched while it is open here: that would drop DuckDB's own lock on it.
                    connection.close()
                    os.replace(new, self.folder / DATABASE)
                    flush(self.folder)
                finally:
                    self._lease.let_go()
                    new.unlink(missing_ok=True)

    def _settle(self) -> None:
        assert self._lease.connection is not None
        self._lease.connection.execute("CHECKPOINT store")
        self._inbox.trim(self._lease.moved)

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
        """Move everything that was recorded, give the lease back, and take the inbox away if nobody else is here."""
        with self._lock:
            if self._closed or self._stale:
                self._closed = True
                return
            try:
                if self._lease.connection is not None or self._inbox.newest():
                    with self.database():
                        pass
                    self._give_back()
            except Busy:
                self._inbox.flush()  # another program has the database; who opens the workspace next will move it
            finally:
                self._closed = True
                release(self)
                self._leave()
                self._done.set()
        if self._watcher is not None:
            self._watcher.join()

    def _leave(self) -> None:
        self._lease.let_go()  # whatever went wrong before
        # Only who is alone and has the lease takes the inbox away: `alone` lets go of a presence for a moment.
        try:
            last = self._presence.try_alone() and self._lease.bar()
            if self._inbox.close() and last:
                with translated("everything is in the database; who opens the workspace next tidies up"):
                    inboxes.remove(self.folder)
                    for leftover in (path for pattern in DEBRIS for path in self.folder.glob(pattern)):
                        leftover.unlink()
        finally:
            self._exit()

    def check(self) -> None:
        """Raise Closed unless the store is open. In a child that was forked, open the workspace for it."""
        if self._closed:
            raise Closed(f"{self.folder}: this store was closed; open the workspace again")
        if self._stale:
            with self._lock:
                if self._stale:
                    self._enter()
                    self._inbox = Inbox(self.folder)
                    self._stale = False

    # Forking ------------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Before a fork: let go of both databases; other threads wait meanwhile."""
        self._lock.acquire()
        if self._stale or self._closed:
            return
        try:
            self._give_back()
        except StoreError:
            log.exception("%s: the database could not be given back before forking", self.folder)
        self._inbox.pause()

    def resume(self) -> None:
        """After a fork, in the parent."""
        if not self._stale and not self._closed:
            self._inbox.resume()
        self._lock.release()

    def forked(self) -> None:
        """After a fork, in the child: open the workspace anew when it is first used."""
        self._exit()
        self._lock = threading.RLock()
        self._stale = True


def _keep_warm(reference: weakref.ref[Desk], done: threading.Event) -> None:
    while not done.wait(GLANCE):
        desk = reference()
        if desk is None or not desk._glance():
            return
        del desk
