"""Arrow's stream and file: a column for each point in, a column for each field out.

A file is a stream between two marks, and read as one; what stands in its footer is not needed. pyarrow is loaded when
the first such body comes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from ...bundle import Bundle, Result
from ..errors import BadRequest, TooLarge
from .arrow_sizes import inflated
from .arrow_table import Layout, Parts, layout_of, table_of
from .csv import told
from .question import Question, Table

__all__ = ["FILE", "MEDIA_TYPE", "encode", "encode_file", "read"]

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
FILE = "application/vnd.apache.arrow.file"

MAGIC = b"ARROW1\x00\x00"


def read(data: bytes, missing: bool, largest: int) -> Table:
    """The spectra of a stream or a file. Raises BadRequest naming the column and the row, TooLarge where they would
    take more than `largest` bytes.
    """
    import pyarrow as pa

    buffer = pa.py_buffer(data)
    try:
        messages = iter(pa.ipc.MessageReader.open_stream(buffer.slice(len(MAGIC)) if data[:8] == MAGIC else buffer))
        first = next(messages)
        if first.type != "schema":  # what pyarrow takes for granted
            raise BadRequest(f"arrow: it begins with a message of type {first.type}, expected a schema")
        parts = Parts(_layout(first.serialize().to_pybytes()), largest)
        for message in messages:
            if message.type != "record batch" or message.body is None:
                raise BadRequest(f"arrow: a message of type {message.type} was found, expected record batches alone")
            parts.allow(*inflated(memoryview(message.metadata), memoryview(message.body)))
            parts.add(pa.ipc.read_record_batch(message, parts.layout.schema))
        return table_of(parts, missing)
    except StopIteration:
        raise BadRequest("arrow: there is no schema, expected a stream or a file of record batches") from None
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, BadRequest | TooLarge):
            raise
        raise BadRequest(f"arrow: {_first_line(error)}; expected an Arrow stream or file") from None


@lru_cache(maxsize=16)
def _layout(message: bytes) -> Layout:
    """What a schema says; an instrument sends the same with every spectrum, and a thousand names take a while."""
    import pyarrow as pa

    return layout_of(pa.ipc.read_schema(pa.ipc.read_message(message)))


def _first_line(error: Exception) -> str:
    # Arrow's own words: they tell sizes and types, never values.
    return str(error).partition("\n")[0][:200]


def encode(model: str, bundle: Bundle, question: Question, result: Result, contributions: Any = None) -> bytes:
    """A stream of one row for each spectrum and target, its schema's metadata telling who answered and how."""
    import pyarrow as pa

    schema = _schema(pa, bundle, question, model, result)
    records = list(result.records(question.ids, model=model))
    columns = [
        pa.array(
            [list(record[name].values()) if name == "proba" and record[name] else record[name] for record in records],
            type=schema.field(name).type,
        )
        for name in schema.names
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.record_batch(columns, schema=schema))
    return bytes(sink.getvalue())


def encode_file(model: str, bundle: Bundle, question: Question, result: Result, contributions: Any = None) -> bytes:
    """The same as a file."""
    import pyarrow as pa

    table = pa.ipc.open_stream(encode(model, bundle, question, result)).read_all()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


TEXTS = (
    *("sample", "target", "unit", "status", "reason", "model", "digest", "settings", "profile"),
    *("axis_action", "signal_action"),
)


def _schema(pa: Any, bundle: Bundle, question: Question, model: str, result: Result) -> Any:
    labels = () if result.classes is None else tuple(result.classes)
    value = pa.array(labels).type if labels else pa.float64()
    types = {"row": pa.int64(), "value": value, "value_raw": value, "in_range": pa.bool_()}
    types |= {"flags": pa.list_(pa.string()), **dict.fromkeys(TEXTS, pa.string())}
    fields = [(name, types.get(name, pa.float64())) for name in told(question)]
    if result.proba is not None:
        fields.append(("proba", pa.list_(pa.float64())))
    who = {
        "model": model,
        "digest": result.digest,
        "profile": result.profile,
        "axis_action": result.axis_action,
        "signal_action": result.signal_action,
        "settings": result.settings,
        "classes": list(labels) or None,
    }
    return pa.schema(fields, metadata={"n4akit": msgspec.json.encode(who)})
