"""Take in another workspace: one of ours from another machine, or one that nirs4all 0.7 wrote with DuckDB.

Rows keep their identifiers, so that taking the same workspace in twice adds nothing. The source keeps what it has.
Artifacts of nirs4all keep their bytes, get our identifiers (the sha256 of what is in the file), and are read by
exact names, without nirs4all. Its chains name artifacts of other branches and folds of other models; here each step
gets its role, and what is not on the way to the chain's model is left out.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from .database import NAME, Connection, open_foreign
from .desk import Desk, open_workspace, writing
from .documents import decode, encode
from .errors import UnknownId, WorkspaceError
from .lease import OBJECTS
from .objects import FOREIGN, Objects, content, origin
from .references import identifiers
from .replay import SPLITTERS
from .tables import JSON, TABLES, TEXT, Table
from .transactions import transaction

__all__ = ["Imported", "import_workspace"]


@dataclass(frozen=True)
class Imported:
    """What was taken in."""

    rows: Mapping[str, int]
    """New rows by table."""
    missing: tuple[str, ...]
    """Artifacts whose files are missing or altered in the source; chains that name them cannot be replayed."""


def import_workspace(source: str | Path, target: str | Path) -> Imported:
    """Add everything of a workspace to another, which is made if there is none; what is there already is left alone.

    Records in the inbox of the source are moved into its database first; where it cannot be written they are not taken
    in. Raises WorkspaceError when the source is no workspace that is known here, Busy when another program has it open,
    ReadOnly when the target cannot be written.
    """
    source, target = Path(source), Path(target)
    if not (source / NAME).exists():
        raise WorkspaceError(f"{source}: there is no {NAME} in it, so this is no workspace")
    target.mkdir(parents=True, exist_ok=True)
    if source.samefile(target):
        raise WorkspaceError(f"{source}: this is the workspace itself; give another one to import")
    desk = open_workspace(target)
    try:
        return _Import(source, writing(desk), Objects(target / OBJECTS)).run()
    finally:
        desk.close()


class _Import:
    """One workspace on its way into another."""

    def __init__(self, source: Path, desk: Desk, objects: Objects) -> None:
        self.source = source
        self.desk = desk
        self.objects = objects
        self.missing: list[str] = []

    def run(self) -> Imported:
        ours = _is_ours(self.source)
        with _opened(self.source, ours) as connection:
            artifacts = dict(self._artifacts(connection, ours))
            tables = {
                table: list(_rows(connection, described, ours))
                for table, described in TABLES.items()
                if table != "artifacts"
            }
        tables["artifacts"] = list(artifacts.values())
        renamed = {old: str(row["artifact_id"]) for old, row in artifacts.items()}
        if not ours:
            tables["chains"] = [_explicit(chain, renamed) for chain in tables["chains"]]
        return Imported(self._write(tables), tuple(self.missing))

    def _artifacts(self, connection: Connection, ours: bool) -> Iterator[tuple[str, dict[str, Any]]]:
        """The rows of artifacts by their identifiers in the source, with their files in place."""
        for row in _rows(connection, TABLES["artifacts"], ours):
            old = row["artifact_id"]
            path = self.source / OBJECTS / row["artifact_path"]
            try:
                yield old, self._kept(row, path, ours)
            except (OSError, ValueError, zlib.error, UnknownId) as error:
                self.missing.append(f"artifact {old} ({row['operator_class']}): {error}")

    def _kept(self, row: dict[str, Any], path: Path, ours: bool) -> dict[str, Any]:
        if ours:
            raw = content(path)
            _same(row["artifact_id"], raw)
            self.objects.keep(row["artifact_path"], raw)
            return row | {"ref_count": 0}
        data = path.read_bytes()
        _same(row["content_hash"].removeprefix("sha256:"), data)
        raw = zlib.decompress(data) if data[:1] == b"\x78" else data
        digest = hashlib.sha256(raw).hexdigest()
        place = self.objects.place(digest, FOREIGN)
        self.objects.keep(place, raw)
        return row | {
            "artifact_id": digest,
            "artifact_path": place,
            "content_hash": f"sha256:{digest}",
            "format": FOREIGN,
            "size_bytes": len(raw),
            "ref_count": 0,
            "environment": json.dumps((decode(row["environment"]) or {}) | origin(raw)),
        }

    def _write(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, int]:
        """Add the rows that are not there, in one transaction; answers how many by table."""
        added = {}
        with self.desk.database() as connection:
            with transaction(connection):
                order = _order(connection, sum(map(len, tables.values())))
                for name, table in TABLES.items():
                    added[name] = _insert(connection, table, tables[name], order) if tables[name] else 0
            self.desk.settle()
        return added


@contextmanager
def _opened(folder: Path, ours: bool) -> Iterator[Connection]:
    """The database of a workspace; of one of ours with all that is recorded, as far as that can be shown."""
    if not ours:
        with open_foreign(folder) as connection:
            yield connection
        return
    source = open_workspace(folder)
    try:
        with source.database() as connection:
            yield connection
    finally:
        source.close()


def _same(digest: str, data: bytes) -> None:
    if hashlib.sha256(data).hexdigest() != digest:
        raise ValueError("its file was altered")


def _is_ours(folder: Path) -> bool:
    with open_foreign(folder) as connection:
        tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not set(TABLES) <= tables:
        lacking = ", ".join(sorted(set(TABLES) - tables))
        raise WorkspaceError(f"{folder}: this is no workspace that is known here; it lacks the tables {lacking}")
    return "progress" in tables


def _rows(connection: Connection, table: Table, ours: bool) -> Iterator[dict[str, Any]]:
    """All rows in the order in which they were recorded, with every column of ours."""
    there = {row[0] for row in connection.execute(f"SELECT column_name FROM (DESCRIBE {table.name})").fetchall()}
    columns = [f'"{name}"' if name in there else f'NULL AS "{name}"' for name in table.names]
    order = "seq" if ours else "created_at, rowid" if "created_at" in there else "rowid"
    for row in (
        connection.sql(f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY {order}").to_arrow_table().to_pylist()
    ):
        yield _filled(table, row)


def _filled(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row in which nothing is empty that may not be."""
    empty = {TEXT: "", JSON: "null"}
    for column in table.columns:
        if row[column.name] is None and not column.null:
            row[column.name] = empty.get(column.kind, 0)
    if table.name == "prediction_arrays" and row["y_proba"] is not None and row["y_proba_shape"] is None:
        row["y_proba_shape"] = [len(row["y_proba"])]  # nirs4all loses the shape
    return row


