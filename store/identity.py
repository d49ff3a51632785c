"""Identifiers and times of records."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import Any

__all__ = ["is_id", "new_id", "now"]


_VARIANT = {f"{digit:x}": f"{8 | digit & 3:x}" for digit in range(16)}
"""The first two bits of this digit are the RFC's, the others chance."""

_chance: deque[str] = deque()
"""Digits of chance for the next identifiers: the system is asked for many at once. A forked child asks for its own."""
os.register_at_fork(after_in_child=_chance.clear)


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): unique without asking anybody, and near those made just before, as indexes like
    it.
    """
    try:
        digits = _chance.pop()
    except IndexError:
        many = os.urandom(10 * 256).hex()
        _chance.extend(many[start : start + 20] for start in range(20, len(many), 20))
        digits = many[:20]
    time_ = f"{time.time_ns() // 1_000_000 & 2**48 - 1:012x}"
    return f"{time_[:8]}-{time_[8:]}-7{digits[1:4]}-{_VARIANT[digits[0]]}{digits[4:7]}-{digits[7:19]}"


def is_id(value: Any) -> bool:
    """Whether a value may be an identifier at all: plain text."""
    return isinstance(value, str) and value.isascii()


def now() -> int:
    """The time in microseconds since 1970, UTC."""
    return time.time_ns() // 1000
