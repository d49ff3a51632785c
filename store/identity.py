"""Identifiers and times of records."""

from __future__ import annotations

import os
import time
from collections import deque
from functools import lru_cache
from typing import Any

__all__ = ["is_id", "new_id", "now"]


_VARIANT = {f"{digit:x}": f"{8 | digit & 3:x}" for digit in range(16)}
"""The first two bits of this digit are the RFC's, the others chance."""

_chance: deque[str] = deque()
"""The last three groups, version and chance, of the next identifiers: the system is asked for many at once. A forked
child asks for its own.
"""
os.register_at_fork(after_in_child=_chance.clear)


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): unique without asking anybody, and near those made just before, as indexes like
    it.
    """
    try:
        chance = _chance.pop()
    except IndexError:
        chance, *more = _groups(256)
        _chance.extend(more)
    return f"{_time_group(time.time_ns() // 1_000_000)}-{chance}"


@lru_cache(1)  # of a few in a row: to write a number in digits takes as long as all the rest
def _time_group(milliseconds: int) -> str:
    digits = f"{milliseconds & 2**48 - 1:012x}"
    return f"{digits[:8]}-{digits[8:]}"


def _groups(count: int) -> list[str]:
    many = os.urandom(10 * count).hex()
    digits = [many[start : start + 20] for start in range(0, len(many), 20)]
    return [f"7{each[1:4]}-{_VARIANT[each[0]]}{each[4:7]}-{each[7:19]}" for each in digits]


def is_id(value: Any) -> bool:
    """Whether a value may be an identifier at all: plain text."""
    return isinstance(value, str) and value.isascii()


def now() -> int:
    """The time in microseconds since 1970, UTC."""
    return time.time_ns() // 1000
