"""The store of n4akit."""

from __future__ import annotations

from pathlib import Path

from n4akit.store import WorkspaceStore

from .storage_api import StorageApi

__all__ = ["enter"]


def enter(folder: Path) -> StorageApi:
    """Open it."""
    return StorageApi(WorkspaceStore(folder))
