"""Spectra as bodies of every type, and answers read back from every type."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

__all__ = ["ARROW", "ARROW_FILE", "BODIES", "CSV", "JSON", "NPY", "PARQUET", "VALUES", "frame", "stream"]

Matrix = NDArray[np.float64]

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
ARROW, ARROW_FILE = "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"


def _json(rows: Matrix) -> bytes:
    return json.dumps({"spectra": rows.tolist()}).encode()


def _csv(rows: Matrix) -> bytes:
    header = ",".join(f"x{i}" for i in range(rows.shape[1]))
    return "\n".join([header, *(",".join(map(repr, row)) for row in rows.tolist())]).encode()


def _npy(rows: Matrix) -> bytes:
    file = io.BytesIO()
    np.save(file, rows)
    return file.getvalue()


def frame(rows: Matrix, names: list[str] | None = None, **others: Any) -> pa.Table:
    """A column for each point, and others before them."""
    names = names or [f"p{i}" for i in range(rows.shape[1])]
    columns = {name: pa.array(values) for name, values in others.items()}
    return pa.table({**columns, **dict(zip(names, map(pa.array, rows.T), strict=True))})


def stream(table: pa.Table, options: pa.ipc.IpcWriteOptions | None = None, *, file: bool = False) -> bytes:
    """The bytes of a table as Arrow writes it."""
    sink = pa.BufferOutputStream()
    with (pa.ipc.new_file if file else pa.ipc.new_stream)(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def parquet(table: pa.Table, **options: Any) -> bytes:
    """The bytes of a table as Parquet."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return bytes(sink.getvalue())


BODIES: dict[str, Callable[[Matrix], bytes]] = {
    JSON: _json,
    CSV: _csv,
    NPY: _npy,
    ARROW: lambda rows: stream(frame(rows)),
    ARROW_FILE: lambda rows: stream(frame(rows), file=True),
    PARQUET: lambda rows: parquet(frame(rows)),
}
"""Spectra as a body of each type."""


def _values_of_table(text: bytes) -> list[float]:
    head, *lines = text.decode().splitlines()
    place = head.split(",").index("value")
    return [float(line.split(",")[place]) for line in lines]


VALUES: dict[str, Callable[[bytes], Any]] = {
    JSON: lambda answer: json.loads(answer)["values"],
    CSV: _values_of_table,
    NPY: lambda answer: np.load(io.BytesIO(answer), allow_pickle=False),
    ARROW: lambda answer: pa.ipc.open_stream(answer).read_all()["value"].to_numpy(),
    ARROW_FILE: lambda answer: pa.ipc.open_file(answer).read_all()["value"].to_numpy(),
}
"""The values in an answer of each type."""
