"""What a power cut may leave of a folder: rebuilt from the log of disk.c, as strictly as POSIX lets a file system be.

Kept for certain is what was flushed: the bytes of a file by flushing it, the names in a folder by flushing the folder.
Of the rest anything may be there: none, all, the first so many calls, any of them, and of the last write a part.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from random import Random
from typing import NamedTuple

__all__ = ["Call", "Disk", "calls", "leave"]

ENTRY = struct.Struct("8s2i2q")
"""As in disk.c: what was done, by which process, to which of its files; offset, number of bytes. They follow."""

SECTOR = 512


class Call(NamedTuple):
    """One thing that was done, or words of the test."""

    what: str
    pid: int
    fd: int
    offset: int
    data: bytes


def calls(log: Path) -> list[Call]:
    """What the log of disk.c tells, in order."""
    data, place, found = log.read_bytes(), 0, []
    while place < len(data):
        what, pid, fd, offset, length = ENTRY.unpack_from(data, place)
        place += ENTRY.size
        found.append(Call(what.rstrip(b"\0").decode(), pid, fd, offset, data[place : place + length]))
        place += length
    return found


@dataclass
class Content:
    """The bytes of a file: those that are on disk, and what was done since."""

    kept: bytearray = field(default_factory=bytearray)
    pending: list[Call] = field(default_factory=list)

    def flush(self) -> None:
        for call in self.pending:
            apply(self.kept, call)
        self.pending.clear()

    def some(self, chance: Random, tears: bool) -> bytes:
        """What may be left of it; when it tears, the last write perhaps in part."""
        chosen = subset(self.pending, chance)
        if tears and chosen and chosen[-1].what == "write" and chance.random() < 0.5:
            last = chosen.pop()
            chosen.append(last._replace(data=last.data[: chance.randrange(0, len(last.data) + SECTOR, SECTOR)]))
        left = bytearray(self.kept)
        for call in chosen:
            apply(left, call)
        return bytes(left)


def apply(content: bytearray, call: Call) -> None:
    """Do to bytes what was done to a file."""
    size = call.offset + (len(call.data) if call.what == "write" else 0)
    if call.what == "resize":
        del content[size:]
    content.extend(bytes(max(0, size - len(content))))
    if call.what == "write":
        content[call.offset : size] = call.data


def subset(done: Sequence[Call], chance: Random) -> list[Call]:
    """Which of the calls may have reached the disk."""
    how = chance.choice(("none", "all", "first", "any"))
    if how == "any":
        return [call for call in done if chance.random() < 0.5]
    return list(done[: {"none": 0, "all": len(done), "first": chance.randint(0, len(done))}[how]])


@dataclass
class Disk:
    """A folder while calls are made: what is in it, and what of that is on disk."""

    root: PurePosixPath
    whole: frozenset[str] = frozenset()
    """Suffixes of files that the disk writes in whole blocks."""
    names: dict[PurePosixPath, Content | None] = field(default_factory=dict)
    """Where what lies, as processes see it; folders have no content."""
    kept: dict[PurePosixPath, Content | None] = field(default_factory=dict)
    """The same, as far as it is on disk."""
    pending: dict[PurePosixPath, list[tuple[Call, Content | None]]] = field(default_factory=dict)
    """What was done to the names in a folder since it was flushed."""
    _open: dict[tuple[int, int], PurePosixPath | Content] = field(default_factory=dict)

    def do(self, call: Call) -> None:
        """Make a call."""
        if call.what in ("create", "mkdir", "unlink", "rmdir", "rename"):
            self._rename(call)
        if call.what in ("create", "open"):
            path = PurePosixPath(call.data.decode())
            self._open[call.pid, call.fd] = self.names.get(path) or path
        elif call.what in ("write", "resize"):
            self._content(call).pending.append(call)
        elif call.what == "lost":
            self._content(call).pending.clear()  # the system forgets what it could not write, and calls it written
        elif call.what == "flush":
            opened = self._open[call.pid, call.fd]
            if isinstance(opened, Content):
                opened.flush()
            else:
                for done, content in self.pending.pop(opened, []):
                    move(self.kept, done, content)

    def _content(self, call: Call) -> Content:
        opened = self._open[call.pid, call.fd]
        return opened if isinstance(opened, Content) else Content()

    def _rename(self, call: Call) -> None:
        content = Content() if call.what == "create" else None
        parent = PurePosixPath(call.data.split(b"\0")[-1].decode()).parent
        self.pending.setdefault(parent, []).append((call, content))
        move(self.names, call, content)

    def some(self, chance: Random) -> dict[PurePosixPath, bytes | None]:
        """What may be left of it: files, and folders without content. The index of SQLite's log never is."""
        names = dict(self.kept)
        for done in self.pending.values():
            chosen = subset([call for call, _ in done], chance)
            for call, content in done:
                if call in chosen:
                    move(names, call, content)
        there = {self.root}
        for path in sorted(path for path, content in names.items() if content is None):
            there |= {path} if path.parent in there else set()
        left: dict[PurePosixPath, bytes | None] = dict.fromkeys(sorted(there - {self.root}))
        for path, content in sorted(names.items()):
            if content is not None and path.parent in there and not path.name.endswith("-shm"):
                left[path] = content.some(chance, tears=path.suffix not in self.whole)
        return left


def move(names: dict[PurePosixPath, Content | None], call: Call, content: Content | None) -> None:
    """Do to names what was done to those in a folder, as far as that is possible."""
    *_, path = parts = [PurePosixPath(part.decode()) for part in call.data.split(b"\0")]
    if call.what in ("create", "mkdir"):
        names[path] = content
    elif call.what == "rename" and parts[0] in names:
        names[path] = names.pop(parts[0])
    elif call.what in ("unlink", "rmdir"):
        names.pop(path, None)


def leave(left: dict[PurePosixPath, bytes | None], root: PurePosixPath, folder: Path) -> None:
    """Write what is left into a folder."""
    folder.mkdir()
    for path, content in left.items():
        place = folder / path.relative_to(root)
        if content is None:
            place.mkdir()
        else:
            place.write_bytes(content)
