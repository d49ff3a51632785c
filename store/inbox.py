"""What was acknowledged and is not in the database yet: a file that any number of processes write at once.

SQLite in WAL mode: a record is safe from the death of any process when `put` returns, and from a power cut when a
`durable` record after it was put, by whichever process, because all share one log. Records leave the inbox only after
the database has them on disk. Marks stay as long as the file does: they are what may happen once.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from .errors import Refused, StoreError
from .files import flush

__all__ = ["NAME", "Inbox", "Record", "remove"]

NAME = "inbox.sqlite"
FILES = (f"{NAME}-wal", f"{NAME}-shm", NAME)
"""In the order in which they are taken away: a log that outlived its file would be read into the next."""

PATIENCE = 60.0
"""Seconds that a record may wait for other processes to finish theirs."""

LOG = 16 * 2**20
"""Bytes of the log before it is written back; each time costs two flushes of the disk."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, "
    "doc TEXT NOT NULL, body BLOB, crc INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS marks (mark TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS inbox (generation TEXT NOT NULL)",
    "INSERT INTO inbox SELECT ? WHERE NOT EXISTS (SELECT 1 FROM inbox)",
)
_PUT = "INSERT INTO records (kind, id, doc, body, crc) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Record:
    """One acknowledged record."""

    seq: int
    kind: str
    id: str
    doc: str
    body: bytes | None
    whole: bool
    """False when its checksum says that it was damaged since."""


class Inbox:
    """The inbox in a folder; made if there is none. Safe for threads; a forked child opens its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._lock = threading.Lock()
        new = not self.path.exists()
        with self._translated("cannot be opened"):
            self._writer = _connect(self.path)
            self._reader = _connect(self.path)
            self._writer.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                self._writer.execute(statement, (uuid4().hex,) * statement.count("?"))
            self._writer.execute("COMMIT")
            self.generation: str = self._writer.execute("SELECT generation FROM inbox").fetchone()[0]
        if new:
            flush(folder)

    def put(
        self, kind: str, id: str, doc: str, body: bytes | None = None, *, once: str = "", durable: bool = False
    ) -> None:
        """Acknowledge a record. With `once`, Refused when that mark was made before; with `durable`, on disk on return.

        Raises StoreError when it cannot be written: then nothing was recorded.
        """
        row = (kind, id, doc, body, _crc(kind, id, doc, body))
        with self._lock, self._translated("nothing was recorded"):
            if not once and not durable:
                self._writer.execute(_PUT, row)
            else:
                self._put_with_care(row, once, durable)

    def _put_with_care(self, row: tuple[str, str, str, bytes | None, int], once: str, durable: bool) -> None:
        if durable:
            self._writer.execute("PRAGMA synchronous=FULL")
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            if once:
                self._writer.execute("INSERT INTO marks VALUES (?)", (once,))
            self._writer.execute(_PUT, row)
            self._writer.execute("COMMIT")
        except sqlite3.IntegrityError:
            raise Refused(once) from None
        finally:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            if durable:
                self._writer.execute("PRAGMA synchronous=NORMAL")

    def marked(self, mark: str) -> bool:
        """Whether the mark was made since this inbox was made."""
        with self._lock, self._translated("cannot be read"):
            return bool(self._writer.execute("SELECT 1 FROM marks WHERE mark = ?", (mark,)).fetchall())

    def holds(self, kind: str, id: str) -> bool:
        """Whether a record of that kind and id is here. Reads the whole inbox: for what this process does not know."""
        with self._lock, self._translated("cannot be read"):
            found = self._writer.execute("SELECT 1 FROM records WHERE kind = ? AND id = ? LIMIT 1", (kind, id))
            return bool(found.fetchall())

    def newest(self) -> int:
        """The number of the newest record, 0 when there is none."""
        with self._lock, self._translated("cannot be read"):
            return int(self._writer.execute("SELECT coalesce(max(seq), 0) FROM records").fetchall()[0][0])

    def count(self, after: int) -> int:
        """How many records are newer than `after`."""
        with self._lock, self._translated("cannot be read"):
            return int(self._writer.execute("SELECT count(*) FROM records WHERE seq > ?", (after,)).fetchall()[0][0])

    def batches(self, after: int, size: int) -> Iterator[list[Record]]:
        """All records newer than `after`, in order, in lists of about `size` bytes. For one thread at a time."""
        batch: list[Record] = []
        volume = 0
        with self._translated("cannot be read"):
            query = "SELECT seq, kind, id, doc, body, crc FROM records WHERE seq > ? ORDER BY seq"
            for seq, kind, id, doc, body, crc in self._reader.execute(query, (after,)):
                batch.append(Record(seq, kind, id, doc, body, _crc(kind, id, doc, body) == crc))
                volume += len(doc) + len(body or b"")
                if volume >= size:
                    yield batch
                    batch, volume = [], 0
        if batch:
            yield batch

    def trim(self, upto: int) -> None:
        """Forget records up to a number: the database has them on disk."""
        with self._lock, self._translated("cannot be trimmed"):
            self._writer.execute("BEGIN IMMEDIATE")
            last = self._writer.execute("SELECT max(seq) FROM records").fetchone()[0]
            if last is not None and last <= upto:
                self._writer.execute("DELETE FROM records")  # all of it: SQLite need not look at each
            else:
                self._writer.execute("DELETE FROM records WHERE seq <= ?", (upto,))
            self._writer.execute("COMMIT")

    def flush(self) -> None:
        """Put everything that any process recorded on disk."""
        with self._lock, self._translated("cannot be written to disk"):
            self._writer.execute("PRAGMA synchronous=FULL")
            self._writer.execute("UPDATE inbox SET generation = generation")
            self._writer.execute("PRAGMA synchronous=NORMAL")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._reader.close()
            self._writer.close()

    @contextmanager
    def _translated(self, consequence: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise StoreError(f"{self.path}: {error}; {consequence}") from error


def remove(folder: Path) -> None:
    """Delete an inbox that is empty and that nobody has open."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint={LOG // 4096}")
    return connection


def _crc(kind: str, id: str, doc: str, body: bytes | None) -> int:
    return zlib.crc32(body or b"", zlib.crc32(f"{kind}\0{id}\0{doc}".encode()))
