"""Where a store works: the inbox it writes to, the lease on the database it reads from, and what it knows already.

Writing needs the inbox alone. Reading takes the lease, and first moves everything that anybody recorded into the
database.

The workspace folder, locked shared, is held by every open store that may write, so that the last to close may take the
inbox away.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from ..bundle.files import flush
from . import inbox as inboxes
from .database import NAME as DATABASE
from .database import Connection
from .errors import Busy, ReadOnly, Refused, StoreError, UnknownId, translated
from .identity import is_id
from .inbox import Inbox
from .lease import LOCK, OBJECTS, Lease
from .locks import Lock, probe
from .merge import end_kind, fitting, merge
from .reading import PATIENCE, Reading, barrier
from .recent import Recent
from .tables import TABLES

__all__ = ["Desk", "open_workspace", "writing"]

log = logging.getLogger("n4akit.store")

BACKLOG = 64 * 2**20
"""Bytes recorded by this process after which it moves them, if nobody else holds the lease."""

REMEMBERED = 2**14
"""Rows of each table that are known without looking them up, and artifacts that wait for a chain to name them."""

NAMED = ("runs", "pipelines", "chains", "predictions", "artifacts")
"""Tables whose rows others name."""

DEBRIS = ("store.new*", f"{DATABASE}.compact*")
"""What a process that was killed may leave in the folder, besides its records."""


class Desk(Reading):
    """One workspace, open for reading and writing."""

    _lease: Lease

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        self._saved: Recent[str, bool] = Recent(REMEMBERED)
        (folder / OBJECTS).mkdir(parents=True, exist_ok=True)
        probe(folder / LOCK)
        super().__init__(folder, patience)

    def _enter(self) -> None:
        self._presence = Lock(self.folder)
        self._presence.wait_shared(self.patience)
        super()._enter()
        self._unmoved = 0
        self._known: dict[str, Recent[str, bool]] = {table: Recent(REMEMBERED) for table in NAMED}
        self.bare: Recent[str, bool] = Recent(REMEMBERED)
        """Predictions that this store recorded, and whose arrays it did not yet."""
        if self._stale:
            self._inbox = Inbox(self.folder)

    def _new_lease(self) -> Lease:
        return Lease(self.folder)

    def _look(self) -> None:
        """Open the database, if nobody has it: a damaged or newer one is refused before anything is changed."""
        try:
            self._lease.take_if_free()
        except Busy:
            log.warning("%s: another program has the database; recording goes on, reading will wait", self.folder)
        self._inbox = Inbox(self.folder)
        if self._lease.connection is not None:
            fitting(self._lease.connection, self._inbox)  # refuses a copy that lacks something

    def _exit(self) -> None:
        super()._exit()
        self._presence.forget()

    def unseen(self) -> int:
        """None: everything is moved before it is read."""
        return 0

    # Writing ------------------------------------------------------------------------------------------------------

    def record(
        self,
        kind: str,
        id: str,
        doc: str,
        body: bytes | None = None,
        *,
        once: str = "",
        unless: str = "",
        durable: bool = False,
    ) -> None:
        """Put a record in the inbox; see `Inbox.put`."""
        self.check()
        self._inbox.put(kind, id, doc, body, once=once, unless=unless, durable=durable)
        self._recorded(len(doc) + len(body or b""))

    def record_only(self, kind: str, id: str, doc: str, body: bytes | None, *, once: str, after: str = "") -> bool:
        """Put a record in the inbox; see `Inbox.put_only`."""
        self.check()
        put = self._inbox.put_only(kind, id, doc, body, once=once, after=after)
        if put:
            self._recorded(len(doc) + len(body or b""))
        return put

    def _recorded(self, size: int) -> None:
        self._unmoved += size
        if self._unmoved > BACKLOG:
            self._unmoved = 0
            self._move_if_free()

    def add(self, table: str, id: str, doc: str) -> None:
        """Put a new row in the inbox, and know that it is there."""
        self.record(table, id, doc)
        known = self._known.get(table)
        if known is not None:
            known.put(id, True)
        if table == "artifacts":
            self._saved.put(id, True)
        elif table == "predictions":
            self.bare.put(id, True)

    def require(self, table: str, id: str, *, failed: bool = False) -> bool:
        """Check that a row is there, whoever wrote it; True when it was recorded since this inbox was made.

        Raises UnknownId; Refused when it is, or belongs to, a pipeline that failed, unless those are good too.
        """
        self.check()
        known = self._known[table].get(id) if isinstance(id, str) else None
        if known is None:
            if not is_id(id):
                raise UnknownId(f"{TABLES[table].key} {id!r:.60}: found {type(id).__name__}, expected an identifier")
            known, status = self._looked_up(table, id)
            if table == "pipelines" and status == "failed":
                if not failed:
                    raise Refused(f"pipeline_id {id!r}: it failed, and what it made was removed; begin a new one")
            else:
                self._known[table].put(id, known)
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
        """Whether this store recorded the artifact since it was opened, and may be going to name it.

        Of more than `REMEMBERED` that no chain names, the oldest are garbage when they are older than the grace.
        """
        return artifact in self._saved

    def named(self, artifacts: Iterable[str]) -> None:
        """A chain names these from now on, which keeps them as long as it is there."""
        for artifact in artifacts:
            self._saved.drop(artifact)

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

    def _catch_up(self, connection: Connection) -> None:
        if self._inbox.newest() > self._lease.moved:
            self._lease.moved = merge(connection, self._inbox)
        self._unmoved = 0

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

    # Ending -------------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Move everything that was recorded."""
        try:
            if self._lease.connection is not None or not self._inbox.empty():
                with self.database():
                    pass
                self._give_back()
        except Busy:
            self._inbox.flush()  # another program has the database; who opens the workspace next will move it

    def _leave(self) -> None:
        """Take the inbox away if nobody else is here."""
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

    # Forking ------------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Before a fork: let go of both databases; other threads wait meanwhile."""
        super().pause()
        if not self._stale and not self._closed:
            self._inbox.pause()

    def resume(self) -> None:
        """After a fork, in the parent."""
        if not self._stale and not self._closed:
            self._inbox.resume()
        super().resume()


def open_workspace(folder: Path) -> Reading:
    """A workspace to read and write, or to read alone when something of it cannot be written.

    Raises ReadOnly when there is none, and none can be made.
    """
    obstacle = barrier(folder)
    if obstacle is None:
        return Desk(folder)
    if not (folder / DATABASE).exists():
        raise ReadOnly(f"{folder}: there is no workspace in it, and none can be made: {obstacle} cannot be written")
    return Reading(folder)


def writing(workspace: Reading) -> Desk:
    """The same workspace, for writing. Raises ReadOnly when it can only be read."""
    if not isinstance(workspace, Desk):
        raise workspace.refusal()
    return workspace
