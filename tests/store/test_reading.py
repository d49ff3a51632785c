"""A workspace that cannot be written is read: nothing in it changes, and what cannot be shown is counted."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.store import (
    Busy,
    Closed,
    ReadOnly,
    WorkspaceError,
    WorkspaceStore,
    fsck,
    import_workspace,
    reading,
    unseen,
)
from n4akit.store.reading import Reading

from .actors import abandon, hold, read_and_die, run, start
from .study import begin
from .test_database import WAL, say
from .test_migrations import assert_readable, unpacked
from .unprivileged import as_anybody, protected

MODEL = {"coef": [1.5, 2.5]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed workspace with a run, a chain with its model, and two predictions, one with arrays."""
    workspace = tmp_path_factory.mktemp("made") / "workspace"
    with WorkspaceStore(workspace) as store:
        study = begin(store)
        study.new_chain(fold_artifacts={"0": store.save_artifact(MODEL, "dict", "model", "joblib")})
        study.prediction()
        study.arrays(study.prediction(), y_pred=np.arange(4.0))
        store.log_step(study.pipeline, 1, "PLS", "end", 5)
    return workspace


@pytest.fixture
def full(made: Path, workspace: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made, workspace)
    return workspace


def state(folder: Path) -> dict[Path, tuple[int, bytes | None]]:
    """Every file and folder, when it was changed, and its content."""
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in (folder, *folder.rglob("*"))
        if path.name != "inbox.sqlite-shm"  # the memory that processes share
    }


@pytest.fixture
def locked(full: Path) -> Iterator[Path]:
    """The same, protected from being written; unchanged in the end."""
    with protected(full):
        before = state(full)
        yield full
        assert state(full) == before


def ask_everything(workspace: Path) -> list[Any]:
    """The answers to all questions."""
    with WorkspaceStore(workspace) as store:
        runs, found = store.list_runs(), store.query_predictions()
        run, pipeline = runs["run_id"][0], store.list_pipelines()["pipeline_id"][0]
        chain = store.get_chains_for_pipeline(pipeline)["chain_id"][1]
        artifact = (store.get_chain(chain) or {})["fold_artifacts"]["0"]
        return [
            (runs.rows(), found.rows(), store.top_predictions(1).rows(), store.get_pipeline_log(pipeline).rows()),
            (store.get_run(run), store.get_pipeline(pipeline), store.get_chain(chain)),
            store.get_run_log_summary(run).rows(),
            repr(store.get_prediction(found["prediction_id"][0], load_arrays=True)),
            (store.load_artifact(artifact), store.get_artifact_path(artifact).exists(), unseen(store)),
            fsck(workspace),
        ]


def test_every_question_is_answered_and_nothing_changes(full: Path) -> None:
    expected = ask_everything(full)
    with protected(full):
        before = state(full)
        assert as_anybody(ask_everything, full) == expected
        assert state(full) == before
    assert expected[-1] == [] and expected[-2] == (MODEL, True, 0)


def export_everything(workspace: Path, folder: Path) -> list[str]:
    with WorkspaceStore(workspace) as store:
        run, pipeline = store.list_runs()["run_id"][0], store.list_pipelines()["pipeline_id"][0]
        store.export_run(run, folder / "run")
        store.export_pipeline_config(pipeline, folder / "config")
        store.export_predictions_parquet(folder / "predictions")
    return sorted(path.name for path in folder.iterdir())