def _explicit(chain: dict[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """A chain of nirs4all with our artifacts, the role of each step said, and other branches left out."""
    folds = {fold: renamed.get(old, old) for fold, old in (decode(chain["fold_artifacts"]) or {}).items()}
    shared = {
        index: [renamed.get(old, old) for old in identifiers(named)]
        for index, named in (decode(chain["shared_artifacts"]) or {}).items()
    }
    steps = []
    for step in decode(chain["steps"]) or []:
        own = [renamed.get(old, old) for old in identifiers(step.get("artifact_ids") or step.get("artifact_id"))]
        role = _role(step, own, folds, shared)
        if role is not None:
            kept = {key: value for key, value in step.items() if key not in ("artifact_ids", "artifact_id")}
            named = own if role != "model" else []
            steps.append(kept | {"role": role, "artifact_ids": named, "stateless": not own})
    return chain | {
        "steps": encode(steps, "steps"),
        "fold_artifacts": json.dumps(folds),
        # In a branch, steps share the index of their model: what they are is said in the steps alone.
        "shared_artifacts": json.dumps({i: ids for i, ids in shared.items() if i != str(chain["model_step_idx"])}),
    }


def _role(
    step: Mapping[str, Any], own: Sequence[str], folds: Mapping[str, str], shared: Mapping[str, Sequence[str]]
) -> str | None:
    """What a step is to its chain; None when it is not on the way to the chain's model."""
    if not own:
        plain = step["operator_class"].rpartition(".")[2]
        return None if plain in SPLITTERS or "Splitter" in plain else "x"
    if set(own) & set(folds.values()):
        return "model"
    if not set(own) & set(shared.get(str(step["step_idx"]), ())):
        return None
    return "y" if "y_processing" in json.dumps(step.get("params") or {}) else "x"


def _order(connection: Connection, count: int) -> int:
    """Where imported rows stand in the order: after everything that is there, before whatever comes."""
    last = int(connection.execute("SELECT coalesce(max(base + applied), 0) FROM n4a.progress").fetchall()[0][0])
    connection.execute("UPDATE n4a.progress SET base = base + ?", [count])
    return last


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], order: int) -> int:
    columns = {name: [row[name] for row in rows] for name in table.names}
    incoming = pa.table({**columns, "seq": [order + number for number in range(1, len(rows) + 1)]}, schema=table.arrow)
    connection.register("incoming", incoming)
    try:
        query = f"INSERT OR IGNORE INTO {table.name} BY NAME SELECT * FROM incoming"
        return int(connection.execute(query).fetchall()[0][0])
    except duckdb.Error as error:
        raise WorkspaceError(f"{table.name}: rows of the source cannot be recorded here: {error}") from error
    finally:
        connection.unregister("incoming")
