"""A stored zip whose every byte follows from the names and contents of its members: written so, and read no other way.

The reader takes only names, sizes and checksums from a file, builds the headers that belong to them, and compares
bytes. So whatever makes two zip readers see two different files (prefixes, suffixes, comments, overlaps, duplicates,
flags, compression, links, other headers than the directory's) is refused without being looked for.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import weakref
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from .errors import BundleError, WriteError

__all__ = ["ALIGNMENT", "LARGEST", "Archive", "Member", "layout", "write"]

ALIGNMENT = 64
"""Payloads start at multiples of this, so that arrays can be used where they lie."""

LARGEST = 2**32 - 2
"""Bytes of the largest file: what a zip can say without its 64-bit extension."""

MOST = 2**16 - 2
"""Members of the fullest file, for the same reason."""

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
EXTRA = struct.Struct("<3H")

VERSION = 20
DATE = 0x0021
"""1980-01-01, the first day a zip can name; the time is 0."""

EXTRA_ID = 0xD935
"""The extra field that other tools use for alignment: the alignment, then zeros."""

NAME = re.compile(r"(?:[a-z0-9_]+/)?[a-z0-9_]+\.[a-z0-9]+")
CHUNK = 2**20


@dataclass(frozen=True)
class Member:
    """One member of an archive: its name, the size of its content and the CRC-32 of that."""

    name: str
    size: int
    crc: int


@dataclass(frozen=True)
class Layout:
    """Where everything is: each member's header and the offset of its content, then the directory."""

    headers: tuple[bytes, ...]
    offsets: tuple[int, ...]
    directory: bytes
    """Central directory and end record."""
    size: int
    """Bytes of the whole file."""


def layout(members: Sequence[Member]) -> Layout:
    """The headers and offsets of an archive with these members, in this order.

    Raises WriteError when a name is not of the plain form or comes twice, or the file would not fit a plain zip.
    """
    _check_names([member.name for member in members])
    headers, offsets, central, position = [], [], [], 0
    # The total is known not to exceed 32 bits before any header is packed.
    _check_size(members)
    for member in members:
        header = _local_header(member, position)
        central.append(_central_header(member, position))
        headers.append(header)
        offsets.append(position + len(header))
        position += len(header) + member.size
    listing = b"".join(central)
    end = END.pack(b"PK\5\6", 0, 0, len(members), len(members), len(listing), position, 0)
    return Layout(tuple(headers), tuple(offsets), listing + end, position + len(listing) + len(end))


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise WriteError(f"member {name!r}: expected a name of lower-case letters and digits such as manifest.json")
    if len(set(names)) < len(names):
        raise WriteError(f"member {Counter(names).most_common(1)[0][0]!r} comes twice")
    if not 1 <= len(names) <= MOST:
        raise WriteError(f"{len(names)} members, expected 1 to {MOST}")


def _check_size(members: Sequence[Member]) -> None:
    overhead = sum(LOCAL.size + CENTRAL.size + 2 * len(member.name) + 2 * ALIGNMENT for member in members) + END.size
    total = overhead + sum(member.size for member in members)
    if total > LARGEST:
        largest = max(members, key=lambda member: member.size)
        raise WriteError(
            f"the file would have {total} bytes, format 1 holds {LARGEST}; "
            f"the largest member is {largest.name!r} with {largest.size} bytes"
        )


def _local_header(member: Member, position: int) -> bytes:
    name = member.name.encode("ascii")
    padding = -(position + LOCAL.size + len(name) + EXTRA.size) % ALIGNMENT
    extra = EXTRA.pack(EXTRA_ID, 2 + padding, ALIGNMENT) + bytes(padding)
    common = (VERSION, 0, 0, 0, DATE, member.crc, member.size, member.size, len(name), len(extra))
    return LOCAL.pack(b"PK\3\4", *common) + name + extra


def _central_header(member: Member, position: int) -> bytes:
    name = member.name.encode("ascii")
    common = (VERSION, VERSION, 0, 0, 0, DATE, member.crc, member.size, member.size, len(name), 0, 0, 0, 0, 0, position)
    return CENTRAL.pack(b"PK\1\2", *common) + name


