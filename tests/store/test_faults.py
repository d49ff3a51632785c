"""Killed before any line of what changes files: the workspace is sound, and either the old or the new one."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from n4akit.bundle import files
from n4akit.store import WorkspaceStore, cleanup, database, desk, inbox, lease, merge, migrations, objects, transactions

from .actors import run
from .interleaving import die, interrupted
from .soundness import assert_sound, rows
from .study import begin

MODULES = (cleanup, database, desk, files, inbox, lease, merge, migrations, objects, transactions)
KEPT, GARBAGE = {"kept": 1.5}, {"garbage": 2.5}


def every(stride: int) -> pytest.MarkDecorator:
    """Every so many lines, and every one in the soak."""
    strides = [pytest.param(stride, id="some lines"), pytest.param(1, id="every line", marks=pytest.mark.soak)]
    return pytest.mark.parametrize("stride", strides)


def move(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        store.list_runs()


def tidy(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        store.gc_artifacts()


def compact(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        store.vacuum()


def delete(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        store.delete_run(store.list_runs()["run_id"][1])


def act_and_die(act: Callable[[Path], None], workspace: Path, line: int) -> None:
    interrupted(lambda: act(workspace), MODULES, line, die)
    os._exit(0)


def record(workspace: Path) -> None:
    """Record two runs, of which one pipeline fails and one artifact becomes garbage, and die without closing."""
    store = WorkspaceStore(workspace)
    for name in ("first", "second"):
        study = begin(store, name)
        study.new_chain(fold_artifacts={"0": save(store, KEPT)})
        store.save_prediction_arrays(study.prediction(), np.ones(2), None)
    failed = study.new_pipeline()
    study.new_chain(pipeline_id=failed, fold_artifacts={"0": save(store, GARBAGE)})
    store.fail_pipeline(failed, "e")
    store.log_step(failed, 0, "SNV", "end")
    os._exit(7)


def save(store: WorkspaceStore, obj: object) -> str:
    return store.save_artifact(obj, "a.b.Thing", "model", "joblib")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose only process has died, with everything in the inbox."""
    workspace = tmp_path_factory.mktemp("recorded") / "workspace"
    assert run(record, workspace) == 7
    return workspace


@pytest.fixture(scope="module")
def moved(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with everything in the database, closed."""
    workspace = tmp_path_factory.mktemp("moved") / "workspace"
    shutil.copytree(recorded, workspace)
    move(workspace)
    return workspace


def deaths(workspace: Path, act: Callable[[Path], None], stride: int, tmp_path: Path) -> Iterator[Path]:
    """Copies of a workspace, in each of which a process died before another line of the act."""
    for line in itertools.count(1, stride):
        copy = tmp_path / f"died before line {line}"
        shutil.copytree(workspace, copy)
        ended = run(act_and_die, act, copy, line)
        yield copy
        if ended == 0:
            break
        assert ended == 9
    assert line > 50


def content(workspace: Path) -> dict[str, object]:
    """Everything in the tables, in order, but for what collecting garbage counts."""
    tables = (
        "runs",
        "pipelines",
        "chains",
        "predictions",
        "prediction_arrays",
        "logs",
        "n4a.quarantine",
        "n4a.dropped",
    )
    with duckdb.connect(str(workspace / "store.duckdb"), read_only=True) as connection:
        found = {table: pl.DataFrame(connection.sql(f"FROM {table} ORDER BY ALL")).rows() for table in tables}
        artifacts = connection.sql("SELECT artifact_id, artifact_path FROM artifacts ORDER BY ALL").fetchall()
    return {**found, "artifacts": artifacts}


def assert_whole(workspace: Path) -> None:
    """Sound; what is named is readable, and what was garbage can be saved again."""
    with WorkspaceStore(workspace) as store:
        for (artifact,) in [*named(store)]:
            assert store.load_artifact(artifact) == KEPT
        assert store.load_artifact(save(store, GARBAGE)) == GARBAGE
    assert_sound(workspace)


def named(store: WorkspaceStore) -> Iterator[tuple[str]]:
    query = "SELECT DISTINCT unnest(json_extract_string(fold_artifacts, '$.*')) FROM chains"
    with store._desk.database() as connection:
        yield from connection.execute(query).fetchall()


@every(211)
def test_a_death_while_records_move_loses_and_doubles_nothing(
    stride: int, recorded: Path, moved: Path, tmp_path: Path
) -> None:
    for workspace in deaths(recorded, move, stride, tmp_path):
        move(workspace)
        assert content(workspace) == content(moved)
        assert_whole(workspace)


@every(61)
def test_a_death_in_a_vacuum_leaves_everything(stride: int, moved: Path, tmp_path: Path) -> None:
    for workspace in deaths(moved, compact, stride, tmp_path):
        move(workspace)
        assert content(workspace) == content(moved)
        assert_whole(workspace)


@every(61)
def test_a_death_in_a_deletion_leaves_all_or_nothing_of_the_run(stride: int, moved: Path, tmp_path: Path) -> None:
    names = set()
    for workspace in deaths(moved, delete, stride, tmp_path):
        assert_whole(workspace)
        runs = rows(workspace, "SELECT name FROM runs ORDER BY seq")
        assert len(rows(workspace, "SELECT * FROM predictions")) == len(runs)
        names.add(tuple(name for (name,) in runs))
    assert names == {("first", "second"), ("second",)}


@every(61)
def test_a_death_while_garbage_is_collected_takes_garbage_alone(stride: int, moved: Path, tmp_path: Path) -> None:
    left = set()
    for workspace in deaths(moved, tidy, stride, tmp_path):
        with WorkspaceStore(workspace) as store:
            left.add(store.gc_artifacts())
        assert len(rows(workspace, "SELECT * FROM artifacts")) == 1
        assert len([*workspace.glob("artifacts/*/*")]) == 1
        assert_whole(workspace)
    assert left == {0, 1}
