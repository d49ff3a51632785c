"""The DuckDB file: made whole or not at all, opened only when its version is known here, never over a network.

Besides the seven tables there is a schema `n4a` for bookkeeping, which `migrations` describes. Primary keys only:
DuckDB can neither defer foreign keys nor delete parent and child in one transaction.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection as Connection

from ..bundle.files import flush
from .errors import Busy, StoreError, WorkspaceError
from .migrations import VERSION, upgrade
from .tables import TABLES

__all__ = ["LAYOUT", "NAME", "ROWS", "Connection", "look_up", "open_database", "open_foreign", "select"]

log = logging.getLogger("n4akit.store")

NAME = "store.duckdb"

ROWS = 65_536
"""Rows in one piece of an answer."""

_OPTIONS: dict[str, str | bool | int | float | list[str]] = {
    # Nothing is ever fetched from a network, whatever a query says.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
LAYOUT = "BLOCK_SIZE 16384, STORAGE_VERSION 'v1.5.0'"
"""How a file is made: in small blocks, because most workspaces are small, and for DuckDB 1.5 and later."""


def open_database(folder: Path, *, read_only: bool = False, patience: float = 0.0) -> Connection:
    """A connection to the database of a workspace, which is made if there is none.

    For whoever holds the lease, and for as long. One of an older version is brought to the newest, unless it is opened
    for reading alone. Raises WorkspaceError when the file is no database of ours or of a newer version, Busy when
    another program still has it open after `patience` seconds.
    """
    path = folder / NAME
    if not path.exists() and not read_only:
        _make(path)
    if not path.exists() or path.stat().st_size == 0:
        raise WorkspaceError(f"{path}: there is no database in it; restore the file from a copy")
    if _log(path).exists() and not read_only:
        # To open it for writing is to write its log into it, which must not be done to a database of a newer version.
        _checked(path, True, patience, mend=True).close()
        return _without_log(path, patience)
    return _checked(path, read_only, patience, mend=not read_only)


def _without_log(path: Path, patience: float) -> Connection:
    """The database for writing, after the log of one who died is in its file."""
    connection = _checked(path, False, patience, mend=True)
    if _log(path).exists():
        try:
            # Of one that broke off in its first entry DuckDB writes nothing into the file, and lets it lie; but not
            # once it has something to write.
            connection.execute("CREATE TABLE n4a.after_a_death (nothing INTEGER)")
            connection.execute("DROP TABLE n4a.after_a_death")
            connection.execute("CHECKPOINT store")
        except duckdb.Error:
            # On a full disk, say. Lying there it does no harm, and whoever writes is told.
            connection.close()
            return _checked(path, False, patience, mend=True)
    return connection


def _log(path: Path) -> Path:
    """Where DuckDB keeps what it has committed and not yet written into its file."""
    return path.with_name(f"{path.name}.wal")


def _checked(path: Path, read_only: bool, patience: float, *, mend: bool) -> Connection:
    connection = _attach(path, read_only, patience, mend)
    try:
        found = _version(connection, path)
        if found < VERSION and not read_only:
            _upgrade(connection, path, found)
    except BaseException:
        connection.close()
        raise
    return connection


def open_foreign(folder: Path) -> Connection:
    """A connection for reading the database of any workspace, which is left as it is.

    Raises WorkspaceError when there is none that DuckDB can read, Busy when another program has it open.
    """
    return _attach(folder / NAME, True, 0.0, False)


def _make(path: Path) -> None:
    new = path.with_suffix(".new")
    for leftover in (new, _log(new)):
        leftover.unlink(missing_ok=True)
    try:
        with duckdb.connect(config=_OPTIONS) as connection:
            connection.execute(f"ATTACH '{_quoted(new)}' AS store ({LAYOUT})")
            connection.execute("USE store")
            for table in TABLES.values():
                connection.execute(table.ddl)
            upgrade(connection, 0)
            connection.execute("CHECKPOINT store")  # closing does that too, and does not tell when it fails
        os.replace(new, path)
        flush(path.parent)
    except (duckdb.Error, OSError) as error:
        raise StoreError(f"{path}: cannot be made: {error}; what was recorded stays in the inbox") from error


def _attach(path: Path, read_only: bool, patience: float, mend: bool) -> Connection:
    """With `mend`, a damaged log is set aside."""
    connection = duckdb.connect(config=_OPTIONS)
    options = "(READ_ONLY)" if read_only else ""
    end = time.monotonic() + patience
    while True:
        try:
            connection.execute(f"ATTACH '{_quoted(path)}' AS store {options}")
            break
        except duckdb.Error as error:
            if "lock on file" in str(error):
                if time.monotonic() < end:
                    time.sleep(0.05)
                    continue
                connection.close()
                raise Busy(_held(path, error)) from error
            if mend and "WAL" in str(error):
                _set_aside(_log(path))
                mend = False  # once
                continue
            connection.close()
            torn = "checksum" in str(error)
            hint = "; a block was torn or altered: restore the workspace from a copy" if torn else ""
            raise WorkspaceError(
                f"{path}: cannot be opened as a DuckDB database: {_first_line(error)}{hint}"
            ) from error
    connection.execute("USE store")
    connection.execute("SET TimeZone = 'UTC'")
    # Else a query of more than two seconds draws a bar on the standard output of whoever asks.
    connection.execute("SET enable_progress_bar = false")
    return connection


def _set_aside(log_file: Path) -> None:
    """Move a damaged log away. Whatever is in it is in the inbox too: records leave that only after a checkpoint."""
    kept = log_file.with_name(f"{log_file.name}.damaged-{time.time_ns()}")
    log_file.replace(kept)
    log.warning("%s was damaged, and is now %s; what was in it is read from the inbox again", log_file, kept)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _held(path: Path, error: duckdb.Error) -> str:
    return f"{path}: another program has it open ({_first_line(error)}); close it there, nothing recorded is lost"


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def _version(connection: Connection, path: Path) -> int:
    """The version of a database. Raises WorkspaceError unless it is known here."""
    try:
        found = connection.execute("SELECT value FROM n4a.meta WHERE key = 'schema_version'").fetchall()
    except duckdb.CatalogException:
        raise WorkspaceError(
            f"{path}: a DuckDB database, but no workspace of n4akit; import_workspace reads others"
        ) from None
    except duckdb.Error as error:
        raise WorkspaceError(f"{path}: damaged: {_first_line(error)}; restore the file from a copy") from error
    version = found[0][0] if found else ""
    if not version.isdecimal() or int(version) == 0:
        raise WorkspaceError(f"{path}: a workspace that does not say its version; restore the file from a copy")
    if int(version) > VERSION:
        raise WorkspaceError(
            f"{path}: a workspace of version {version}, this n4akit knows version {VERSION}; upgrade n4akit"
        )
    return int(version)


def _upgrade(connection: Connection, path: Path, found: int) -> None:
    try:
        upgrade(connection, found)
    except duckdb.Error as error:
        raise StoreError(
            f"{path}: cannot be brought from version {found} to {VERSION}: {_first_line(error)}; it is as it was"
        ) from error
    log.info("%s: brought from version %d to %d", path, found, VERSION)


_parsed: dict[str, duckdb.Statement] = {}


def look_up(connection: Connection, query: str, key: str | None) -> Connection:
    """The answer to a query for one key, of which there are a few: they are parsed once, which takes DuckDB as long as
    finding the row.
    """
    if query not in _parsed:
        _parsed[query] = connection.extract_statements(query)[0]
    return connection.execute(_parsed[query], [key])


def select(connection: Connection, query: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
    """The answer to a query, as a frame.

    Made from a stream, without polars' threads: a forked child inherits them dead, and would wait for them for ever.
    """
    return pl.DataFrame(connection.sql(query, params=list(parameters)).to_arrow_reader(ROWS))
