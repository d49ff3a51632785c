"""A copy of a workspace in use has everything that was recorded before, or says that it has not; the original loses
nothing.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from n4akit.store import StoreError, WorkspaceError, WorkspaceStore, fsck

from .actors import keep_writing, start
from .soundness import KEYS, assert_sound, rows
from .study import begin


def acknowledged(ledger: Path) -> dict[str, set[str]]:
    told = [tuple(line.split()) for line in ledger.read_text().splitlines()]
    return {table: {id for word, id in told if word == table} for table in KEYS if table != "logs"}


def missing(workspace: Path, told: dict[str, set[str]]) -> set[str]:
    """What was told to be recorded, and is not there."""
    there = " UNION ALL ".join(f"SELECT {KEYS[table]} AS id FROM {table}" for table in told)
    return set().union(*told.values()) - {id for (id,) in rows(workspace, there)}


def says_so(workspace: Path) -> bool:
    """Whether opening a workspace, or checking it, tells that it is not whole."""
    try:
        with WorkspaceStore(workspace) as store:
            store.list_runs()
        return bool(fsck(workspace))
    except StoreError:
        return True


@pytest.mark.parametrize("copies", [3, pytest.param(100, marks=pytest.mark.soak)])
def test_a_copy_made_while_others_write_is_whole_or_says_that_it_is_not(copies: int, tmp_path: Path) -> None:
    workspace, ledger = tmp_path / "workspace", tmp_path / "ledger"
    ledger.touch()
    writers = [start(keep_writing, workspace, ledger, seed) for seed in range(2)]
    while len(ledger.read_text()) < 5_000:
        time.sleep(0.01)
    with WorkspaceStore(workspace) as reader:
        for number in range(copies):
            before, copy = acknowledged(ledger), tmp_path / f"copy {number}"
            reader.list_runs()
            try:
                shutil.copytree(workspace, copy)
            except shutil.Error:
                continue  # a file was gone when it was to be copied, and that is told
            assert says_so(copy) or not missing(copy, before)
            shutil.rmtree(copy)
        for writer in writers:
            writer.kill()
            writer.join()
        reader.list_runs()
    assert_sound(workspace)
    assert not missing(workspace, acknowledged(ledger))


@pytest.fixture
def parts(workspace: Path) -> tuple[Path, Path]:
    """Copies of a workspace in use: one with records in the inbox, and one when they have been moved and more came."""
    early, late = workspace.with_name("early"), workspace.with_name("late")
    with WorkspaceStore(workspace) as store:
        study = begin(store)
        store.delete_run("nobody")  # trims the inbox
        study.prediction()
        shutil.copytree(workspace, early)
        store.delete_run("nobody")
        study.prediction()
        store.list_runs()
        shutil.copytree(workspace, late)
    return early, late


@pytest.mark.parametrize("when", [0, 1], ids=["the earlier", "the later"])
def test_copies_of_one_moment_open(when: int, parts: tuple[Path, Path]) -> None:
    with WorkspaceStore(parts[when]) as store:
        assert len(store.query_predictions()) == 1 + when
    assert_sound(parts[when])


@pytest.mark.parametrize("name", ["store.duckdb", "inbox.sqlite"])
def test_a_database_and_an_inbox_of_two_moments_are_refused(name: str, parts: tuple[Path, Path]) -> None:
    early, late = parts
    for path in early.glob(f"{name}*"):
        shutil.copy(path, late)
    for _ in range(2):
        with pytest.raises(WorkspaceError, match=r"copied at different moments.*; copy it when nobody has it open"):
            WorkspaceStore(late)
