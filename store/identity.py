"""Identifiers and times of records."""

from __future__ import annotations

import os
import time
from typing import Any

__all__ = ["is_id", "new_id", "now"]


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): unique without asking anybody, and near those made just before, as indexes like
    it.
    """
    milliseconds = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10), "big")
    high, low = chance >> 68, chance & (2**62 - 1)
    text = f"{(milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(value: Any) -> bool:
    """Whether a value may be an identifier at all: plain text."""
    return isinstance(value, str) and value.isascii()


def now() -> int:
    """The time in microseconds since 1970, UTC."""
    return time.time_ns() // 1000
