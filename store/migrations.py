"""What each version of the database adds to the one before: a new file takes every step, an older one those it lacks.

The schema `n4a` is described by these steps alone. A step that was released is history and stays as it is; what comes
later is a new step. Should one of the seven tables change, its step makes of the old table what `tables` describes.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection as Connection

from .transactions import transaction

__all__ = ["VERSION", "upgrade"]

STEPS: tuple[tuple[str, ...], ...] = (
    # 1: the version, how far the inbox was merged, what could not be, what a chain that is gone named, what came late
    (
        "CREATE SCHEMA n4a",
        "CREATE TABLE n4a.meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
        "CREATE TABLE n4a.progress (generation VARCHAR PRIMARY KEY, base BIGINT NOT NULL, applied BIGINT NOT NULL)",
        "CREATE TABLE n4a.quarantine (seq BIGINT PRIMARY KEY, kind VARCHAR, id VARCHAR, doc VARCHAR, body BLOB, "
        "reason VARCHAR NOT NULL)",
        "CREATE TABLE n4a.released (artifact_id VARCHAR PRIMARY KEY)",
        "CREATE TABLE n4a.dropped (table_name VARCHAR PRIMARY KEY, records BIGINT NOT NULL)",
    ),
    # 2: files whose rows are deleted and that are about to go themselves; the DuckDB that the file was made for
    (
        "CREATE TABLE n4a.doomed (artifact_path VARCHAR PRIMARY KEY, artifact_id VARCHAR NOT NULL)",
        "INSERT INTO n4a.meta SELECT 'duckdb_storage_version', tags['storage_version'] FROM duckdb_databases() "
        "WHERE database_name = current_database()",
    ),
)

VERSION = len(STEPS)
"""The version of the schema that is written here."""


def upgrade(connection: Connection, version: int) -> None:
    """Take a database from a version, 0 for one without, to the newest: all steps in one transaction, or none."""
    with transaction(connection):
        for statement in (statement for step in STEPS[version:] for statement in step):
            connection.execute(statement)
        connection.execute("INSERT OR REPLACE INTO n4a.meta VALUES ('schema_version', ?)", [str(VERSION)])
