"""Files on demand: what is recorded, in forms that other programs read. All are whole or absent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from ..bundle.files import replace
from .database import ROWS
from .errors import Refused, UnknownId
from .queries import FILTERS, all_of, record
from .reading import Reading
from .tables import TABLES

__all__ = ["export_config", "export_parquet", "export_run"]


def export_config(desk: Reading, pipeline_id: str, path: Path) -> Path:
    """The expanded configuration of a pipeline, as JSON."""
    found = _known(desk, "pipelines", pipeline_id)
    text = json.dumps(found["expanded_config"], indent=2, ensure_ascii=False) + "\n"
    return _write(path, ".json", text)


def export_run(desk: Reading, run_id: str, path: Path) -> Path:
    """A run with its pipelines and their chains, as YAML that any safe loader reads."""
    run = _known(desk, "runs", run_id)
    names = ("run_id", "name", "status", "created_at", "completed_at", "config", "datasets", "summary", "error")
    said = {name: run[name] for name in names}
    said["pipelines"] = [
        _without(pipeline, "run_id") | {"chains": _rows(desk, "chains", "pipeline_id", pipeline["pipeline_id"])}
        for pipeline in _rows(desk, "pipelines", "run_id", run_id)
    ]
    return _write(path, ".yaml", yaml.dump(said, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


class _Dumper(yaml.SafeDumper):
    """Writes texts that hold a line break of Unicode in double quotes: elsewhere PyYAML would read it as a space."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = '"' if any(mark in text for mark in "\x85\u2028\u2029\ufeff") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _known(desk: Reading, table: str, id: str) -> dict[str, Any]:
    found = record(desk, table, id)
    if found is None:
        raise UnknownId(f"{TABLES[table].key} {id!r}: nothing with this identifier is recorded in {desk.folder}")
    return found


def _rows(desk: Reading, table: str, column: str, id: str) -> list[dict[str, Any]]:
    key = TABLES[table].key
    with desk.database() as connection:
        ids = connection.execute(f"SELECT {key} FROM {table} WHERE {column} = ? ORDER BY seq", [id]).fetchall()
    return [_known(desk, table, row[0]) for row in ids]


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def _write(path: Path, suffix: str, text: str) -> Path:
    path = _suffixed(path, suffix)
    replace(path, lambda file: file.write(text.encode("utf-8")))
    return path


def _suffixed(path: Path, suffix: str) -> Path:
    path = path if path.suffix else path.with_name(f"{path.name}{suffix}")
    if path.is_dir():
        raise Refused(f"{path}: is a folder, expected the path of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def export_parquet(desk: Reading, path: Path, filters: Mapping[str, Any]) -> Path:
    """Predictions that fit all filters, in the order in which they were saved, as Parquet; valid when there are
    none.
    """
    if unknown := sorted(set(filters) - set(FILTERS)):
        raise Refused(f"filter {unknown[0]!r} is unknown, expected {', '.join(FILTERS)}")
    where, parameters = all_of(filters)
    path = _suffixed(path, ".parquet")
    table = TABLES["predictions"]
    # Part by part: to sort all of them at once DuckDB would hold all of them.
    query = f"SELECT {table.shown} FROM predictions WHERE {where} AND seq >= ? AND seq < ? ORDER BY seq"
    schema = table.arrow.remove(len(table.columns))
    with desk.database() as connection:
        last = connection.execute("SELECT coalesce(max(seq), -1) FROM predictions").fetchall()[0][0]

        def write(file: Any) -> None:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for start in range(0, last + 1, ROWS):
                    part = connection.sql(query, params=[*parameters, start, start + ROWS]).to_arrow_table()
                    writer.write_table(part.cast(schema))

        replace(path, write)
    return path
