"""What was acknowledged and is not in the database yet: a file that any number of processes write at once.

SQLite in WAL mode: a record is safe from the death of any process when `put` returns, and from a power cut when a
`durable` record after it was put, by whichever process, because all share one log. Records leave the inbox only after
the database has them on disk; the number of the last one stays, as numbers are never given twice. Marks stay as long as
the file does: they are what may happen once.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from ..bundle.files import flush
from .errors import Closed, Refused, StoreError, translated
from .locks import wait

__all__ = ["FILES", "NAME", "Inbox", "Record", "remove"]

NAME = "inbox.sqlite"
FILES = (f"{NAME}-wal", f"{NAME}-shm", NAME)
"""In the order in which they are taken away: a log that outlived its file would be read into the next."""

PATIENCE = 60.0
"""Seconds that a record may wait for other processes to finish theirs."""

LOG = 16 * 2**20
"""Bytes of the log before it is written back; each time costs two flushes of the disk."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, "
    "doc TEXT NOT NULL, body BLOB, crc INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS marks (mark TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE VIEW IF NOT EXISTS marked AS SELECT '' AS mark, kind, id, doc, body, crc FROM records",
    "CREATE TRIGGER IF NOT EXISTS put_marked INSTEAD OF INSERT ON marked BEGIN "
    "INSERT INTO marks VALUES (new.mark); "
    "INSERT INTO records (kind, id, doc, body, crc) VALUES (new.kind, new.id, new.doc, new.body, new.crc); END",
    "CREATE TABLE IF NOT EXISTS inbox (generation TEXT NOT NULL)",
    "INSERT INTO inbox SELECT ? WHERE NOT EXISTS (SELECT 1 FROM inbox)",
)
_TRIMMED = "trimmed"
"""The kind of what is left of the newest record when all are gone: its number."""

_PUT = "INSERT INTO records (kind, id, doc, body, crc) VALUES (?, ?, ?, ?, ?)"
_PUT_ONCE = "INSERT INTO marked VALUES (?, ?, ?, ?, ?, ?)"
_PUT_UNLESS = (
    "INSERT INTO records (kind, id, doc, body, crc) SELECT ?, ?, ?, ?, ? "
    "WHERE NOT EXISTS (SELECT 1 FROM marks WHERE mark = ?)"
)
"""Each is one statement, so one transaction: what SQLite does fastest. A mark that is made is one more page to write;
one that is only looked for is none.
"""


class Record(NamedTuple):
    """One acknowledged record."""

    seq: int
    kind: str
    id: str
    doc: str
    body: bytes | None
    whole: bool
    """False when its checksum says that it was damaged since."""


