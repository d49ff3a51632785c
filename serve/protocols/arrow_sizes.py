"""How large a compressed batch of an Arrow stream becomes, known before a byte of it is decompressed.

The metadata of a message is a flatbuffer: a table begins with the distance back to its vtable, which holds where each
field lies from the table's start, 0 for one that is absent. Of a RecordBatch we read its length (0), where its buffers
lie in the body (2), and whether they are compressed (3): then each begins with its size, -1 where it is as it is.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest

__all__ = ["inflated"]

HEADER, LENGTH, BUFFERS, COMPRESSION = 2, 0, 2, 3
NONE = np.empty((0, 2), np.int64)
MOST = 1 << 62


def inflated(metadata: memoryview, body: memoryview) -> tuple[int, int]:
    """The rows that a record batch says it has, and the bytes that its buffers take."""
    try:
        batch = _follow(metadata, _field(metadata, _follow(metadata, 0), HEADER))
        place = _field(metadata, batch, LENGTH)
        rows = struct.unpack_from("<q", metadata, place)[0] if place else 0
        vector = _field(metadata, batch, BUFFERS)
        places = _places(metadata, _follow(metadata, vector)) if vector else NONE
        if not _field(metadata, batch, COMPRESSION):
            return rows, len(body)
        sizes = [struct.unpack_from("<q", body, start)[0] if length else 0 for start, length in places.tolist()]
    except struct.error:
        raise BadRequest("arrow: the description of a record batch is damaged") from None
    if any(size > MOST for size in sizes):
        return rows, MOST
    return rows, len(body) + sum(size for size in sizes if size > 0)


def _follow(data: memoryview, place: int) -> int:
    return place + int(struct.unpack_from("<I", data, place)[0])


def _field(data: memoryview, table: int, number: int) -> int:
    """Where a field of a table lies, 0 where it is absent."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if vtable < 0:
        raise struct.error("a vtable outside")
    if 4 + 2 * number >= struct.unpack_from("<H", data, vtable)[0]:
        return 0
    within = int(struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0])
    return table + within if within else 0


def _places(data: memoryview, vector: int) -> NDArray[np.int64]:
    """The pairs (start, length) of a vector of buffers."""
    count = struct.unpack_from("<I", data, vector)[0]
    if vector + 4 + 16 * count > len(data):
        raise struct.error("a vector outside")
    found = np.frombuffer(data, "<i8", 2 * count, vector + 4).reshape(-1, 2)
    if (found < 0).any():
        raise struct.error("a negative place")
    return found
