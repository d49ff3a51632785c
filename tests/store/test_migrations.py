"""Older workspaces: opened for ever, brought to the newest version at once or not at all, the same as one made new."""

from __future__ import annotations

import itertools
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.store import StoreError, WorkspaceStore, fsck, migrations, transactions

from .actors import run
from .interleaving import die, interrupted
from .soundness import assert_sound, rows
from .study import read
from .test_faults import content, every, move

HISTORY = Path(__file__).parent / "history"


def unpacked(name: str, folder: Path) -> Path:
    """A workspace of the past."""
    with tarfile.open(HISTORY / f"{name}.tgz") as archive:
        archive.extractall(folder / name, filter="data")
    return folder / name / "workspace"


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    return unpacked("version_1", tmp_path)


@pytest.fixture
def in_use(tmp_path: Path) -> Path:
    return unpacked("version_1_in_use", tmp_path)


def described(workspace: Path) -> list[tuple[Any, ...]]:
    """Every column of every table, the keys, and what the workspace says of itself."""
    queries = (
        "SELECT schema_name, table_name, column_index, column_name, data_type, is_nullable, column_default "
        "FROM duckdb_columns() WHERE NOT internal ORDER BY ALL",
        "SELECT schema_name, table_name, sql FROM duckdb_tables() ORDER BY ALL",
        "SELECT schema_name, table_name, constraint_type, constraint_text FROM duckdb_constraints() ORDER BY ALL",
        "SELECT key, value FROM n4a.meta ORDER BY ALL",
    )
    return [row for query in queries for row in rows(workspace, query)]


def recorded(workspace: Path) -> str:
    """Everything in the tables; as text, because NaN does not equal itself."""
    return repr(content(workspace))


def assert_readable(store: WorkspaceStore, names: list[str]) -> None:
    """What the past recorded is answered, bits and all."""
    assert store.list_runs()["name"].to_list() == names
    found = store.top_predictions(5)
    assert len(found) == len(set(names) - {"third"})
    prediction = read(store, found["prediction_id"][0])
    assert np.array_equal(prediction["y_pred"], [1.5, 2.5, np.nan], equal_nan=True)
    assert prediction["y_proba"].shape == (3, 2)
    chain = store.get_chain(found["chain_id"][0])
    assert chain is not None
    assert store.load_artifact(chain["fold_artifacts"]["0"]) == {"coef": [1.5, 2.5]}


def test_a_closed_workspace_of_version_1_is_read_and_written(closed: Path) -> None:
    with WorkspaceStore(closed) as store:
        assert_readable(store, ["first"])
        store.begin_run("new", {}, [])
        assert store.list_runs()["name"].to_list() == ["new", "first"]
        assert store.gc_artifacts() == 1
    assert_sound(closed)
    assert fsck(closed) == []


def test_what_version_1_had_in_its_log_and_its_inbox_is_not_lost(in_use: Path) -> None:
    with WorkspaceStore(in_use) as store:
        assert_readable(store, ["third", "second", "first"])
    assert_sound(in_use)
    assert fsck(in_use) == []


def test_a_migrated_workspace_is_the_same_as_one_made_new(closed: Path, in_use: Path, empty: Path) -> None:
    for old in (closed, in_use):
        assert described(old) != described(empty)
        move(old)
        assert described(old) == described(empty)


def test_a_workspace_says_its_version_and_which_duckdb_reads_it(empty: Path) -> None:
    said = dict(rows(empty, "SELECT key, value FROM n4a.meta"))
    assert said["schema_version"] == str(migrations.VERSION)
    assert said["duckdb_storage_version"].startswith("v1.5")


def test_a_migration_that_fails_changes_nothing(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = described(closed), recorded(closed)
    with monkeypatch.context() as broken:
        broken.setattr(migrations, "STEPS", (*migrations.STEPS, ("CREATE TABLE n4a.meta (key VARCHAR)",)))
        with pytest.raises(StoreError, match=r"cannot be brought from version 1 to \d: .*; it is as it was"):
            WorkspaceStore(closed)
    assert (described(closed), recorded(closed)) == before
    with WorkspaceStore(closed) as store:
        assert_readable(store, ["first"])


def migrate_and_die(workspace: Path, line: int) -> None:
    interrupted(lambda: move(workspace), (migrations, transactions), line, die)
    os._exit(0)


@every(5)
def test_a_death_in_a_migration_loses_nothing(stride: int, in_use: Path, empty: Path, tmp_path: Path) -> None:
    whole = unpacked("version_1_in_use", tmp_path / "whole")
    move(whole)
    for line in itertools.count(1, stride):
        workspace = tmp_path / f"died before line {line}"
        shutil.copytree(in_use, workspace)
        ended = run(migrate_and_die, workspace, line)
        move(workspace)
        assert recorded(workspace) == recorded(whole)
        assert described(workspace) == described(empty)
        assert_sound(workspace)
        if ended == 0:
            break
        assert ended == 9
    assert line > 20
