"""Who may open the database: the lease goes from store to store, and an outside program delays reads, never writes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from n4akit.store import Busy, StoreError, WorkspaceStore, desk, reading

from .actors import hold, record_much, run, start
from .puppets import Puppet
from .soundness import assert_sound, rows
from .study import Study, begin, read

OUTSIDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("have it", flush=True)
sys.stdin.read()
"""


@contextmanager
def outsider(workspace: Path) -> Iterator[int]:
    """Another program that has the database open; its process number."""
    command = [sys.executable, "-c", OUTSIDER, str(workspace / "store.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"have it\n"
        yield process.pid
        process.communicate()


def impatient(workspace: Path) -> WorkspaceStore:
    """A store that gives up soon."""
    store = WorkspaceStore(workspace)
    store._desk.patience = 0.2
    return store


def test_two_stores_in_one_process_take_turns_and_read_everything(workspace: Path) -> None:
    with WorkspaceStore(workspace) as one, WorkspaceStore(workspace) as two:
        for number in range(4):
            for store in (one, two):
                store.begin_run(str(number), {}, [])
                assert len(one.list_runs()) == len(two.list_runs())
        assert len(one.list_runs()) == 8
    assert_sound(workspace)


def test_the_database_is_given_back_when_nobody_reads(store: WorkspaceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "IDLE", 0.0)
    store.list_runs()
    lock = store.workspace_path / "store.lock"
    for _ in range(500):
        if not lock.read_text():
            break
        time.sleep(0.01)
    with outsider(store.workspace_path):
        assert lock.read_text() == ""


def test_the_lock_tells_who_has_the_database(store: WorkspaceStore) -> None:
    store.list_runs()
    assert (store.workspace_path / "store.lock").read_text() == str(os.getpid())


def test_an_outside_program_delays_reads_and_never_writes(workspace: Path) -> None:
    WorkspaceStore(workspace).close()
    with outsider(workspace) as program:
        store = impatient(workspace)
        study = begin(store)
        prediction = study.prediction()
        store.save_prediction_arrays(prediction, np.ones(2), None)
        with impatient(workspace) as other:
            other.save_prediction_arrays(study.prediction(), np.ones(2), None)
        store.save_artifact([1], "list", "model", "joblib")
        store.complete_pipeline(study.pipeline, 0.1, 0.2, "rmse", 1)
        with pytest.raises(Busy, match=rf"store\.duckdb: another program has it open .*PID {program}"):
            store.list_runs()
        store.complete_run(study.run, {})
    assert read(store, prediction)["y_true"].tolist() == [1.0, 1.0]
    assert store.list_runs()["status"].to_list() == ["completed"]
    store.close()
    assert_sound(workspace)


def test_what_was_recorded_while_an_outside_program_held_the_database_is_moved_later(workspace: Path) -> None:
    WorkspaceStore(workspace).close()
    with outsider(workspace):
        store = impatient(workspace)
        begin(store)
        store.close()
    with WorkspaceStore(workspace) as again:
        assert len(again.list_runs()) == 1
    assert_sound(workspace)


@pytest.mark.parametrize("backlog", [1, 2**20], ids=["trying to move it", "not trying"])
def test_neither_opening_nor_recording_waits_for_an_outside_program(backlog: int, workspace: Path) -> None:
    WorkspaceStore(workspace).close()
    with outsider(workspace):
        assert run(record_much, workspace, 20, backlog) == 7
    with WorkspaceStore(workspace) as store:
        assert len(store.list_runs()) == 20


def test_a_backlog_is_moved_while_recording(workspace: Path) -> None:
    assert run(record_much, workspace, 20, 500) == 7
    (workspace / "inbox.sqlite").unlink()
    (workspace / "inbox.sqlite-wal").unlink()
    with WorkspaceStore(workspace) as store:
        assert len(store.list_runs()) >= 10


def test_a_backlog_that_cannot_be_moved_is_no_error_of_what_was_recorded(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with WorkspaceStore(workspace) as first:
        store = WorkspaceStore(workspace)  # has no lease
        first.close()
        whole = (workspace / "store.duckdb").read_bytes()
        (workspace / "store.duckdb").write_bytes(b"damaged")
        monkeypatch.setattr(desk, "BACKLOG", 0)
        run_id = store.begin_run("recorded", {}, [])
        assert "could not be moved" in caplog.text
        with pytest.raises(StoreError, match=r"store\.duckdb"):
            store.get_run(run_id)
        (workspace / "store.duckdb").write_bytes(whole)
        assert store.list_runs()["name"].to_list() == ["recorded"]
        store.close()


def test_a_stopped_process_that_has_the_database_is_named(workspace: Path) -> None:
    here, there = multiprocessing.Pipe()
    holder = start(hold, workspace, there)
    assert here.recv() == "holding"
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGSTOP)
    store = impatient(workspace)
    recorded = store.begin_run("meanwhile", {}, [])
    with pytest.raises(Busy, match=f"process {holder.pid} has held the database"):
        store.list_runs()
    os.kill(holder.pid, signal.SIGCONT)
    store._desk.patience = 60.0
    assert store.list_runs()["run_id"].to_list() == [recorded]
    here.send("leave")
    holder.join()
    store.close()
    assert_sound(workspace)


def test_who_opens_and_closes_the_file_in_a_process_that_has_it_lets_nobody_in(workspace: Path) -> None:
    """The system drops DuckDB's own lock then, and not the lease."""
    with WorkspaceStore(workspace) as store:
        puppet, study = Puppet(workspace), begin(store)
        for number in range(4):
            study.prediction()
            assert len(store.query_predictions(run_id=study.run)) == number + 1
            assert (workspace / "store.duckdb").read_bytes()
            assert puppet("write_and_read", 5) == 5
        puppet.leave()
        assert len(store.query_predictions()) == 24
    assert_sound(workspace)


def test_an_error_of_the_database_is_ours_and_the_next_question_is_answered(study: Study, workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        with pytest.raises(StoreError, match="no_such_table"), store._desk.database() as connection:
            connection.execute("SELECT * FROM no_such_table")
        assert len(store.list_runs()) == 1


def test_the_database_is_never_asked_for_anything_from_a_network(store: WorkspaceStore) -> None:
    with pytest.raises(StoreError, match=r"httpfs|autoload|disabled"), store._desk.database() as connection:
        connection.execute("SELECT * FROM 'https://127.0.0.1:9/x.parquet'")


def test_a_full_inbox_is_moved_by_who_opens_next(workspace: Path) -> None:
    assert run(record_much, workspace, 5, 2**20) == 7
    assert (workspace / "inbox.sqlite").exists()
    WorkspaceStore(workspace).close()
    assert_sound(workspace)
    assert rows(workspace, "SELECT count(*) FROM runs") == [(5,)]
