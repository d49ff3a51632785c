"""A line of JSON per request: who asked what, what came of it, how long it took. Never a body, a query or a token.

What there is to say is collected while requests are answered; a thread puts it into words and writes it, four times a
second: a slow disk or a full pipe holds no answer up. What cannot be written is counted, and said once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from .record import Record

__all__ = ["STANDARD_OUTPUT", "AccessLog"]

log = logging.getLogger("n4akit.serve")

STANDARD_OUTPUT = Path("-")

PAUSE = 0.25
"""Seconds between two writings."""
MOST = 100_000
"""Lines that are kept while they cannot be written; more are lost."""


_encoded = msgspec.json.Encoder().encode_lines

Line = tuple[float, Record, str, str, str, float]


class AccessLog:
    """A file that lines are added to, `-` for standard output. A file that was renamed is made anew."""

    def __init__(self, path: Path, lost: Callable[[int], None]) -> None:
        self._path = path
        self._lost = lost
        self._lines: list[Line] = []
        self._writing: asyncio.Future[int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._complained = False
        self._file = self._open()

    def add(self, record: Record, method: str, path: str, peer: str, seconds: float) -> None:
        """Note a request that was answered."""
        if len(self._lines) >= MOST:
            self._lost(1)
            return
        self._lines.append((time.time(), record, method, path, peer, seconds))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._start)

    async def close(self) -> None:
        """Write what is left."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await self._writing
        lines, self._lines = self._lines, []
        if lines:
            self._lost(await asyncio.to_thread(self._write, lines))
        if self._path != STANDARD_OUTPUT:
            os.close(self._file)

    def _start(self) -> None:
        lines, self._lines = self._lines, []
        self._writing = asyncio.get_running_loop().run_in_executor(None, self._write, lines)
        self._writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[int]) -> None:
        self._writing = self._timer = None
        self._lost(writing.result())
        if self._lines:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._start)

    def _write(self, lines: list[Line]) -> int:
        """Write lines; how many of them were lost."""
        data = memoryview(_encoded(map(_told, lines)))
        try:
            self._reopen()
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            if not self._complained:
                log.error("the access log cannot be written: %s; lines are lost and counted", error.strerror)
            self._complained = True
            return bytes(data).count(b"\n")
        self._complained = False
        return 0

    def _open(self) -> int:
        if self._path == STANDARD_OUTPUT:
            return 1
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def _reopen(self) -> None:
        """After whoever rotates logs has renamed the file."""
        if self._path == STANDARD_OUTPUT:
            return
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            found = None
        if found is None or found.st_ino != os.fstat(self._file).st_ino:
            old, self._file = self._file, self._open()
            os.close(old)


def _told(line: Line) -> dict[str, Any]:
    now, record, method, path, peer, seconds = line
    return {
        "time": datetime.fromtimestamp(now, UTC),
        "id": record.id,
        "peer": peer,
        "client": record.client,
        "method": method,
        "path": path,
        "verb": record.verb,
        "model": record.model,
        "status": record.status,
        "rows": record.rows,
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "ms": round(seconds * 1e3, 3),
    }
