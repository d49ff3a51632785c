"""How large the pages of a Parquet file become, read from their headers before one is decompressed.

What the footer says of sizes may be less than the pages then take. A header is a struct in Thrift's compact protocol:
of its fields 2 is the size of the page decompressed, 3 that in the file, which follows the header.
"""

from __future__ import annotations

from typing import Any

from ..errors import BadRequest

__all__ = ["inflated"]

DEEPEST = 8
INFLATED, STORED = 2, 3


def inflated(data: bytes, metadata: Any) -> int:
    """The bytes of all pages, decompressed. Raises BadRequest for lists in columns, and for headers that are none."""
    schema = metadata.schema
    for i in range(metadata.num_columns):
        if schema.column(i).max_repetition_level:
            raise BadRequest(
                f"parquet: column {schema.column(i).path[:40]!r} holds lists, expected a value in each row"
            )
    total = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column in range(metadata.num_columns):
            chunk = group.column(column)
            starts = [chunk.data_page_offset]
            if chunk.has_dictionary_page and chunk.dictionary_page_offset:
                starts.append(chunk.dictionary_page_offset)
            total += _pages(data, min(starts), chunk.total_compressed_size)
    return total


def _pages(data: bytes, start: int, size: int) -> int:
    total, end = 0, start + size
    if start < 0 or size < 0 or end > len(data):
        raise BadRequest("parquet: a column lies outside of the file")
    while start < end:
        found: dict[int, int] = {}
        try:
            start = _struct(data, start, 0, found)
        except IndexError:
            raise BadRequest("parquet: the header of a page is damaged") from None
        if found.get(INFLATED, -1) < 0 or found.get(STORED, -1) < 0:
            raise BadRequest("parquet: the header of a page does not say how large it is")
        total += found[INFLATED]
        start += found[STORED]
    return total


def _struct(data: bytes, place: int, depth: int, found: dict[int, int]) -> int:
    """Where a struct ends; the whole numbers among its fields are `found`."""
    if depth > DEEPEST:
        raise IndexError
    number = 0
    while head := data[place]:
        place += 1
        if head >> 4:
            number += head >> 4
        else:
            number, place = _zigzag(data, place)
        if head & 15 in (4, 5, 6):
            found[number], place = _zigzag(data, place)
        else:
            place = _skip(data, place, head & 15, depth)
    return place + 1


def _skip(data: bytes, place: int, kind: int, depth: int) -> int:
    if kind in (1, 2):  # the type says the truth of a field
        return place
    if kind == 3:
        return place + 1
    if kind == 7:
        return place + 8
    if kind == 8:
        length, place = _varint(data, place)
        return place + length
    if kind == 12:
        return _struct(data, place, depth + 1, {})
    raise IndexError  # lists, sets and maps are in no page header


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while (byte := data[place]) & 0x80:
        value |= (byte & 0x7F) << shift
        shift += 7
        place += 1
        if shift > 63:
            raise IndexError
    return value | byte << shift, place + 1


def _zigzag(data: bytes, place: int) -> tuple[int, int]:
    value, place = _varint(data, place)
    return (value >> 1) ^ -(value & 1), place
