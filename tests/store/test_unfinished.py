"""A collection that died between its rows and its files is ended by the next one, which takes nothing else."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from n4akit.store import WorkspaceStore, cleanup, fsck
from n4akit.store.check import OLD
from n4akit.store.lease import OBJECTS
from n4akit.store.objects import Objects

from .soundness import assert_sound, rows
from .study import begin

MODEL = {"coef": [1.5, 2.5]}


def save(store: WorkspaceStore, format: str = "joblib") -> str:
    return store.save_artifact(MODEL, "a.b.Model", "model", format)


def name(store: WorkspaceStore, artifact: str) -> str:
    study = begin(store)
    study.new_chain(fold_artifacts={"0": artifact})
    return study.run


def die(*arguments: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed workspace whose last collection deleted the row of an artifact, and not its file."""
    workspace = tmp_path_factory.mktemp("made") / "workspace"
    with WorkspaceStore(workspace) as store, pytest.MonkeyPatch.context() as killed:
        store.delete_run(name(store, save(store)), delete_artifacts=False)
        killed.setattr(cleanup, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            store.gc_artifacts()
    assert rows(workspace, "SELECT * FROM artifacts") == []
    return workspace


@pytest.fixture
def unfinished(made: Path, workspace: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made, workspace)
    return workspace


def files(workspace: Path) -> list[Path]:
    return [path for path in (workspace / OBJECTS).rglob("*") if path.is_file()]


def test_the_next_collection_ends_it(unfinished: Path) -> None:
    assert len(files(unfinished)) == 1
    with WorkspaceStore(unfinished) as store:
        assert store.gc_artifacts() == 0
    assert files(unfinished) == [] and rows(unfinished, "SELECT * FROM n4a.doomed") == []


@pytest.mark.parametrize("moved", [False, True], ids=["in the inbox", "in the database"])
@pytest.mark.parametrize("aside", [False, True], ids=["in its place", "set aside"])
def test_what_was_saved_again_meanwhile_stays(moved: bool, aside: bool, unfinished: Path) -> None:
    [file] = files(unfinished)
    if aside:
        Objects(unfinished / OBJECTS).set_aside(str(file.relative_to(unfinished / OBJECTS)))
    with WorkspaceStore(unfinished) as collector, WorkspaceStore(unfinished) as saver:
        collector.list_runs()
        name(saver, save(saver))
        if moved:
            saver.list_runs()
        assert collector.gc_artifacts() == 0
        assert saver.load_artifact(save(saver)) == MODEL
        assert collector.gc_artifacts() == 0
    assert files(unfinished) == [file]
    assert_sound(unfinished)


def test_what_was_saved_again_in_another_format_stays_alone(unfinished: Path) -> None:
    with WorkspaceStore(unfinished) as store:
        artifact = save(store, "pickle")
        name(store, artifact)
        assert store.gc_artifacts() == 0
        assert store.load_artifact(artifact) == MODEL
        assert files(unfinished) == [store.get_artifact_path(artifact)]
    assert_sound(unfinished)


@pytest.mark.parametrize("aside", [False, True], ids=["in its place", "set aside"])
@pytest.mark.parametrize("age", [0.0, 2 * OLD], ids=["young", "old"])
def test_fsck_finds_the_file_once_and_deletes_it_on_request(age: float, aside: bool, unfinished: Path) -> None:
    [file] = files(unfinished)
    if aside:
        Objects(unfinished / OBJECTS).set_aside(str(file.relative_to(unfinished / OBJECTS)))
        [file] = files(unfinished)
    os.utime(file, (time.time() - age,) * 2)
    [found] = fsck(unfinished)
    assert f"{file.name}: its artifact was deleted" in found.what and not found.repaired and file.exists()
    [done] = fsck(unfinished, repair=True)
    assert (done.what, done.remedy, done.repaired) == (found.what, "deleted", True)
    assert fsck(unfinished) == [] and files(unfinished) == []


def test_a_file_that_went_before_its_name_was_forgotten_is_no_finding(unfinished: Path) -> None:
    [file] = files(unfinished)
    file.unlink()
    assert fsck(unfinished) == []
