"""The seven tables of a workspace, each described once: definitions, Arrow types and empty frames derive from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl
import pyarrow as pa

__all__ = ["ENDS", "INTEGER", "JSON", "REAL", "TABLES", "TEXT", "TIME", "Column", "Kind", "Table"]


@dataclass(frozen=True, eq=False)
class Kind:
    """What a column holds, in the words of DuckDB, Arrow and polars."""

    sql: str
    arrow: pa.DataType
    polars: pl.DataType


TEXT = Kind("VARCHAR", pa.string(), pl.String())
JSON = Kind("JSON", pa.string(), pl.String())
INTEGER = Kind("BIGINT", pa.int64(), pl.Int64())
REAL = Kind("DOUBLE", pa.float64(), pl.Float64())
TIME = Kind("TIMESTAMPTZ", pa.timestamp("us", "UTC"), pl.Datetime("us", "UTC"))
REALS = Kind("DOUBLE[]", pa.list_(pa.float64()), pl.List(pl.Float64()))
INTEGERS = Kind("BIGINT[]", pa.list_(pa.int64()), pl.List(pl.Int64()))


@dataclass(frozen=True, eq=False)
class Column:
    """One column; only those marked `null` may be empty."""

    name: str
    kind: Kind
    null: bool = False


@dataclass(frozen=True)
class Table:
    """One table. Its first column is the primary key; its last, `seq`, is the order in which rows were recorded.

    There are no foreign keys: DuckDB could not delete a run in one transaction with them. `parents` says which column
    names a row of which table; whoever writes sees to it that the row is there, and `fsck` proves it.
    """

    name: str
    columns: tuple[Column, ...]
    parents: Mapping[str, str]

    @property
    def key(self) -> str:
        """The primary key."""
        return self.columns[0].name

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns that people see."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each column stands."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def shown(self) -> str:
        """These columns, for a SELECT."""
        return ", ".join(f'"{name}"' for name in self.names)

    @cached_property
    def ddl(self) -> str:
        """The statement that makes the table."""
        lines = [f'"{c.name}" {c.kind.sql}{"" if c.null else " NOT NULL"}' for c in self.columns]
        key = f'seq BIGINT NOT NULL, PRIMARY KEY ("{self.key}")'
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({', '.join(lines)}, {key})"

    @cached_property
    def arrow(self) -> pa.Schema:
        """The types of rows on their way into the table, `seq` included."""
        return pa.schema([*((c.name, c.kind.arrow) for c in self.columns), ("seq", pa.int64())])

    @cached_property
    def schema(self) -> pl.Schema:
        """The types of an answer."""
        return pl.Schema({column.name: column.kind.polars for column in self.columns})

    @cached_property
    def documents(self) -> frozenset[str]:
        """The columns that hold JSON."""
        return frozenset(column.name for column in self.columns if column.kind is JSON)


def _table(name: str, *columns: Column, **parents: str) -> Table:
    return Table(name, columns, parents)


_DURATION = Column("duration_ms", INTEGER, null=True)
_CREATED = Column("created_at", TIME)
_STATE = (Column("status", TEXT), _CREATED, Column("completed_at", TIME, null=True))

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        _table(
            "runs",
            Column("run_id", TEXT),
            Column("name", TEXT),
            Column("config", JSON),
            Column("datasets", JSON),
            *_STATE,
            Column("summary", JSON, null=True),
            Column("error", TEXT, null=True),
        ),
        _table(
            "pipelines",
            Column("pipeline_id", TEXT),
            Column("run_id", TEXT),
            Column("name", TEXT),
            Column("expanded_config", JSON),
            Column("generator_choices", JSON),
            Column("dataset_name", TEXT),
            Column("dataset_hash", TEXT),
            *_STATE,
            Column("best_val", REAL, null=True),
            Column("best_test", REAL, null=True),
            Column("metric", TEXT, null=True),
            _DURATION,
            Column("error", TEXT, null=True),
            run_id="runs",
        ),
        _table(
            "chains",
            Column("chain_id", TEXT),
            Column("pipeline_id", TEXT),
            Column("steps", JSON),
            Column("model_step_idx", INTEGER),
            Column("model_class", TEXT),
            Column("preprocessings", TEXT),
            Column("fold_strategy", TEXT),
            Column("fold_artifacts", JSON),
            Column("shared_artifacts", JSON),
            Column("branch_path", JSON, null=True),
            Column("source_index", INTEGER, null=True),
            _CREATED,
            pipeline_id="pipelines",
        ),
        _table(
            "predictions",
            Column("prediction_id", TEXT),
            Column("pipeline_id", TEXT),
            Column("chain_id", TEXT, null=True),
            Column("dataset_name", TEXT),
            Column("model_name", TEXT),
            Column("model_class", TEXT),
            Column("fold_id", TEXT),
            Column("partition", TEXT),
            Column("val_score", REAL, null=True),
            Column("test_score", REAL, null=True),
            Column("train_score", REAL, null=True),
            Column("metric", TEXT),
            Column("task_type", TEXT),
            Column("n_samples", INTEGER),
            Column("n_features", INTEGER),
            Column("scores", JSON),
            Column("best_params", JSON),
            Column("branch_id", INTEGER, null=True),
            Column("branch_name", TEXT, null=True),
            Column("exclusion_count", INTEGER),
            Column("exclusion_rate", REAL),
            Column("preprocessings", TEXT),
            _CREATED,
            pipeline_id="pipelines",
            chain_id="chains",
        ),
        _table(
            "prediction_arrays",
            Column("prediction_id", TEXT),
            Column("y_true", REALS, null=True),
            Column("y_pred", REALS, null=True),
            Column("y_proba", REALS, null=True),
            Column("y_proba_shape", INTEGERS, null=True),
            Column("sample_indices", INTEGERS, null=True),
            Column("weights", REALS, null=True),
            prediction_id="predictions",
        ),
        _table(
            "artifacts",
            Column("artifact_id", TEXT),
            Column("artifact_path", TEXT),
            Column("content_hash", TEXT),
            Column("operator_class", TEXT),
            Column("artifact_type", TEXT),
            Column("format", TEXT),
            Column("size_bytes", INTEGER),
            Column("ref_count", INTEGER),
            Column("environment", JSON),
            _CREATED,
        ),
        _table(
            "logs",
            Column("log_id", TEXT),
            Column("pipeline_id", TEXT),
            Column("step_idx", INTEGER),
            Column("operator_class", TEXT),
            Column("event", TEXT),
            _DURATION,
            Column("message", TEXT, null=True),
            Column("details", JSON, null=True),
            Column("level", TEXT),
            _CREATED,
            pipeline_id="pipelines",
        ),
    )
}
"""By name, parents before children."""

ENDS: Mapping[str, tuple[str, ...]] = {
    "runs": ("status", "completed_at", "summary", "error"),
    "pipelines": ("status", "completed_at", "best_val", "best_test", "metric", "duration_ms", "error"),
}
"""What is filled in when a row ends, which it does once."""
