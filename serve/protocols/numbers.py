"""JSON numbers straight into an array: no Python object for any of them.

simdjson reads the whole text; what it does not take, or what is not quite as it should be, is left to the strict
reader, which knows how to say what is wrong. Where simdjson is not installed, that one reads all. Both round as
IEEE 754 wants.
"""

from __future__ import annotations

import threading
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["flat", "members_and_rows"]

Values = NDArray[np.float64]

# Without a wheel for this machine msgspec reads the same bits, more slowly.
simdjson: Any = import_module("simdjson") if find_spec("simdjson") else None

_own = threading.local()
KEPT = 1 << 22
"""Texts up to so many bytes are read by the parser that each thread keeps. It never gives memory back, up to nine times
as much; to be given new memory each time would take as long as to read.
"""


def members_and_rows(body: bytes, name: str) -> tuple[dict[str, Any], Values] | None:
    """The other members of an object, and the rows of numbers under `name`, all equally long and at least one; None
    where it is anything else, or only perhaps this.
    """
    document = _parsed(body)
    if simdjson is None or not isinstance(document, simdjson.Object):
        return None
    try:
        return _read(document, body, name)
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError, UnicodeDecodeError):
        return None


def _read(document: Any, body: bytes, name: str) -> tuple[dict[str, Any], Values] | None:
    keys = list(document.keys())
    rows = document[name]
    widths = {len(row) for row in rows}
    others = {key: _plain(document[key]) for key in keys if key != name}
    # A list inside a row would be flattened: there must be no bracket but those that were seen.
    lists = 1 + len(rows) + sum([isinstance(other, list) for other in others.values()])
    if len(widths) != 1 or len(others) + 1 != len(keys) or not _holds(body, lists):
        return None
    values: Values = np.frombuffer(rows.as_buffer(of_type="d"))
    return others, values.reshape(len(rows), widths.pop())


def _holds(text: bytes, lists: int) -> bool:
    """Whether so many brackets open, and no more: a byte is sought several times as fast as counted."""
    find, place = text.find, -1
    for _ in range(lists):
        place = find(b"[", place + 1)
        if place < 0:
            return False
    return find(b"[", place + 1) < 0


def flat(text: bytes) -> Values | None:
    """All numbers of a list, or of lists in lists, in their order; None where something else is among them."""
    document: Any = _parsed(text)
    if simdjson is None or not isinstance(document, simdjson.Array):
        return None
    try:
        return np.frombuffer(document.as_buffer(of_type="d"), dtype=np.float64)
    except (ValueError, TypeError, RuntimeError):
        return None


def _parsed(text: bytes) -> Any:
    """The document, None where it cannot be read. It lives in its parser until the next one is read in this thread."""
    if simdjson is None:
        return None
    parser = getattr(_own, "parser", None) if len(text) <= KEPT else simdjson.Parser()
    if parser is None:
        parser = _own.parser = simdjson.Parser()
    try:
        return parser.parse(text)
    except (ValueError, RuntimeError, UnicodeDecodeError):
        return None


def _plain(value: Any) -> Any:
    return value.as_list() if isinstance(value, simdjson.Array) else value
