"""Content-addressed bytes: fitted objects as files named by the sha256 of their pickle. Knows no database.

A file is whole or absent: it is written beside its place, put on disk, and renamed. One that was damaged is replaced
when the same object is saved again. `joblib` files are plain pickles, which `joblib.load` reads; the others are
compressed. Loading an artifact unpickles it, which runs what the pickle says: open workspaces of people you trust.
"""

from __future__ import annotations

import errno
import hashlib
import os
import pickle
import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import cloudpickle
import pyarrow as pa

from ..bundle.capture.origin import ROUTE
from ..bundle.dialects import UnknownName, written_by
from ..bundle.dialects import load as read_foreign
from ..bundle.files import flush, replace
from .errors import DamagedObject, Refused, UnknownId, translated

__all__ = ["FOREIGN", "FORMATS", "Objects", "content", "environment", "origin"]

FORMATS = {"joblib": ".joblib", "cloudpickle": ".pkl.zst", "pickle": ".pkl.zst"}
"""How an object may be written, and the suffix of its file."""

FOREIGN = "nirs4all"
"""Files that nirs4all wrote, unpacked; they are read by exact names, without nirs4all."""

SUFFIXES = {**FORMATS, FOREIGN: ".nirs4all"}

COMPRESSION = "zstd"
LEVEL = 1