def write(stream: BinaryIO, contents: Sequence[tuple[str, bytes]]) -> None:
    """Write an archive of these names and contents, in this order. Raises WriteError as `layout` does."""
    plan = layout([Member(name, len(content), zlib.crc32(content)) for name, content in contents])
    for header, (_, content) in zip(plan.headers, contents, strict=True):
        stream.write(header)
        stream.write(content)
    stream.write(plan.directory)


class Archive:
    """An archive open for reading. Raises BundleError, saying what was found, unless its form is the canonical one.

    The file stays open, so that what is read later comes from the file that was checked, even when another was put in
    its place. Safe to read from several threads. `close` it, or let it be collected.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            # Not blocking: a named pipe would wait for its other end.
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise BundleError(f"it cannot be opened: {error.strerror}") from error
        self.close = weakref.finalize(self, os.close, self._file)
        """Let go of the file."""
        try:
            self.size = _file_size(self._file)
            self.members = _members(self._file, self.size)
            offsets = _checked_offsets(self._file, self.size, self.members)
        except BundleError:
            self.close()
            raise
        self._places = {member.name: (member, offset) for member, offset in zip(self.members, offsets, strict=True)}

    def read(self, name: str) -> bytes:
        """The content of a member, its checksum tested on these very bytes."""
        member, offset = self._places[name]
        content = _read(self._file, offset, member.size)
        if zlib.crc32(content) != member.crc:
            raise BundleError(_damaged(member))
        return content

    def damage(self) -> list[str]:
        """One complaint for each member whose content does not match its checksum; reads the whole file."""
        return [_damaged(member) for member, offset in self._places.values() if self._crc(member, offset) != member.crc]

    def _crc(self, member: Member, offset: int) -> int:
        crc = 0
        for start in range(0, member.size, CHUNK):
            crc = zlib.crc32(_read(self._file, offset + start, min(CHUNK, member.size - start)), crc)
        return crc


def _damaged(member: Member) -> str:
    return f"member {member.name}: its content does not match its checksum; the file is damaged, get a fresh copy"


def _file_size(file: int) -> int:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise BundleError("not a file but a folder, a pipe or a device; expected a bundle")
    if not END.size <= status.st_size <= LARGEST:
        raise BundleError(f"{status.st_size} bytes, expected {END.size} to {LARGEST}: this is no bundle")
    return status.st_size


def _members(file: int, size: int) -> tuple[Member, ...]:
    """The members as the directory lists them; nothing else of the directory is believed."""
    end = END.unpack(_read(file, size - END.size, END.size))
    signature, count, length, start = end[0], end[4], end[5], end[6]
    if signature != b"PK\5\6" or start + length + END.size != size:
        raise BundleError("no zip directory at its end: this is no bundle, or its end is missing")
    return tuple(_listed(_read(file, start, length), count))


def _listed(listing: bytes, count: int) -> Iterator[Member]:
    position = 0
    for _ in range(count):
        if position + CENTRAL.size > len(listing):
            raise BundleError("its zip directory is cut off")
        entry = CENTRAL.unpack_from(listing, position)
        crc, size, name_length = entry[7], entry[9], entry[10]
        position += CENTRAL.size
        yield Member(listing[position : position + name_length].decode("latin-1"), size, crc)
        position += name_length


def _checked_offsets(file: int, size: int, members: tuple[Member, ...]) -> tuple[int, ...]:
    """Where the contents start, after every byte that is not content was found to be the one expected."""
    try:
        plan = layout(members)
    except WriteError as error:
        raise BundleError(str(error)) from None
    if plan.size != size:
        raise BundleError(f"{size} bytes, but its members make {plan.size}: something was added, removed or overlaps")
    if _read(file, size - len(plan.directory), len(plan.directory)) != plan.directory:
        raise BundleError("its zip directory is not written as the format says")
    for member, header, offset in zip(members, plan.headers, plan.offsets, strict=True):
        if _read(file, offset - len(header), len(header)) != header:
            raise BundleError(f"member {member.name}: its header is not written as the format says")
    return plan.offsets


def _read(file: int, offset: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        try:
            part = os.pread(file, size, offset)
        except OSError as error:
            raise BundleError(f"it cannot be read: {error.strerror}") from error
        if not part:
            raise BundleError("the file ends too early; it was cut while it was read")
        parts.append(part)
        offset, size = offset + len(part), size - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
