"""What is removed: rows first, in one transaction that is on disk and names the files that are to go, then these files;
what a crash in between left is finished by the next collection.

An artifact is garbage when no chain names it, and either a deleted or failed chain named it, or nobody who could still
be going to name it is here and it is older than a grace. A model that was saved during a long fit is no garbage.
"""

from __future__ import annotations

from pathlib import Path

from ..bundle.files import flush
from .database import LAYOUT, Connection
from .desk import Desk
from .errors import translated
from .identity import now
from .objects import Objects
from .references import named, release
from .transactions import transaction

__all__ = [
    "collect_garbage",
    "database_size",
    "delete_prediction",
    "delete_run",
    "doomed",
    "finish",
    "garbage",
    "vacuum",
]

GRACE = 3600.0
"""Seconds for which an artifact that no chain ever named is kept."""


def delete_run(desk: Desk, run_id: str) -> int:
    """Delete a run and all that belongs to it; answers how many rows."""
    own = "pipeline_id IN (SELECT pipeline_id FROM pipelines WHERE run_id = ?)"
    arrays = f"prediction_id IN (SELECT prediction_id FROM predictions WHERE {own})"
    with desk.database() as connection:
        with transaction(connection):
            release(connection, own, [run_id])
            count = sum(
                _delete(connection, table, condition, run_id)
                for table, condition in (
                    ("prediction_arrays", arrays),
                    ("predictions", own),
                    ("chains", own),
                    ("logs", own),
                    ("pipelines", "run_id = ?"),
                    ("runs", "run_id = ?"),
                )
            )
        desk.settle()
    desk.forget()
    return count


def delete_prediction(desk: Desk, prediction_id: str) -> bool:
    """Delete a prediction and its arrays; False when there is none."""
    with desk.database() as connection:
        with transaction(connection):
            _delete(connection, "prediction_arrays", "prediction_id = ?", prediction_id)
            found = _delete(connection, "predictions", "prediction_id = ?", prediction_id)
        desk.settle()
    desk.forget()
    return bool(found)


def _delete(connection: Connection, table: str, condition: str, parameter: str) -> int:
    return int(connection.execute(f"DELETE FROM {table} WHERE {condition}", [parameter]).fetchall()[0][0])


def collect_garbage(desk: Desk, objects: Objects) -> int:
    """Delete artifacts that are garbage, and count how often the others are named; answers how many were deleted.

    Files that an earlier collection left because it died are deleted too.
    """
    with desk.database() as connection:
        with transaction(connection):
            garbage = _garbage(connection, desk, objects)
            for table in ("artifacts", "n4a.released"):
                connection.execute(f"DELETE FROM {table} WHERE artifact_id IN (SELECT unnest(?::VARCHAR[]))", [garbage])
            going = [(p, artifact) for artifact in garbage for p in objects.places(artifact) if objects.left(p)]
            connection.execute(
                "INSERT OR IGNORE INTO n4a.doomed SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
                [[place for place, _ in going], [artifact for _, artifact in going]],
            )
        desk.settle()
        desk.forget()
        with translated("files of artifacts that are deleted are left; the next collection takes them"):
            finish(connection, desk, objects)
    return len(garbage)


def finish(connection: Connection, desk: Desk, objects: Objects) -> None:
    """Delete the files of artifacts whose rows are deleted, and forget them; those that were saved again stay."""
    for artifact, place, needed in doomed(connection):
        # Who saves the same object now either finds no file, and writes it, or its record is in the inbox, which is
        # seen here; a record that was moved since is a row.
        if needed:
            objects.settle(place)
            objects.discard(place)
        elif objects.set_aside(place):
            if desk.pending("artifacts", artifact):
                objects.put_back(place)
            else:
                objects.discard(place)
    connection.execute("DELETE FROM n4a.doomed")


def doomed(connection: Connection) -> list[tuple[str, str, bool]]:
    """The artifacts that were deleted and whose files may be there still, the places of these, and whether a row names
    the place again.
    """
    there = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'n4a' AND table_name = 'doomed'"
    if not connection.execute(there).fetchall():
        return []  # a database of version 1 that cannot be written
    named = "EXISTS (SELECT 1 FROM artifacts a WHERE a.artifact_path = d.artifact_path)"
    query = f"SELECT artifact_id, artifact_path, {named} FROM n4a.doomed d ORDER BY artifact_path"
    return connection.execute(query).fetchall()


def garbage(desk: Desk, objects: Objects) -> dict[str, int]:
    """What `collect_garbage` would delete: the bytes of each artifact. Nothing is changed."""
    with desk.database() as connection:
        connection.execute("BEGIN")
        try:
            found = _garbage(connection, desk, objects)
        finally:
            connection.execute("ROLLBACK")
    return {artifact: sum(map(objects.size, objects.places(artifact))) for artifact in found}


def _garbage(connection: Connection, desk: Desk, objects: Objects) -> list[str]:
    """The artifacts that are garbage; the others get their count of references."""
    counts = named(connection)
    connection.execute("UPDATE artifacts SET ref_count = 0 WHERE ref_count <> 0")
    connection.execute(
        "UPDATE artifacts SET ref_count = n FROM (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::BIGINT[]) AS n) "
        "WHERE artifact_id = id",
        [list(counts), list(counts.values())],
    )
    released = {row[0] for row in connection.execute("SELECT artifact_id FROM n4a.released").fetchall()}
    rows = connection.execute("SELECT artifact_id, artifact_path FROM artifacts WHERE ref_count = 0").fetchall()
    old = now() - int(GRACE * 1e6)
    alone = desk.alone()
    return [
        artifact
        for artifact, place in rows
        if artifact in released or (alone and not desk.saved(artifact) and objects.saved_at(place) < old)
    ]


def database_size(desk: Desk) -> tuple[int, int]:
    """Bytes of the database file, and about how many of them are used."""
    with desk.database() as connection:
        desk.settle()
        query = "SELECT block_size, total_blocks, used_blocks FROM pragma_database_size() WHERE database_name = 'store'"
        size, total, used = connection.execute(query).fetchall()[0]
    return int(size * total), int(size * used)


def vacuum(desk: Desk) -> None:
    """Make the database file as small as its content; DuckDB's own VACUUM does not."""
    desk.rewrite(_compact)


def _compact(connection: Connection, path: Path) -> None:
    """Copy a database into a new file at `path`."""
    for leftover in (path, path.with_name(f"{path.name}.wal")):
        leftover.unlink(missing_ok=True)
    quoted = str(path).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS compact ({LAYOUT})")
    connection.execute("COPY FROM DATABASE store TO compact")
    connection.execute("CHECKPOINT compact")
    connection.execute("DETACH compact")
    flush(path)