def test_exports_go_elsewhere(locked: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    made = as_anybody(export_everything, locked, tmp_path / "out")
    assert made == ["config.json", "predictions.parquet", "run.yaml"]


def write_everything(workspace: Path) -> dict[str, str]:
    """What each call that writes raises."""
    calls: dict[str, Callable[[WorkspaceStore], object]] = {
        "begin_run": lambda store: store.begin_run("r", {}, []),
        "complete_run": lambda store: store.complete_run("r", {}),
        "fail_run": lambda store: store.fail_run("r", "e"),
        "begin_pipeline": lambda store: store.begin_pipeline("r", "n", {}, [], "d", "h"),
        "complete_pipeline": lambda store: store.complete_pipeline("p", 0.1, 0.1, "rmse", 1),
        "fail_pipeline": lambda store: store.fail_pipeline("p", "e"),
        "save_chain": lambda store: store.save_chain("p", [], 1, "m", "", "per_fold", {}, {}),
        "save_prediction": lambda store: store.save_prediction(*["p"] * 7, *[0.1] * 3, *[None] * 10),  # type: ignore[arg-type]
        "save_prediction_arrays": lambda store: store.save_prediction_arrays("p", np.ones(1), None),
        "save_artifact": lambda store: store.save_artifact(1, "int", "model", "joblib"),
        "log_step": lambda store: store.log_step("p", 1, "c", "end"),
        "delete_run": lambda store: store.delete_run("r"),
        "delete_prediction": lambda store: store.delete_prediction("p"),
        "gc_artifacts": lambda store: store.gc_artifacts(),
        "vacuum": lambda store: store.vacuum(),
    }
    said = {}
    with WorkspaceStore(workspace) as store:
        for name, call in calls.items():
            try:
                call(store)
            except ReadOnly as error:
                said[name] = str(error)
    assert set(said) == set(calls)
    return said


def test_every_write_is_refused_naming_the_folder_and_what_to_do(locked: Path) -> None:
    said = set(as_anybody(write_everything, locked).values())
    assert said == {
        f"{locked}: this workspace can only be read, because {locked} cannot be written here; open it where it can, "
        "or a copy of it"
    }


def is_read_only(workspace: Path) -> str:
    with WorkspaceStore(workspace) as store:
        assert len(store.query_predictions()) == 2
        try:
            store.begin_run("r", {}, [])
        except ReadOnly as error:
            return str(error)
    return "written"


@pytest.mark.parametrize("name", ["store.duckdb", "store.lock", "artifacts"])
def test_one_file_that_cannot_be_written_is_enough(name: str, full: Path) -> None:
    with protected(full / name):
        before = state(full)
        assert f"because {full / name} cannot be written here" in as_anybody(is_read_only, full)
        assert state(full) == before
    assert as_anybody(is_read_only, full) == "written"


def test_a_copy_of_the_database_alone_is_read(full: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(full / "store.duckdb", copy)
    with protected(copy):
        assert "can only be read" in as_anybody(is_read_only, copy)
    assert [path.name for path in copy.iterdir()] == ["store.duckdb"]


def test_a_folder_without_workspace_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with protected(tmp_path), pytest.raises(ReadOnly, match=f"{tmp_path}: there is no workspace in it, and none can"):
        as_anybody(WorkspaceStore, tmp_path)
    assert list(tmp_path.iterdir()) == []


def repair(workspace: Path) -> None:
    fsck(workspace, repair=True)


def test_repairing_and_importing_into_it_are_refused(locked: Path, empty: Path) -> None:
    with pytest.raises(ReadOnly, match="can only be read"):
        as_anybody(repair, locked)
    with pytest.raises(ReadOnly, match="can only be read"):
        as_anybody(import_workspace, empty, locked)


# What cannot be shown


def count_unseen(workspace: Path) -> tuple[int, int, str]:
    """How many runs are shown, how many records are not, and what was said."""
    with redirect_stderr(StringIO()) as said, WorkspaceStore(workspace) as store:
        return len(store.list_runs()), unseen(store), said.getvalue()


@pytest.mark.parametrize("index", [True, False], ids=["as it was left", "copied without -shm"])
def test_records_that_were_not_moved_are_counted_and_told(index: bool, full: Path) -> None:
    assert run(abandon, full, ["b", "c", "d"]) == 7
    if not index:
        (full / "inbox.sqlite-shm").unlink()
    with protected(full):
        before = state(full)
        shown, hidden, said = as_anybody(count_unseen, full)
        assert state(full) == before
    assert (shown, hidden) == (1, 3)
    assert said == (
        f"{full}: it can only be read; records in its inbox that are not shown: 3; they will be when it, or a copy of "
        "it, is opened where it can be written\n"
    )
    assert count_unseen(full) == (4, 0, "")


def test_records_that_are_in_the_inbox_still_and_were_moved_count_as_shown(full: Path) -> None:
    assert run(read_and_die, full, "SELECT 1") == 7
    assert (full / WAL).exists()
    with protected(full):
        assert as_anybody(count_unseen, full) == (2, 0, "")


def test_records_of_a_lost_log_count_as_not_shown(full: Path) -> None:
    assert run(read_and_die, full, "SELECT 1") == 7
    (full / WAL).unlink()
    with protected(full):
        shown, hidden, _ = as_anybody(count_unseen, full)
    assert (shown, hidden) == (1, 13)


def test_an_inbox_that_cannot_be_read_is_told_and_queries_go_on(full: Path, caplog: pytest.LogCaptureFixture) -> None:
    (full / "inbox.sqlite").write_bytes(b"damaged " * 1000)
    reader = Reading(full)
    with reader.database() as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]
    reader.close()
    assert "whether all is shown is not known" in caplog.text and "not a database" in caplog.text


# Files that are not as they should be


def test_a_damaged_log_is_refused_and_left_where_it_is(full: Path) -> None:
    assert run(read_and_die, full, "SELECT 1") == 7
    content = bytearray((full / WAL).read_bytes())
    content[len(content) // 2] ^= 1
    (full / WAL).write_bytes(content)
    before = state(full)
    with pytest.raises(WorkspaceError, match=r"store\.duckdb: cannot be opened"):
        Reading(full)
    assert state(full) == before


def test_a_newer_workspace_is_refused(full: Path) -> None:
    assert run(read_and_die, full, say("99")) == 7
    with protected(full), pytest.raises(WorkspaceError, match="version 99"):
        as_anybody(count_unseen, full)


def read_version_1(workspace: Path) -> int:
    with WorkspaceStore(workspace) as store:
        assert_readable(store, ["second", "first"])
        assert fsck(workspace) == []
        return unseen(store)


def test_a_workspace_of_version_1_is_read_as_it_is(tmp_path: Path) -> None:
    old = unpacked("version_1_in_use", tmp_path)
    with protected(old):
        before = state(old)
        assert as_anybody(read_version_1, old) == 1
        assert state(old) == before


def test_it_is_imported_as_it_is(locked: Path, tmp_path: Path) -> None:
    imported = as_anybody(import_workspace, locked, tmp_path / "target")
    assert (imported.rows["predictions"], imported.rows["artifacts"], imported.missing) == (2, 1, ())


# Beside others


def shown(reader: Reading) -> int:
    with reader.database() as connection:
        return int(connection.execute("SELECT count(*) FROM runs").fetchall()[0][0])


def test_who_only_reads_sees_what_others_moved_and_counts_what_they_did_not(store: WorkspaceStore) -> None:
    reader = Reading(store.workspace_path)
    store.begin_run("a", {}, [])
    assert (shown(reader), reader.unseen()) == (0, 1)
    assert len(store.list_runs()) == 1
    assert (shown(reader), reader.unseen()) == (1, 0)
    store.begin_run("b", {}, [])
    assert (shown(reader), reader.unseen()) == (1, 1)
    assert len(store.list_runs()) == 2
    reader.close()


def test_who_only_reads_and_who_writes_take_turns(store: WorkspaceStore) -> None:
    """Neither has to wait until the other has been idle for long."""
    reader, done = Reading(store.workspace_path, patience=20.0), threading.Event()
    store._desk.patience = 20.0

    def keep_reading() -> None:
        while not done.is_set():
            shown(reader)

    thread = threading.Thread(target=keep_reading)
    thread.start()
    try:
        for number in range(1, 4):
            store.begin_run("r", {}, [])
            assert len(store.list_runs()) == number
    finally:
        done.set()
        thread.join()
        reader.close()


def test_many_who_only_read_do_so_at_once(full: Path) -> None:
    one, two = Reading(full, patience=0.5), Reading(full, patience=0.5)
    with one.database() as connection:
        assert shown(two) == 1
        assert connection.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]
    one.close()
    two.close()


def test_a_stopped_holder_is_named(full: Path, caplog: pytest.LogCaptureFixture) -> None:
    said, theirs = multiprocessing.Pipe()
    holder = start(hold, full, theirs)
    assert said.recv() == "holding" and holder.pid
    os.kill(holder.pid, signal.SIGSTOP)
    try:
        reader = Reading(full, patience=0.3)
        assert "another program has the database; reading will wait" in caplog.text
        with pytest.raises(Busy, match=f"process {holder.pid} has held the database"):
            shown(reader)
    finally:
        os.kill(holder.pid, signal.SIGCONT)
    reader.patience = 60.0
    assert shown(reader) == 1
    reader.close()
    said.send("leave")
    holder.join(60)


def test_who_only_reads_does_not_keep_the_last_writer_from_tidying_up(full: Path) -> None:
    reader = Reading(full)
    with WorkspaceStore(full) as store:
        store.begin_run("r", {}, [])
    assert {path.name for path in full.iterdir()} == {"store.duckdb", "store.lock", "artifacts"}
    assert shown(reader) == 2
    reader.close()


# Its life


def read_in_a_child(workspace: Path) -> tuple[int, int]:
    with WorkspaceStore(workspace) as store:
        store.list_runs()
        child = os.fork()
        if child == 0:
            os._exit(len(store.query_predictions()))
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), len(store.query_predictions())


def test_a_forked_child_reads_too(locked: Path) -> None:
    assert as_anybody(read_in_a_child, locked) == (2, 2)


def use_closed(workspace: Path, write: bool) -> None:
    store = WorkspaceStore(workspace)
    store.close()
    store.close()
    if write:
        store.begin_run("r", {}, [])
    store.list_runs()


@pytest.mark.parametrize("write", [False, True])
def test_what_was_closed_is_of_no_more_use(write: bool, locked: Path) -> None:
    with pytest.raises(Closed, match="this store was closed"):
        as_anybody(use_closed, locked, write)


def test_the_database_is_given_back_when_nobody_reads(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "IDLE", 0.0)
    reader = Reading(full)
    watcher = reader._watcher
    assert watcher is not None
    watcher.join(60)
    assert reader._lease.connection is None
    assert shown(reader) == 1
    reader.close()
