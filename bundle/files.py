"""Files that are whole or absent, and on disk when we say so."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

__all__ = ["flush", "replace"]


def replace(path: Path, write: Callable[[BinaryIO], object], prove: Callable[[Path], None] = lambda part: None) -> None:
    """Make a file in one step: whoever reads finds the old one or the whole new one, also after a power cut.

    It is written beside `path`; what `prove` raises there keeps it from being put in place.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with open(part, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        prove(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    flush(path.parent)


def flush(path: Path) -> None:
    """Put what was written to a file, or the names in a folder, on disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
