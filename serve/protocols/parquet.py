"""Parquet: a column for each point. pyarrow is loaded when the first such body comes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import BadRequest, TooLarge
from .arrow_table import Parts, layout_of, table_of
from .parquet_pages import inflated
from .question import Table

__all__ = ["MEDIA_TYPE", "read"]

MEDIA_TYPE = "application/vnd.apache.parquet"


def read(data: bytes, missing: bool, largest: int) -> Table:
    """The spectra of a file. Raises BadRequest naming the column and the row, TooLarge where they would take more than
    `largest` bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    limits = {"thrift_string_size_limit": 1 << 24, "thrift_container_size_limit": 1 << 20}
    rows, size = inflated(data)
    try:
        file = pq.ParquetFile(pa.py_buffer(data), **limits)
        layout = layout_of(file.schema_arrow)
        parts = Parts(layout, largest)
        parts.allow(rows, size)
        # A text that many rows share is kept once: it is counted before it is written out.
        texts = [] if layout.columns.ids is None else [layout.schema.names[layout.columns.ids]]
        file = pq.ParquetFile(pa.py_buffer(data), read_dictionary=texts, **limits)
        _read(pa, file, parts)
        return table_of(parts, missing)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, BadRequest | TooLarge):
            raise
        raise BadRequest(f"parquet: {str(error).partition(chr(10))[0][:200]}; expected a Parquet file") from None


def _read(pa: Any, file: Any, parts: Parts) -> None:
    import pyarrow.compute as pc

    for batch in file.iter_batches(1 << 16, use_threads=False):
        columns = []
        for column in batch.columns:
            if pa.types.is_dictionary(column.type):
                column.validate(full=True)  # before its places are followed
                lengths = pc.binary_length(column.dictionary).to_numpy(zero_copy_only=False)
                rows = column.indices.drop_null().to_numpy(zero_copy_only=False)
                parts.allow(0, int(np.sum(lengths[rows])) if len(rows) else 0)
                column = column.dictionary_decode()
            columns.append(column)
        parts.add(pa.record_batch(columns, names=parts.layout.schema.names))
