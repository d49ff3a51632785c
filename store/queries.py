"""What is read: each function asks one question, in SQL that can be read, and answers with stable types."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import polars as pl

from .database import Connection, look_up, select
from .documents import decode
from .errors import Refused
from .identity import is_id
from .reading import Reading
from .tables import INTEGER, REAL, TABLES, Column, Table

__all__ = [
    "FILTERS",
    "chains_of",
    "find_predictions",
    "holds",
    "log_of",
    "log_summary",
    "pipelines",
    "prediction",
    "record",
    "runs",
    "top_predictions",
]


def record(desk: Reading, table: str, id: str) -> dict[str, Any] | None:
    """One row with its documents decoded, or None."""
    with desk.database() as connection:
        return _record(connection, TABLES[table], id)


def _record(connection: Connection, described: Table, id: str) -> dict[str, Any] | None:
    query = f"SELECT {described.shown} FROM {described.name} WHERE {described.key} = ?"
    # One row is had sooner as plain values than as a frame.
    found = look_up(connection, query, str(id) if is_id(id) else None).fetchall()
    return _decoded(dict(zip(described.names, found[0], strict=True)), described.documents) if found else None


def holds(desk: Reading, table: str, id: str) -> bool:
    """Whether a row is there."""
    with desk.database() as connection:
        query = f"SELECT 1 FROM {table} WHERE {TABLES[table].key} = ?"
        return bool(look_up(connection, query, str(id) if is_id(id) else None).fetchall())


def _decoded(values: dict[str, Any], documents: frozenset[str]) -> dict[str, Any]:
    return {name: decode(value) if name in documents else value for name, value in values.items()}


def runs(desk: Reading, status: str | None, dataset: str | None, limit: int, offset: int) -> pl.DataFrame:
    """Runs, the newest first; `dataset` is the name of one of their datasets."""
    return _listed(desk, "runs", {"status": status, "dataset": dataset}, limit, offset)


def pipelines(desk: Reading, run_id: str | None, dataset_name: str | None) -> pl.DataFrame:
    """Pipelines, the newest first."""
    return _listed(desk, "pipelines", {"run_id": run_id, "dataset_name": dataset_name})


def chains_of(desk: Reading, pipeline_id: str) -> pl.DataFrame:
    """The chains of a pipeline in the order in which they were saved."""
    return _listed(desk, "chains", {"pipeline_id": pipeline_id}, order="seq")


FILTERS = {
    "dataset_name": "dataset_name = ?",
    "model_class": "model_class = ?",
    "partition": '"partition" = ?',
    "fold_id": "fold_id = ?",
    "branch_id": "branch_id = ?",
    "pipeline_id": "pipeline_id = ?",
    "run_id": "pipeline_id IN (SELECT pipeline_id FROM pipelines WHERE run_id = ?)",
}
"""What predictions may be asked for; every value is meant literally."""

_CONDITIONS = {
    **FILTERS,
    "status": "status = ?",
    "dataset": "list_contains(json_extract_string(datasets, '$[*].name'), ?)",
}


def find_predictions(
    desk: Reading, filters: Mapping[str, Any], limit: int | None = None, offset: int = 0
) -> pl.DataFrame:
    """Predictions that fit all filters, the newest first."""
    return _listed(desk, "predictions", filters, limit, offset)


def _listed(
    desk: Reading,
    table: str,
    filters: Mapping[str, Any],
    limit: int | None = None,
    offset: int = 0,
    order: str = "seq DESC",
) -> pl.DataFrame:
    where, parameters = all_of(filters)
    for name, value in (("limit", limit), ("offset", offset)):
        if value is not None and (not hasattr(value, "__index__") or value < 0):
            raise Refused(f"{name}={value!r}: expected an integer from 0")
    tail = f" LIMIT {int(limit)}" if limit is not None else ""
    tail += f" OFFSET {int(offset)}" if offset else ""
    with desk.database() as connection:
        query = f"SELECT {TABLES[table].shown} FROM {table} WHERE {where} ORDER BY {order}{tail}"
        return select(connection, query, parameters)


def all_of(filters: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """A condition that is true where all filters fit whose value is given, and its parameters. Raises Refused."""
    given = {name: _meant(name, value) for name, value in filters.items() if value is not None}
    return " AND ".join(_CONDITIONS[name] for name in given) or "TRUE", list(given.values())


def _meant(name: str, value: Any) -> int | str:
    if name == "branch_id" and isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if name != "branch_id" and isinstance(value, str):
        return str(value)
    expected = "an integer" if name == "branch_id" else "text"
    raise Refused(f"{name}={value!r:.60}: found {type(value).__name__}, expected {expected}")


_SCORES = [column.name for column in TABLES["predictions"].columns if column.kind in (REAL, INTEGER)]


def top_predictions(
    desk: Reading,
    n: int,
    metric: str,
    ascending: bool,
    partition: str,
    dataset_name: str | None,
    group_by: str | None,
) -> pl.DataFrame:
    """The best n, or the best n of each group, best first; what has no score comes last."""
    if metric not in _SCORES:
        raise Refused(f"metric={metric!r}: expected one of {', '.join(_SCORES)}")
    if group_by is not None and group_by not in TABLES["predictions"].names:
        raise Refused(f"group_by={group_by!r}: expected one of {', '.join(TABLES['predictions'].names)}")
    if not hasattr(n, "__index__") or n < 0:
        raise Refused(f"n={n!r}: expected an integer from 0")
    where, parameters = all_of({"partition": partition, "dataset_name": dataset_name})
    rank = f"{metric} IS NULL OR isnan({metric}::DOUBLE), {metric} {'ASC' if ascending else 'DESC'}, seq"
    shown = TABLES["predictions"].shown
    if group_by is None:
        query = f"SELECT {shown} FROM predictions WHERE {where} ORDER BY {rank} LIMIT {int(n)}"
    else:
        query = (
            f"SELECT {shown} FROM predictions WHERE {where} "
            f'QUALIFY row_number() OVER (PARTITION BY "{group_by}" ORDER BY {rank}) <= {int(n)} ORDER BY {rank}'
        )
    with desk.database() as connection:
        return select(connection, query, parameters)


def prediction(desk: Reading, prediction_id: str, load_arrays: bool) -> dict[str, Any] | None:
    """One prediction with its documents decoded; with its arrays, None where one was not saved."""
    with desk.database() as connection:
        found = _record(connection, TABLES["predictions"], prediction_id)
        if found is None or not load_arrays:
            return found
        # Two questions: DuckDB takes longer to plan one about both tables than for these.
        query = f"SELECT {TABLES['prediction_arrays'].shown} FROM prediction_arrays WHERE prediction_id = ?"
        return found | _arrays(look_up(connection, query, str(prediction_id)).fetchnumpy())


def _arrays(columns: Mapping[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
    lists = TABLES["prediction_arrays"].columns[1:]
    found: dict[str, Any] = {list_.name: _array(columns[list_.name], list_) for list_ in lists}
    shape = found.pop("y_proba_shape")
    if found["y_proba"] is not None:
        found["y_proba"] = found["y_proba"].reshape(shape)
    return found


def _array(column: np.ndarray[Any, Any], described: Column) -> np.ndarray[Any, Any] | None:
    """The list in a column of one row, or none, whose absence is a mask."""
    if not len(column) or column[0] is np.ma.masked:
        return None
    return np.array(column[0], described.kind.arrow.value_type.to_pandas_dtype())


def log_of(desk: Reading, pipeline_id: str) -> pl.DataFrame:
    """The log of a pipeline, step by step."""
    shown = ", ".join(name for name in TABLES["logs"].names if name != "pipeline_id")
    with desk.database() as connection:
        query = f"SELECT {shown} FROM logs WHERE pipeline_id = ? ORDER BY step_idx, seq"
        return select(connection, query, [pipeline_id])


def log_summary(desk: Reading, run_id: str) -> pl.DataFrame:
    """One row per pipeline of a run, in the order in which they began."""
    query = """
        SELECT p.pipeline_id, p.name AS pipeline_name, p.status AS pipeline_status, count(l.log_id) AS log_count,
               coalesce(sum(l.duration_ms) FILTER (l.event = 'end'), 0)::BIGINT AS total_duration_ms,
               count(*) FILTER (l.level = 'warning') AS warning_count,
               count(*) FILTER (l.level = 'error') AS error_count
        FROM pipelines p LEFT JOIN logs l USING (pipeline_id)
        WHERE p.run_id = ? GROUP BY p.pipeline_id, p.name, p.status, p.seq ORDER BY p.seq
    """
    with desk.database() as connection:
        return select(connection, query, [run_id])
