"""How much is in an inbox that may not be written: looked at without making or changing a file beside it.

SQLite reads a file with a log through an index in memory that processes share, `-shm`. Whoever writes made it: then it
is used as it is, and nothing that is being written is missed. Where it is gone nobody writes, so a copy is whole.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from .errors import StoreError
from .inbox import FILES, NAME

__all__ = ["waiting"]

PATIENCE = 10.0
"""Seconds to wait for a process that has the whole file."""


def waiting(folder: Path, moved: Callable[[str], int]) -> int:
    """How many records in the inbox of a folder are newer than the last that was `moved` from its generation.

    Raises StoreError when the inbox cannot be read.
    """
    if not (folder / NAME).exists():
        return 0
    try:
        with _readable(folder) as path, closing(_connect(path)) as connection:
            generations = connection.execute("SELECT generation FROM inbox").fetchall()
            counts = [
                connection.execute("SELECT count(*) FROM records WHERE seq > ?", (moved(generation),)).fetchall()
                for (generation,) in generations
            ]
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{folder / NAME}: {error}; what it holds cannot be counted") from error
    return sum(count for ((count,),) in counts)


@contextmanager
def _readable(folder: Path) -> Iterator[Path]:
    """The inbox itself while somebody may be writing it, else a copy."""
    if (folder / f"{NAME}-shm").exists():
        yield folder / NAME
        return
    with tempfile.TemporaryDirectory(prefix="n4akit-") as private:
        for name in FILES:
            if (folder / name).exists():
                shutil.copyfile(folder / name, Path(private, name))
        yield Path(private, NAME)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", timeout=PATIENCE, uri=True)
