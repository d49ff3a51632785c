"""The store of nirs4all 0.7: DuckDB, each call a transaction."""

from __future__ import annotations

from pathlib import Path

from .storage_api import StorageApi, bare_packages

__all__ = ["enter"]

bare_packages("nirs4all", "nirs4all.pipeline", "nirs4all.pipeline.storage")

from nirs4all.pipeline.storage.workspace_store import WorkspaceStore  # noqa: E402 (its packages are made above)


def enter(folder: Path) -> StorageApi:
    """Open it."""
    return StorageApi(WorkspaceStore(folder))