class Inbox:
    """The inbox in a folder; made if there is none. Safe for threads.

    SQLite does not survive a fork: `pause` before, `resume` after in the parent; the child opens its own.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._lock = threading.RLock()
        self._connections: tuple[sqlite3.Connection, ...] = ()
        self._closed = False
        new = not self.path.exists()
        with self._writing("cannot be opened") as writer:
            with _transaction(writer):
                for statement in _SCHEMA:
                    writer.execute(statement, (uuid4().hex,) * statement.count("?"))
            self.generation: str = writer.execute("SELECT generation FROM inbox").fetchone()[0]
        if new:
            flush(folder)

    @contextmanager
    def _writing(self, consequence: str) -> Iterator[sqlite3.Connection]:
        """The connection for everything that is short, to one thread at a time."""
        with self._lock:
            try:
                yield self._connected()[0]
            except sqlite3.Error as error:
                raise self._said(error, consequence) from error

    def _connected(self) -> tuple[sqlite3.Connection, ...]:
        """The connections: one for what is short, one for reading all records."""
        if self._closed:
            raise Closed(f"{self.path}: this store was closed; open the workspace again")
        if not self._connections:
            self._connections = (_connect(self.path), _connect(self.path))
            for connection in self._connections:  # also those of a store that is dropped without being closed
                weakref.finalize(self, connection.close).atexit = False
            self._connections[1].text_factory = bytes  # of a damaged record even the text may be none
        return self._connections

    def _said(self, error: sqlite3.Error, consequence: str) -> StoreError:
        return StoreError(f"{self.path}: {error}; {consequence}")

    def put(
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
        """Acknowledge a record. With `once`, Refused when that mark was made before, `unless` without making it; with
        `durable`, on disk on return.

        Raises StoreError when it cannot be written: then nothing was recorded.
        """
        row = _row(kind, id, doc, body)
        with self._lock:  # spelled out, and not `_writing`: this is done for every record
            try:
                writer = (self._connections or self._connected())[0]
                if durable:
                    _put_durably(writer, once, row)
                elif once:
                    writer.execute(_PUT_ONCE, (once, *row))
                elif not unless:
                    writer.execute(_PUT, row)
                elif not writer.execute(_PUT_UNLESS, (*row, unless)).rowcount:
                    raise Refused(unless)
            except sqlite3.IntegrityError:
                raise Refused(once) from None
            except sqlite3.Error as error:
                raise self._said(error, "nothing was recorded") from error

    def put_only(self, kind: str, id: str, doc: str, body: bytes | None, *, once: str, after: str = "") -> bool:
        """Acknowledge the only record of its kind and id; Refused when there is one, or the mark was made before.

        False, and nothing is done, when the record of kind `after` that it follows has left: it may have left after
        that one, and only the database knows. Reads the whole inbox.
        """
        with self._writing("nothing was recorded") as writer, _transaction(writer):
            kinds = {found[0] for found in writer.execute("SELECT kind FROM records WHERE id = ?", (id,))}
            if kind in kinds or writer.execute("SELECT 1 FROM marks WHERE mark = ?", (once,)).fetchall():
                raise Refused(once)
            if after and after not in kinds:
                return False
            writer.execute(_PUT_ONCE, (once, *_row(kind, id, doc, body)))
        return True

    def marked(self, mark: str) -> bool:
        """Whether the mark was made since this inbox was made."""
        with self._writing("cannot be read") as writer:
            return bool(writer.execute("SELECT 1 FROM marks WHERE mark = ?", (mark,)).fetchall())

    def find(self, kind: str, id: str) -> str | None:
        """The document of the record of that kind and id, or None. Reads the whole inbox: for what this process does
        not know.
        """
        with self._writing("cannot be read") as writer:
            found = writer.execute("SELECT doc FROM records WHERE kind = ? AND id = ? LIMIT 1", (kind, id)).fetchall()
        return found[0][0] if found else None

    def empty(self) -> bool:
        """Whether every record left again."""
        with self._writing("cannot be read") as writer:
            return not writer.execute("SELECT 1 FROM records WHERE kind <> ? LIMIT 1", (_TRIMMED,)).fetchall()

    def newest(self) -> int:
        """The number of the newest record that ever was, 0 when there was none."""
        with self._writing("cannot be read") as writer:
            return int(writer.execute("SELECT coalesce(max(seq), 0) FROM records").fetchall()[0][0])

    def count(self, after: int) -> int:
        """How many records are newer than `after`."""
        with self._writing("cannot be read") as writer:
            query = "SELECT count(*) FROM records WHERE seq > ? AND kind <> ?"
            return int(writer.execute(query, (after, _TRIMMED)).fetchall()[0][0])

    def span(self) -> tuple[int, int]:
        """The numbers of the first and the last record: those before the first were trimmed. An empty span begins with
        the number that the next one is going to have.
        """
        with self._writing("cannot be read") as writer:
            oldest = writer.execute("SELECT seq, kind FROM records ORDER BY seq LIMIT 1").fetchall()
            last = self.newest()
        first = oldest[0][0] + (oldest[0][1] == _TRIMMED) if oldest else 1
        return int(first), last

    def batches(self, after: int, size: int) -> Iterator[list[Record]]:
        """All records newer than `after`, in order, in lists of about `size` bytes. For one thread at a time."""
        with self._lock:
            reader = self._connected()[1]
        batch: list[Record] = []
        volume = 0
        query = "SELECT seq, kind, id, doc, body, crc FROM records WHERE seq > ? AND kind <> ? ORDER BY seq"
        try:
            for row in reader.execute(query, (after, _TRIMMED)):
                record = _record(*row)
                batch.append(record)
                volume += len(record.doc) + len(record.body or b"")
                if volume >= size:
                    yield batch
                    batch, volume = [], 0
        except sqlite3.Error as error:
            raise self._said(error, "cannot be read") from error
        if batch:
            yield batch

    def trim(self, upto: int) -> None:
        """Forget records up to a number: the database has them on disk."""
        with self._writing("cannot be trimmed") as writer, _transaction(writer):
            last = writer.execute("SELECT max(seq) FROM records").fetchone()[0]
            if last is not None and last <= upto:
                writer.execute("DELETE FROM records")  # all of it: SQLite need not look at each
                writer.execute("INSERT INTO records VALUES (?, ?, '', '', NULL, 0)", (last, _TRIMMED))
            else:
                writer.execute("DELETE FROM records WHERE seq <= ?", (upto,))

    def flush(self) -> None:
        """Put everything that any process recorded on disk: what is not in the file yet is in its log.

        Not by an empty change: SQLite does not write, nor flush, a page that it finds unchanged. It has no locks on the
        log itself that closing it here could drop.
        """
        log = self.path.with_name(f"{NAME}-wal")
        with translated("what was recorded is not known to be on disk"):
            if log.exists():
                flush(log)

    def close(self) -> bool:
        """Let go of the file; whether nothing is in it. Whoever puts a record from now on is told that it is closed."""
        with self._lock:
            try:
                return not self._closed and self.empty()
            except StoreError:
                return False  # it cannot be read: it stays for whoever repairs it
            finally:
                self._disconnect()
                self._closed = True

    def pause(self) -> None:
        """Let go of the file until `resume`. A child that inherits an open one would believe in its parent's locks,
        and damage what others write.
        """
        self._lock.acquire()
        self._disconnect()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._lock.release()

    def _disconnect(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections = ()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _put_durably(writer: sqlite3.Connection, once: str, row: tuple[Any, ...]) -> None:
    writer.execute("PRAGMA synchronous=FULL")
    try:
        writer.execute(*((_PUT_ONCE, (once, *row)) if once else (_PUT, row)))
    finally:
        writer.execute("PRAGMA synchronous=NORMAL")


def remove(folder: Path) -> None:
    """Delete an inbox that is empty and that nobody has open."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        if not wait(partial(_logs, connection), PATIENCE):
            raise sqlite3.OperationalError("database is locked")
    except sqlite3.Error:
        connection.close()
        raise
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint={LOG // 4096}")
    return connection


def _logs(connection: sqlite3.Connection) -> bool:
    """Whether it has its log; not yet while another makes that of a new file, for whom SQLite itself does not wait."""
    try:
        (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    if mode != "wal":  # SQLite tells that in no other way
        raise sqlite3.OperationalError("its log cannot be made")
    return True


def _row(kind: str, id: str, doc: str, body: bytes | None) -> tuple[Any, ...]:
    crc = zlib.crc32(f"{kind}\0{id}\0{doc}".encode())
    return kind, id, doc, body, crc if body is None else zlib.crc32(body, crc)


def _record(seq: int, kind: Any, id: Any, doc: Any, body: Any, crc: Any) -> Record:
    try:
        whole = zlib.crc32(body or b"", zlib.crc32(b"\0".join((kind, id, doc)))) == crc
    except TypeError:  # not even the types are those that were written
        whole = False
    if whole:
        return Record(seq, kind.decode(), id.decode(), doc.decode(), body, True)
    return Record(seq, _text(kind), _text(id), _text(doc), body if isinstance(body, bytes) else None, False)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else repr(value)
