"""Prove that a workspace is whole: every row has its parents, every artifact its file, every file its row."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .cleanup import doomed, finish
from .database import Connection
from .desk import Desk, open_workspace, writing
from .errors import DamagedObject, WorkspaceError
from .lease import OBJECTS
from .objects import Objects
from .references import named
from .tables import TABLES
from .transactions import transaction

__all__ = ["Finding", "fsck"]

OLD = 3600.0
"""Seconds after which a file that nobody names is no longer on its way."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be."""

    what: str
    """What was found, naming the row or file."""
    remedy: str
    """What `repair` does about it, or what a person can do."""
    repaired: bool = False


def fsck(workspace: str | Path, repair: bool = False) -> list[Finding]:
    """Everything that is wrong in a workspace, with what `repair` would do or did; an empty list proves it whole.

    Repairing deletes nothing that was recorded: rows without parents go to `n4a.quarantine`, damaged files are renamed.
    Raises WorkspaceError when there is no workspace in the folder, ReadOnly when what cannot be written is to be
    repaired.
    """
    folder = Path(workspace)
    if not (folder / "store.duckdb").exists() and not (folder / "inbox.sqlite").exists():
        raise WorkspaceError(f"{folder}: there is no workspace in it: neither store.duckdb nor inbox.sqlite")
    desk = open_workspace(folder)
    try:
        repairer = writing(desk) if repair else None
        with desk.database() as connection:
            findings = list(_check(connection, Objects(folder / OBJECTS), repairer))
            if repairer:
                repairer.settle()
        return findings
    finally:
        desk.close()


def _check(connection: Connection, objects: Objects, repairer: Desk | None) -> Iterator[Finding]:
    repair = repairer is not None
    yield from _parents(connection, repair)
    yield from _shapes(connection)
    yield from _references(connection)
    yield from _artifacts(connection, objects, repair)
    yield from _doomed(connection, objects, repairer)
    yield from _strays(connection, objects, repair)
    yield from _quarantined(connection)


def _parents(connection: Connection, repair: bool) -> Iterator[Finding]:
    for table in TABLES.values():
        for column, parent in table.parents.items():
            there = f"EXISTS (SELECT 1 FROM {parent} p WHERE p.{TABLES[parent].key} = t.{column})"
            orphan = f"t.{column} IS NOT NULL AND NOT {there}"
            rows = connection.execute(f"SELECT {table.key}, {column} FROM {table.name} t WHERE {orphan}").fetchall()
            if rows and repair:
                _set_aside(connection, table.name, orphan, f"{column} names no row of {parent}")
            for key, missing in rows:
                yield Finding(
                    f"{table.name} {key}: {column} {missing} is no row of {parent}", "moved to n4a.quarantine", repair
                )


def _set_aside(connection: Connection, table: str, condition: str, reason: str) -> None:
    key = TABLES[table].key
    with transaction(connection):
        connection.execute(
            f"INSERT INTO n4a.quarantine SELECT t.seq, '{table}', t.{key}, to_json(t)::VARCHAR, NULL, ? "
            f"FROM {table} t WHERE {condition} ON CONFLICT DO NOTHING",
            [reason],
        )
        connection.execute(f"DELETE FROM {table} t WHERE {condition}")


def _shapes(connection: Connection) -> Iterator[Finding]:
    wrong = connection.execute(
        "SELECT prediction_id FROM prediction_arrays WHERE y_proba IS NOT NULL AND "
        "len(y_proba) <> coalesce(list_product(y_proba_shape), -1)"
    ).fetchall()
    for (key,) in wrong:
        yield Finding(f"prediction_arrays {key}: y_proba does not have the shape recorded", "save a new prediction")


def _references(connection: Connection) -> Iterator[Finding]:
    known = {row[0] for row in connection.execute("SELECT artifact_id FROM artifacts").fetchall()}
    for artifact in sorted(set(named(connection)) - known):
        yield Finding(f"artifact {artifact}: chains name it, and it is not recorded", "import it from a copy")


def _artifacts(connection: Connection, objects: Objects, repair: bool) -> Iterator[Finding]:
    for digest, place in connection.execute("SELECT artifact_id, artifact_path FROM artifacts ORDER BY seq").fetchall():
        try:
            objects.prove(digest, place)
        except FileNotFoundError:
            yield Finding(f"artifact {digest}: its file {place} is missing", "restore it, or save the object again")
        except DamagedObject as error:
            if repair:
                objects.rename_damaged(place)
            yield Finding(str(error), f"renamed to {place}.damaged; restore it, or save the object again", repair)


def _doomed(connection: Connection, objects: Objects, repairer: Desk | None) -> Iterator[Finding]:
    left = _left(connection, objects)
    if repairer:
        finish(connection, repairer, objects)
    what = "its artifact was deleted by a collection that died before its file"
    for place in left:
        yield Finding(f"{place}: {what}", "deleted", repairer is not None)


def _left(connection: Connection, objects: Objects) -> list[str]:
    """Files of artifacts that were deleted and that no row names again."""
    return [left for _, place, named in doomed(connection) if not named for left in objects.left(place)]


def _strays(connection: Connection, objects: Objects, repair: bool) -> Iterator[Finding]:
    known = {row[0] for row in connection.execute("SELECT artifact_path FROM artifacts").fetchall()}
    known.update(_left(connection, objects))
    for path in sorted(objects.folder.rglob("*")):
        place = str(path.relative_to(objects.folder))
        if path.is_dir() or place in known or path.name.endswith(".damaged"):
            continue
        if time.time() - path.stat().st_mtime > OLD:
            if repair:
                path.unlink()
            yield Finding(f"{place}: no artifact that is recorded", "deleted", repair)


def _quarantined(connection: Connection) -> Iterator[Finding]:
    for seq, kind, id, reason in connection.execute("SELECT seq, kind, id, reason FROM n4a.quarantine").fetchall():
        yield Finding(
            f"record {seq} ({kind} {id}) is in quarantine: {reason}", "look at n4a.quarantine, record it again"
        )
