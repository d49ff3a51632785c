"""A board that processes forked from one share: each writes its own page, all read the others'.

A page is two halves and a byte that says which one holds; the other is written first and then the byte: a writer
that is killed leaves what was there. Nothing is locked, and nothing outlives the processes.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator

__all__ = ["Board", "Page"]

HALF = 4 * 1024 * 1024
"""Bytes of a half; what is not written takes no memory."""
ATTEMPTS = 5
"""Times to read a page, which only fails when it is written twice meanwhile."""
HEAD = struct.Struct("<II")
"""Before what is written: its length and its checksum."""


class Board:
    """Pages for so many processes; to be made before they are forked."""

    def __init__(self, pages: int) -> None:
        self._map = mmap.mmap(-1, pages * 2 * HALF + pages)
        self._pages = pages

    def page(self, number: int) -> Page:
        """The page of one process."""
        return Page(self, number)

    def write(self, number: int, data: bytes) -> None:
        """Replace what a page holds. Raises ValueError when that is more than it can."""
        if len(data) > HALF - HEAD.size:
            raise ValueError(f"{len(data)} bytes to share, expected {HALF - HEAD.size} at most")
        half = 1 - self._map[number]
        start = self._start(number, half)
        self._map[start : start + HEAD.size + len(data)] = HEAD.pack(len(data), zlib.crc32(data)) + data
        self._map[number] = half

    def read(self, number: int) -> bytes:
        """What a page holds; nothing when nothing was written."""
        for _ in range(ATTEMPTS):
            start = self._start(number, self._map[number])
            length, checksum = HEAD.unpack_from(self._map, start)
            data = self._map[start + HEAD.size : start + HEAD.size + min(length, HALF - HEAD.size)]
            if zlib.crc32(data) == checksum:
                return data
        return b""

    def others(self, number: int) -> Iterator[bytes]:
        """What the other pages hold."""
        for page in range(self._pages):
            if page != number and (data := self.read(page)):
                yield data

    def _start(self, number: int, half: int) -> int:
        return self._pages + (2 * number + half) * HALF


class Page:
    """The page of one process."""

    def __init__(self, board: Board, number: int) -> None:
        self._board = board
        self._number = number

    def write(self, data: bytes) -> None:
        """Replace what it holds."""
        self._board.write(self._number, data)

    def read(self) -> bytes:
        """What it holds, which may be of a process that is no more."""
        return self._board.read(self._number)

    def others(self) -> Iterator[bytes]:
        """What the other processes wrote."""
        return self._board.others(self._number)
