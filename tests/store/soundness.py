"""Whether a closed workspace is sound, asked of its files with nothing of ours."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
from n4akit.store import fsck

__all__ = ["assert_mended", "assert_sound", "rows"]

PARENTS = (
    ("pipelines", "run_id", "runs"),
    ("chains", "pipeline_id", "pipelines"),
    ("predictions", "pipeline_id", "pipelines"),
    ("predictions", "chain_id", "chains"),
    ("prediction_arrays", "prediction_id", "predictions"),
    ("logs", "pipeline_id", "pipelines"),
)

KEYS = {
    "runs": "run_id",
    "pipelines": "pipeline_id",
    "chains": "chain_id",
    "predictions": "prediction_id",
    "prediction_arrays": "prediction_id",
    "artifacts": "artifact_id",
    "logs": "log_id",
}

ALLOWED = {"store.duckdb", "store.lock", "artifacts"}


def rows(workspace: Path, query: str) -> list[tuple[Any, ...]]:
    """The answer of plain DuckDB about a workspace that nobody has open."""
    with duckdb.connect(str(workspace / "store.duckdb"), read_only=True) as connection:
        return pl.DataFrame(connection.sql(query)).rows()


def assert_sound(workspace: Path) -> None:
    """No row twice, none without its parents, no order twice, every artifact whole, and nothing besides."""
    assert {path.name for path in workspace.iterdir()} == ALLOWED
    with duckdb.connect(str(workspace / "store.duckdb"), read_only=True) as connection:
        for table, key in KEYS.items():
            counts = f"SELECT count(*), count(DISTINCT {key}), count(DISTINCT seq) FROM {table}"
            assert len(set(connection.execute(counts).fetchall()[0])) == 1, table
        for table, column, parent in PARENTS:
            orphans = f"SELECT count(*) FROM {table} ANTI JOIN {parent} USING ({column})"
            assert connection.execute(orphans).fetchall() == [(0,)], (table, column)
        for artifact, path in connection.execute("SELECT artifact_id, artifact_path FROM artifacts").fetchall():
            assert hashlib.sha256(content(workspace / "artifacts" / path)).hexdigest() == artifact
        named = "SELECT DISTINCT unnest(json_extract_string(fold_artifacts, '$.*')) AS artifact_id FROM chains"
        assert connection.execute(f"SELECT * FROM ({named}) ANTI JOIN artifacts USING (artifact_id)").fetchall() == []


def content(path: Path) -> bytes:
    """The pickle in a file."""
    data = path.read_bytes()
    if path.suffix != ".zst":
        return data
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        return bytes(stream.read())


def assert_mended(workspace: Path) -> None:
    """fsck finishes what a collection had begun to delete when it died, and finds nothing else."""
    assert all("deleted by a collection that died" in finding.what for finding in fsck(workspace, repair=True))
    assert fsck(workspace) == []
