"""Real workspaces in temporary folders."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from n4akit.store import WorkspaceStore

from ..conftest import Tecator
from .bench import Bench
from .disk import Laboratory, compiled
from .study import Study, begin
from .trained import Matrix, Trained


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Where a workspace is going to be."""
    return tmp_path / "workspace"


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Processes whose disk fails when they ask for it."""
    laboratory = Laboratory(compiled(tmp_path_factory.mktemp("disk")))
    yield laboratory
    laboratory.leave()


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


@pytest.fixture
def bench(store: WorkspaceStore) -> Bench:
    """Where chains of every shape are recorded."""
    return Bench(store)


@pytest.fixture(scope="module")
def train(tecator: Tecator) -> Matrix:
    """Spectra that models are fitted on."""
    return tecator.X[:150]


@pytest.fixture(scope="module")
def fat(tecator: Tecator) -> Matrix:
    """What they are to predict."""
    return tecator.fat[:150]


@pytest.fixture(scope="module")
def X(tecator: Tecator) -> Matrix:
    """Spectra that no model has seen."""
    return tecator.X[150:]


@pytest.fixture(scope="module")
def trained(tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """One target; the dataset tells its wavelengths and its target."""
    dataset = {"wavelengths": tecator.wavelengths, "unit": "nm", "targets": [{"name": "fat", "unit": "%"}]}
    with WorkspaceStore(tmp_path_factory.mktemp("trained")) as store:
        yield Trained(store, tecator.X[:150], tecator.fat[:150], dataset)
