"""Move records from the inbox into the database: in bulk, in order, each exactly once.

Rows and the number of the last record moved are committed in one transaction, so a record is never moved twice. What
the database refuses is put in quarantine and blocks nothing; what belongs to a run that was deleted meanwhile is
dropped and counted.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from .database import Connection
from .errors import WorkspaceError
from .inbox import Inbox, Record
from .references import release
from .tables import ENDS, TABLES, Table
from .transactions import transaction

__all__ = ["ARRAYS", "end_kind", "fitting", "merge", "progress"]

log = logging.getLogger("n4akit.store")

CHUNK = 64 * 2**20
"""Bytes of records in one transaction."""

_F8, _I8 = np.dtype("<f8"), np.dtype("<i8")

ARRAYS = (("y_true", _F8), ("y_pred", _F8), ("y_proba", _F8), ("sample_indices", _I8), ("weights", _F8))
"""The arrays of a prediction in the order in which their bytes follow each other in a record."""

Rows = list[tuple[int, list[Any], bytes | None]]

_BAD_RECORD = (duckdb.DataError, duckdb.IntegrityError, pa.ArrowException, ValueError, TypeError, LookupError)


def end_kind(table: str) -> str:
    """The kind of the records that end rows of a table."""
    return f"{table}.end"


_KINDS = {*TABLES, *map(end_kind, ENDS)}


def progress(connection: Connection, generation: str) -> tuple[int, int]:
    """What to add to the numbers of an inbox for an order over all inboxes, and the last number that was moved."""
    found = connection.execute("SELECT base, applied FROM n4a.progress WHERE generation = ?", [generation]).fetchall()
    if found:
        return found[0]
    return connection.execute("SELECT coalesce(max(base + applied), 0), 0 FROM n4a.progress").fetchall()[0]


def fitting(connection: Connection, inbox: Inbox) -> tuple[int, int]:
    """The progress of an inbox that fits the database.

    Raises WorkspaceError when it does not: one of them was copied while the other went on.
    """
    base, applied = progress(connection, inbox.generation)
    first, last = inbox.span()
    if not first - 1 <= applied <= last:
        raise WorkspaceError(
            f"{inbox.path}: has the records {first} to {last}, and the database those up to {applied}: they were "
            "copied at different moments, while the workspace was in use; copy it when nobody has it open, or use "
            "n4a import"
        )
    return base, applied


def merge(connection: Connection, inbox: Inbox) -> int:
    """Move all records; answers the number of the last one."""
    base, applied = fitting(connection, inbox)
    for records in inbox.batches(applied, CHUNK):
        # A power cut must not leave a database that is ahead: the inbox would use the numbers of these records again.
        inbox.flush()
        _move(connection, inbox.generation, base, records)
        applied = records[-1].seq
    return applied


def _move(connection: Connection, generation: str, base: int, records: Sequence[Record]) -> None:
    complaints = [(record, reason) for record in records if (reason := _complaint(record))]
    bad = {record.seq for record, _ in complaints}
    try:
        with transaction(connection):
            _apply(connection, base, [record for record in records if record.seq not in bad] if bad else records)
            for record, reason in complaints:
                _quarantine(connection, base, record, reason)
            _note(connection, generation, base, records[-1].seq)
    except _BAD_RECORD as error:
        if len(records) > 1:  # one of them is to blame
            middle = len(records) // 2
            _move(connection, generation, base, records[:middle])
            _move(connection, generation, base, records[middle:])
            return
        with transaction(connection):
            _quarantine(connection, base, records[0], f"{type(error).__name__}: {error}")
            _note(connection, generation, base, records[0].seq)


def _complaint(record: Record) -> str:
    if not record.whole:
        return "damaged: its checksum does not fit"
    return "" if record.kind in _KINDS else f"kind {record.kind!r} is unknown here"


def _note(connection: Connection, generation: str, base: int, applied: int) -> None:
    connection.execute("INSERT OR REPLACE INTO n4a.progress VALUES (?, ?, ?)", [generation, base, applied])
    connection.execute("DELETE FROM n4a.progress WHERE generation <> ?", [generation])


def _quarantine(connection: Connection, base: int, record: Record, reason: str) -> None:
    connection.execute(
        "INSERT INTO n4a.quarantine VALUES (?, ?, ?, ?, ?, ?)",
        [base + record.seq, record.kind, record.id, record.doc, record.body, reason],
    )
    log.warning("record %d (%s %s) was put in quarantine: %.200s", base + record.seq, record.kind, record.id, reason)


def _apply(connection: Connection, base: int, records: Sequence[Record]) -> None:
    kinds: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        kinds[record.kind].append(record)
    for name, table in TABLES.items():
        if name in kinds:
            _insert(connection, table, _rows(kinds[name], base))
    for record in kinds["artifacts"]:  # saved again: whoever did that needs it
        connection.execute("DELETE FROM n4a.released WHERE artifact_id = ?", [record.id])
    for name, columns in ENDS.items():
        if end_kind(name) in kinds:
            _end(connection, TABLES[name], columns, _rows(kinds[end_kind(name)], base))
    if any(values[1] == "failed" for _, values, _ in _rows(kinds["pipelines.end"], base)):
        _clear_failed(connection)
    for name, table in TABLES.items():
        if name in kinds:
            _drop_orphans(connection, table, base + records[0].seq)


def _rows(records: Sequence[Record], base: int) -> Rows:
    documents = json.loads(f"[{','.join([record.doc for record in records])}]")
    return [(base + r.seq, values, r.body) for r, values in zip(records, documents, strict=True)]


def _insert(connection: Connection, table: Table, rows: Rows) -> None:
    columns = _arrays(rows) if table.name == "prediction_arrays" else _scalars(table, rows)
    columns["seq"] = pa.array([seq for seq, _, _ in rows], pa.int64())
    # An artifact that several processes saved is one row.
    ignore = "OR IGNORE " if table.name == "artifacts" else ""
    incoming = pa.table(columns, schema=table.arrow)
    connection.register("incoming", incoming)
    connection.execute(f"INSERT {ignore}INTO {table.name} BY NAME SELECT * FROM incoming")
    connection.unregister("incoming")


def _scalars(table: Table, rows: Rows) -> dict[str, pa.Array]:
    values = zip(*[values for _, values, _ in rows], strict=True)
    return {c.name: pa.array(v, c.kind.arrow) for c, v in zip(table.columns, values, strict=True)}


def _arrays(rows: Rows) -> dict[str, pa.Array]:
    """Columns of lists from the bytes of many records; a list that is absent has the length None."""
    columns: dict[str, pa.Array] = {"prediction_id": pa.array([values[0] for _, values, _ in rows], pa.string())}
    starts = [0] * len(rows)
    for place, (name, dtype) in enumerate(ARRAYS):
        lengths = [values[1][place] for _, values, _ in rows]
        ends = [start + 8 * (length or 0) for start, length in zip(starts, lengths, strict=True)]
        parts = [(body or b"")[a:b] for (_, _, body), a, b in zip(rows, starts, ends, strict=True)]
        content = pa.array(np.frombuffer(b"".join(parts), dtype))
        offsets = np.zeros(len(rows) + 1, np.int32)
        np.cumsum([length or 0 for length in lengths], out=offsets[1:])
        # An offset that is absent says that the list is; a mask would have pyarrow import all of its functions first.
        absent = np.array([*(length is None for length in lengths), False])
        columns[name] = pa.ListArray.from_arrays(pa.array(offsets, mask=absent), content)
        starts = ends
    columns["y_proba_shape"] = pa.array([values[2] for _, values, _ in rows], pa.list_(pa.int64()))
    return columns


def _end(connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows) -> None:
    kinds = {column.name: column.kind.arrow for column in table.columns}
    names = (table.key, *columns)
    values = zip(*[values for _, values, _ in rows], strict=True)
    incoming = pa.table({name: pa.array(v, kinds[name]) for name, v in zip(names, values, strict=True)})
    connection.register("incoming", incoming)
    connection.execute(
        f"UPDATE {table.name} SET {', '.join(f'{name} = incoming.{name}' for name in columns)} FROM incoming "
        f"WHERE {table.name}.{table.key} = incoming.{table.key} AND {table.name}.status = 'running'"
    )
    connection.unregister("incoming")


def _clear_failed(connection: Connection) -> None:
    """A pipeline that failed keeps its row and its log, and loses what it made."""
    release(connection, "pipeline_id IN (SELECT pipeline_id FROM pipelines WHERE status = 'failed')")
    failed = "(SELECT pipeline_id FROM pipelines WHERE status = 'failed')"
    connection.execute(
        "DELETE FROM prediction_arrays WHERE prediction_id IN "
        f"(SELECT prediction_id FROM predictions WHERE pipeline_id IN {failed})"
    )
    connection.execute(f"DELETE FROM predictions WHERE pipeline_id IN {failed}")
    connection.execute(f"DELETE FROM chains WHERE pipeline_id IN {failed}")


def _drop_orphans(connection: Connection, table: Table, since: int) -> None:
    """Records whose parent is gone were on their way while it was deleted, or while its pipeline failed."""
    for column, parent in table.parents.items():
        alive = " AND p.status <> 'failed'" if parent == "pipelines" and table.name != "logs" else ""
        gone = connection.execute(
            f"DELETE FROM {table.name} t WHERE seq >= ? AND {column} IS NOT NULL AND NOT EXISTS "
            f"(SELECT 1 FROM {parent} p WHERE p.{TABLES[parent].key} = t.{column}{alive})",
            [since],
        ).fetchall()[0][0]
        if gone:
            connection.execute(
                "INSERT INTO n4a.dropped VALUES (?, ?) ON CONFLICT DO UPDATE SET records = records + excluded.records",
                [table.name, gone],
            )
