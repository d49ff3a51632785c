"""Headers of every answer: what a browser may do with it, which request it answers, and where its time went."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from itertools import count

from .record import Record

__all__ = ["ANSWER", "CLOSE", "PAGE", "STRICT_TRANSPORT", "request_ids", "sane", "server_timing"]

ANSWER = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
"""Of data: a browser shows nothing of it, runs nothing and keeps nothing."""

PAGE = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}
"""Of the page and its parts: it loads from this server alone, and nobody frames it."""

STRICT_TRANSPORT = {b"strict-transport-security": b"max-age=31536000"}
CLOSE = {b"connection": b"close"}

sane = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}").fullmatch
"""Whether a client's request ID can stand in a header and a log as it is."""


def request_ids() -> Callable[[], str]:
    """Request IDs that no other process makes: a part by chance, chosen at the first, and a number."""
    numbers = count(1)
    prefix = ""

    def new() -> str:
        nonlocal prefix
        # Not before the first request: processes that were forked from one must differ.
        prefix = prefix or secrets.token_hex(8)
        return f"{prefix}-{next(numbers)}"

    return new


def server_timing(record: Record, total: float) -> bytes:
    """Where the time went, in milliseconds, as browsers show it."""
    if record.predict:
        return b"queue;dur=%.3f, decode;dur=%.3f, predict;dur=%.3f, encode;dur=%.3f, total;dur=%.3f" % (
            record.queue * 1e3,
            record.decode * 1e3,
            record.predict * 1e3,
            record.encode * 1e3,
            total * 1e3,
        )
    return b"total;dur=%.3f" % (total * 1e3)
