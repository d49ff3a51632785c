"""Real workspaces in temporary folders."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from n4akit.store import WorkspaceStore

from .study import Study, begin


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Where a workspace is going to be."""
    return tmp_path / "workspace"


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace, closed, to be copied: quicker than making one."""
    with WorkspaceStore(tmp_path_factory.mktemp("empty") / "workspace") as store:
        return store.workspace_path


@pytest.fixture
def store(empty: Path, workspace: Path) -> Iterator[WorkspaceStore]:
    """An empty workspace, open."""
    shutil.copytree(empty, workspace)
    with WorkspaceStore(workspace) as store:
        yield store


@pytest.fixture
def study(store: WorkspaceStore) -> Study:
    """A run, its pipeline and its chain, begun in the store."""
    return begin(store)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A study that the refusals of a module share: nothing is ever added to it."""
    with WorkspaceStore(tmp_path_factory.mktemp("unchanged")) as store:
        yield begin(store)
