"""From Arrow's batches, whatever they were read from, to spectra."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest, TooLarge
from .columns import Columns, columns_of
from .npy import float64
from .question import Table

__all__ = ["Layout", "Parts", "layout_of", "table_of"]

METADATA = b"n4akit"
"""The key of the schema's metadata under which JSON says how the spectra are to be predicted."""


@dataclass(frozen=True)
class Layout:
    """What the columns of a table are."""

    schema: Any
    columns: Columns
    width: int
    """Points of a spectrum."""
    alike: bool
    """Whether all points are floats of one type."""
    asked: Mapping[str, Any]
    """What the metadata says about how to predict."""


def layout_of(schema: Any) -> Layout:
    """What a schema says. Raises BadRequest naming a column that is neither points nor names."""
    kinds = [kind_of(field.type) for field in schema]
    lists = [i for i, kind in enumerate(kinds) if kind == "list"]
    if len(lists) != 1:
        columns = columns_of(schema.names, kinds)
        types = schema.types
        alike = len({types[i] for i in columns.points}) == 1 and kinds[columns.points[0]] == "float"
        return Layout(schema, columns, len(columns.points), alike, _said(schema))
    ids = next((i for i, kind in enumerate(kinds) if kind in ("text", "integer")), None)
    width = schema.field(lists[0]).type.list_size
    return Layout(schema, Columns(lists, None, None, ids), width, False, _said(schema))


class Parts:
    """The batches of one table, and how much memory they may take together."""

    def __init__(self, layout: Layout, largest: int) -> None:
        self.layout = layout
        self.batches: list[Any] = []
        self._left = self._largest = largest

    def allow(self, rows: int, size: int) -> None:
        """Raises TooLarge where so many rows more, in so many bytes, are more than may be."""
        if rows < 0:
            raise BadRequest(f"the table: a batch says that it has {rows} rows")
        self._left -= max(size, rows * 8 * max(self.layout.width, 1))
        if self._left < 0:
            raise TooLarge(f"the table takes more than {self._largest} bytes; send fewer spectra at a time")

    def add(self, batch: Any) -> None:
        """Raises ArrowInvalid where the batch is not what it says."""
        batch.validate(full=True)
        self.batches.append(batch)


def kind_of(type: Any) -> str:
    """`float`, `integer`, `text`, `list` for as many floats in each row, or Arrow's own word for what else it is."""
    import pyarrow.types as types

    if types.is_floating(type):
        return "float"
    if types.is_integer(type):
        return "integer"
    if types.is_string(type) or types.is_large_string(type) or types.is_string_view(type):
        return "text"
    if types.is_fixed_size_list(type) and types.is_floating(type.value_type):
        return "list"
    return str(type)[:60]


def table_of(parts: Parts, missing: bool) -> Table:
    """The spectra, with NaN for null where values may be `missing`. Raises BadRequest naming row and column."""
    columns = parts.layout.columns
    batches = [batch for batch in parts.batches if batch.num_rows]
    if not batches:
        raise BadRequest("the table: no rows were given, expected at least one")
    blocks, row = [], 0
    for batch in batches:
        blocks.append(_numbers(batch, parts.layout, row, missing))
        row += batch.num_rows
    ids = None if columns.ids is None else _names(batches, columns.ids, parts)
    spectra = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    return Table(spectra, columns.axis, columns.unit, ids, parts.layout.asked)


def _numbers(batch: Any, layout: Layout, before: int, missing: bool) -> NDArray[np.float64]:
    points = layout.columns.points
    if kind_of(layout.schema.field(points[0]).type) == "list":
        return _lists(batch.column(points[0]), layout.width, before, missing)
    if layout.alike:
        chosen = batch if len(points) == batch.num_columns else batch.select(points)
        with suppress(TypeError):  # raised where there are nulls: below it is said where
            return float64(chosen.to_tensor(null_to_nan=missing, row_major=True).to_numpy())
    if not missing:
        _refuse_nulls(batch, points, before)
    values = np.empty((batch.num_rows, len(points)))
    for i, point in enumerate(points):
        values[:, i] = float64(batch.column(point).to_numpy(zero_copy_only=False))
    return values


def _lists(column: Any, width: int, before: int, missing: bool) -> NDArray[np.float64]:
    if column.null_count:
        row = before + 1 + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
        raise BadRequest(f"spectra: row {row} is null, expected {width} numbers")
    inside = column.flatten()
    if inside.null_count and not missing:
        place = int(np.argmax(inside.is_null().to_numpy(zero_copy_only=False)))
        raise BadRequest(f"spectra: row {before + place // width + 1}, point {place % width + 1} is null")
    return float64(inside.to_numpy(zero_copy_only=False).reshape(len(column), width))


def _refuse_nulls(batch: Any, points: list[int], before: int) -> None:
    for i in points:
        column = batch.column(i)
        if column.null_count:
            row = before + 1 + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
            name = batch.schema.names[i][:40]
            raise BadRequest(f"spectra: row {row}, column {name!r} is null, expected a number")


def _names(batches: list[Any], column: int, parts: Parts) -> list[str | int]:
    names: list[str | int] = []
    for batch in batches:
        array = batch.column(column)
        if array.null_count:
            row = len(names) + 1 + int(np.argmax(array.is_null().to_numpy(zero_copy_only=False)))
            raise BadRequest(f"ids: row {row} has none, expected a name in each row")
        if kind_of(array.type) == "text":
            parts.allow(0, _characters(array))
        names += array.to_pylist()
    return names


def _characters(array: Any) -> int:
    """The bytes of all texts together. Views may all lie on the same long text."""
    import pyarrow.compute as pc
    import pyarrow.types as types

    if types.is_string_view(array.type):
        # A view is sixteen bytes, and the first four are its length.
        lengths = np.frombuffer(array.buffers()[1], "<i4")[::4]
        return int(lengths[array.offset : array.offset + len(array)].sum(dtype=np.int64))
    return int(pc.sum(pc.binary_length(array)).as_py() or 0)


def _said(schema: Any) -> dict[str, Any]:
    text = (schema.metadata or {}).get(METADATA)
    if text is None:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the table: its metadata n4akit: {error}, expected a JSON object") from None
