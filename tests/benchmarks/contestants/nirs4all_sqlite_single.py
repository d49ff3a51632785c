"""The store of nirs4all 1.4, each prediction durable when it was saved, as ours are."""

from __future__ import annotations

from pathlib import Path

from . import nirs4all_sqlite
from .nirs4all_sqlite import Batched

__all__ = ["enter"]


def enter(folder: Path) -> Batched:
    """Open it."""
    return nirs4all_sqlite.enter(folder, 1)
