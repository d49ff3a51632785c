"""How large the pages of a Parquet file become, read from its footer and their headers before one is decompressed.

Both are structs in Thrift's compact protocol. They are read here, not by pyarrow: what a footer says of sizes
may be less than the pages then take, and asking pyarrow for a damaged part of a footer ends the process.
"""

from __future__ import annotations

from typing import Any

from ..errors import BadRequest

__all__ = ["inflated"]

Struct = dict[int, Any]

DEEPEST = 12
TAIL = 8
ROWS, SCHEMA, GROUPS = 3, 2, 4  # of the footer
REPETITION, REPEATED = 3, 2  # of an element of the schema
COLUMNS, META = 1, 3  # of a row group, and of a column chunk
SIZE, DATA_PAGE, DICTIONARY_PAGE = 7, 9, 11  # of its metadata
INFLATED, STORED = 2, 3  # of the header of a page


def inflated(data: bytes) -> tuple[int, int]:
    """The rows of a file, and the bytes of all its pages decompressed. Raises BadRequest for lists in columns, and for
    a file that is none.
    """
    if len(data) < 3 * 4 or data[:4] != b"PAR1" or data[-4:] != b"PAR1":
        raise BadRequest("parquet: the body does not begin and end with PAR1, expected a Parquet file")
    start = len(data) - TAIL - int.from_bytes(data[-TAIL:-4], "little")
    try:
        if start < 4:
            raise IndexError
        footer, _ = _struct(data, start, 0)
        if any(element.get(REPETITION) == REPEATED for element in footer[SCHEMA]):
            raise BadRequest("parquet: a column holds lists, expected a value in each row")
        chunks = [chunk[META] for group in footer[GROUPS] for chunk in group[COLUMNS]]
        return footer[ROWS], sum(_pages(data, chunk) for chunk in chunks)
    except (IndexError, KeyError, TypeError, AttributeError):
        raise BadRequest("parquet: its footer or a header of a page is damaged, expected a Parquet file") from None


def _pages(data: bytes, chunk: Struct) -> int:
    starts = [place for name in (DATA_PAGE, DICTIONARY_PAGE) if (place := chunk.get(name, 0)) > 0]
    place = min(starts, default=len(data))
    total, end = 0, place + chunk[SIZE]
    if not place < end <= len(data):
        raise IndexError
    while place < end:
        header, place = _struct(data, place, 0)
        if header[INFLATED] < 0 or header[STORED] < 0:
            raise IndexError
        total += header[INFLATED]
        place += header[STORED]
    return total


def _struct(data: bytes, place: int, depth: int) -> tuple[Struct, int]:
    """The fields of a struct by number, and where it ends."""
    if depth > DEEPEST:
        raise IndexError
    found: Struct = {}
    number = 0
    while head := data[place]:
        place += 1
        if head >> 4:
            number += head >> 4
        else:
            number, place = _zigzag(data, place)
        found[number], place = (head & 15 == 1, place) if head & 15 in (1, 2) else _value(data, place, head & 15, depth)
    return found, place + 1


def _value(data: bytes, place: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in (4, 5, 6):
        return _zigzag(data, place)
    if kind == 8:  # bytes: nobody asks what they say
        length, place = _varint(data, place)
        return None, place + length
    if kind == 12:
        return _struct(data, place, depth + 1)
    if kind in (9, 10):
        return _list(data, place, depth + 1)
    if kind in (1, 2, 3, 7):
        return None, place + (8 if kind == 7 else 1)
    raise IndexError  # there are no maps in these


def _list(data: bytes, place: int, depth: int) -> tuple[list[Any], int]:
    head, place = data[place], place + 1
    count = head >> 4
    if count == 15:
        count, place = _varint(data, place)
    if count > len(data) - place or depth > DEEPEST:
        raise IndexError
    found = []
    for _ in range(count):
        value, place = _value(data, place, head & 15, depth)
        found.append(value)
    return found, place


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