class Objects:
    """The files under a folder: two hex digits, then the whole digest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, obj: Any, format: str) -> tuple[str, str, int]:
        """Keep an object; answers its digest, its path inside the folder, and the size of its file in bytes.

        Raises Refused when it cannot be pickled, or the format is unknown; then nothing was kept.
        """
        if format not in FORMATS:
            raise Refused(f"format={format!r}: expected one of {', '.join(map(repr, FORMATS))}")
        pickled = _pickled(obj, format)
        digest = pickled.digest.hexdigest()
        place = self.place(digest, format)
        while True:
            if not self._touched(self.folder / place, pickled.pieces):
                _write(self.folder / place, pickled.pieces)
            try:
                return digest, place, (self.folder / place).stat().st_size
            except FileNotFoundError:
                continue  # a cleanup took it meanwhile

    def place(self, digest: str, format: str) -> str:
        """Where the object of this digest lies, inside the folder."""
        return f"{digest[:2]}/{digest}{SUFFIXES[format]}"

    def keep(self, place: str, raw: bytes) -> None:
        """Keep a pickle of another workspace at a place, unless it is there and whole."""
        if not self._touched(self.folder / place, [raw]):
            _write(self.folder / place, [raw])

    def places(self, digest: str) -> list[str]:
        """Where files of this digest may lie: the same object may have been saved in several formats."""
        return sorted({self.place(digest, format) for format in SUFFIXES})

    def _touched(self, path: Path, pieces: Iterable[bytes]) -> bool:
        """Whether the file is there and whole; if so it is marked as young, so that no cleanup takes it for garbage."""
        try:
            os.utime(path)
            with _opened(path) as file:
                return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)
        except (FileNotFoundError, DamagedObject):
            return False

    def holds(self, place: str) -> bool:
        """Whether there is a file at a place inside the folder."""
        return (self.folder / place).exists()

    def saved_at(self, place: str) -> int:
        """When the object was last saved, in microseconds since 1970; 0 when its file is gone."""
        try:
            return (self.folder / place).stat().st_mtime_ns // 1000
        except FileNotFoundError:
            return 0

    def size(self, place: str) -> int:
        """Bytes of the file at a place, 0 when there is none."""
        return (self.folder / place).stat().st_size if self.holds(place) else 0

    def set_aside(self, place: str) -> bool:
        """Move a file out of its place, so that it can be taken for garbage; False when there is none, nor one that a
        cleanup which died has moved.
        """
        try:
            os.replace(self.folder / place, self._aside(place))
        except FileNotFoundError:
            return self._aside(place).exists()
        return True

    def put_back(self, place: str) -> None:
        """Undo `set_aside`, unless the object was saved again meanwhile."""
        if self.holds(place):
            self.discard(place)
        else:
            os.replace(self._aside(place), self.folder / place)

    def discard(self, place: str) -> None:
        """Delete what was set aside, and its folder when that is empty."""
        self._aside(place).unlink(missing_ok=True)
        try:
            (self.folder / place).parent.rmdir()
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise

    def settle(self, place: str) -> Path:
        """The path of a place; a file that was set aside by a cleanup that died is put back first."""
        aside = self._aside(place)
        if not self.holds(place) and aside.exists() and os.access(aside.parent, os.W_OK):
            self.put_back(place)
        return self.folder / place

    def left(self, place: str) -> list[str]:
        """The files of a place that no cleanup has deleted yet, set aside or not."""
        there = (self.folder / place, self._aside(place))
        return [str(path.relative_to(self.folder)) for path in there if path.exists()]

    def _aside(self, place: str) -> Path:
        path = self.folder / place
        return path.with_name(f".{path.name}.aside")

    def prove(self, digest: str, place: str) -> None:
        """Raise FileNotFoundError, or DamagedObject, unless the file at a place holds the object of this digest."""
        if hashlib.sha256(content(self.settle(place))).hexdigest() != digest:
            raise DamagedObject(f"artifact {digest}: {place} was altered")

    def rename_damaged(self, place: str) -> None:
        """Keep a damaged file under another name."""
        os.replace(self.folder / place, self.folder / f"{place}.damaged")

    def load(self, digest: str, place: str, what: str) -> Any:
        """The object of a digest. Raises UnknownId when its file is missing, DamagedObject when it cannot be read."""
        path = self.settle(place)
        try:
            raw = content(path)
        except FileNotFoundError:
            raise UnknownId(f"artifact {digest} ({what}): its file {path} is missing; restore it from a copy") from None
        if hashlib.sha256(raw).hexdigest() != digest:
            raise DamagedObject(f"artifact {digest} ({what}): {path} was altered; restore it, or save the object again")
        try:
            return read_foreign(raw, place) if path.suffix == SUFFIXES[FOREIGN] else pickle.loads(raw)
        except UnknownName:
            raise
        except Exception as error:  # unpickling may raise anything: a class that is not installed here, for one
            wrote = "; ".join(f"{package} {version} wrote it" for package, version in origin(raw).items())
            raise DamagedObject(
                f"artifact {digest} ({what}) cannot be read here: {type(error).__name__}: {error}; "
                f"{wrote or 'it needs the packages with which it was saved'}: {ROUTE}"
            ) from error


class _Pickled:
    """A pickle in the pieces in which it was made, hashed on the way: one long text would be copied as it grows."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.digest = hashlib.sha256()

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece; the memory under a view may be gone soon."""
        self.pieces.append(bytes(piece))
        self.digest.update(piece)


def _pickled(obj: Any, format: str) -> _Pickled:
    pickled = _Pickled()
    dump: Callable[..., Any] = cloudpickle.dump if format == "cloudpickle" else pickle.dump
    try:
        dump(obj, pickled, protocol=5)
    except Exception as error:  # an object's own methods take part, and may raise anything
        hint = "" if format == "cloudpickle" else "; format='cloudpickle' carries functions made on the spot"
        raise Refused(f"a {type(obj).__qualname__} cannot be pickled: {type(error).__name__}: {error}{hint}") from error
    return pickled


def content(path: Path) -> bytes:
    """The pickle in a file. Raises FileNotFoundError, or DamagedObject when it cannot be read or unpacked."""
    with _opened(path) as file:
        return bytes(file.read())


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        if path.suffix != ".zst":
            with open(path, "rb") as file:
                yield file
        else:
            with pa.OSFile(str(path)) as file, pa.CompressedInputStream(file, COMPRESSION) as stream:
                yield stream
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedObject(f"{path}: cannot be read: {error}; restore it, or save the object again") from error


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    if path.suffix == ".zst":
        pieces = [pa.Codec(COMPRESSION, LEVEL).compress(b"".join(pieces), asbytes=True)]
    with translated("the object was not saved"):
        path.parent.mkdir(exist_ok=True)
        replace(path, lambda file: file.writelines(pieces))
        flush(path.parent.parent)


def origin(raw: bytes) -> dict[str, str]:
    """What a pickle itself says of the environment that wrote it."""
    version = written_by(raw)
    return {} if version is None else {"scikit-learn": version}


@cache
def environment() -> dict[str, str]:
    """The versions of what a fitted object depends on, as recorded with every artifact."""
    versions = {"python": platform.python_version()}
    for package in ("numpy", "scikit-learn", "scipy", "joblib", "cloudpickle", "nirs4all"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
