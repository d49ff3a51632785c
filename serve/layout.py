"""What lies in the folders: which files are which versions of which models. Opens none of them.

    NAME.n4a                the only version of the model NAME, called 1
    NAME/VERSION.n4a        one of its versions
    NAME/ALIAS.n4a          a link to another file of this folder: another name of that version

A link to anywhere else is a version like a file. What begins with a dot is not looked at. Beside a bundle its settings
may lie (SETTINGS.md); a link has those that lie beside the link.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..bundle.settings import path_beside

__all__ = ["ONLY", "SUFFIX", "Family", "File", "in_order", "look"]

SUFFIX = ".n4a"

ONLY = "1"
"""The version of a model that is one file."""


Stamp = tuple[int, int, int, int, int]
"""Device, inode, size and times of a file."""


@dataclass(frozen=True)
class File:
    """A bundle as it was seen: another file under its path, or another content, has another stamp."""

    path: Path
    stamp: Stamp | None
    """None where there is no file, or none that can be looked at."""
    settings: Stamp | None = None
    """Of the settings beside it, which are as much a part of what it answers."""


@dataclass(frozen=True)
class Family:
    """The versions of one model."""

    files: Mapping[str, File] = field(default_factory=dict)
    """By version, from the oldest to the newest."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """To the version that each stands for."""
    ambiguous: bool = False
    """Whether this name was found at two places: which was meant is not guessed."""


def look(paths: Sequence[Path]) -> dict[str, Family]:
    """The models at these paths, by name: files, and what is in folders.

    Raises OSError when a folder cannot be listed: that is not the same as an empty one.
    """
    found: dict[str, Family] = {}
    for name, family in _families(paths):
        found[name] = Family(ambiguous=True) if name in found else family
    return found


def in_order(versions: Iterable[str]) -> list[str]:
    """Versions from the oldest to the newest, where numbers in them count as numbers: 10 comes after 9."""
    return sorted(versions, key=_parts)


def _parts(version: str) -> list[tuple[bool, int, str]]:
    parts = [(part.isdecimal(), part) for part in re.split(r"(\d+)", version) if part]
    return [(number, int(part) if number else 0, part) for number, part in parts]


def _families(paths: Sequence[Path]) -> Iterator[tuple[str, Family]]:
    for path in paths:
        if path.is_file() or (path.name.endswith(SUFFIX) and not path.is_dir()):
            yield _name(path), Family({ONLY: _file(path)})
            continue
        for entry in _entries(path):
            if entry.name.endswith(SUFFIX):
                yield _name(entry), Family({ONLY: _file(entry)})
            elif entry.is_dir() and (family := _versions(entry)).files:
                yield _name(entry), family


def _versions(folder: Path) -> Family:
    paths = {_name(path): path for path in _entries(folder) if path.name.endswith(SUFFIX)}
    aliases = {name: target for name, path in paths.items() if (target := _target(path, paths)) is not None}
    return Family({name: _file(paths[name]) for name in in_order(paths) if name not in aliases}, aliases)


def _target(path: Path, paths: Mapping[str, Path]) -> str | None:
    """The version that a link of a folder stands for, over other links of this folder too."""
    folder, passed = os.path.realpath(path.parent), {path}
    while path.is_symlink():
        there = path.parent / os.readlink(path)
        known = paths.get(_name(there))
        if known is None or known in passed or os.path.realpath(there.parent) != folder:
            return None
        passed.add(known)
        path = known
    return _name(path) if len(passed) > 1 else None


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _name(path: Path) -> str:
    # A file may have a name that is no text, which no answer could hold.
    return os.fsencode(path.name).decode("utf-8", "replace").removesuffix(SUFFIX)


def _file(path: Path) -> File:
    return File(path, _stamp(path), _stamp(path_beside(path)))


def _stamp(path: Path) -> Stamp | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns
