"""Records move into the database once, in order; what is damaged or refused blocks nothing; what came too late is
counted.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from n4akit.store import UnknownId, WorkspaceStore
from n4akit.store import merge as merging
from n4akit.store.inbox import NAME, Inbox

from .actors import abandon, run
from .soundness import assert_sound, rows
from .study import begin, new_chain, new_pipeline, read

QUARANTINE = "SELECT kind, id, doc, body, reason FROM n4a.quarantine ORDER BY seq"
DROPPED = "SELECT table_name, records FROM n4a.dropped ORDER BY ALL"


def run_document(id: str, name: str = "run") -> str:
    return json.dumps([id, name, "{}", "[]", "running", 0, None, None, None])


def test_moving_twice_moves_once(store: WorkspaceStore, workspace: Path) -> None:
    study = begin(store)
    for _ in range(3):
        study.prediction()
        assert len(store.list_runs()) == 1
    assert len(store.query_predictions()) == 3
    store.close()
    assert_sound(workspace)


def test_many_small_transactions_move_the_same_as_one(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "CHUNK", 1)
    with WorkspaceStore(workspace) as store:
        study = begin(store)
        ids = [study.prediction() for _ in range(10)]
        for number, id in enumerate(ids):
            store.save_prediction_arrays(id, np.full(number, 0.5), None)
        store.fail_pipeline(new_pipeline(store, study.run), "e")
        assert [len(read(store, id)["y_true"]) for id in ids] == list(range(10))
        assert store.query_predictions()["prediction_id"].to_list() == ids[::-1]
    assert_sound(workspace)


def test_order_goes_on_over_all_inboxes(workspace: Path) -> None:
    for number in range(4):
        with WorkspaceStore(workspace) as store:
            store.begin_run(f"{number} a", {}, [])
            store.begin_run(f"{number} b", {}, [])
    with WorkspaceStore(workspace) as store:
        names = store.list_runs()["name"].to_list()
    assert names == sorted(names, reverse=True)
    assert_sound(workspace)


@pytest.mark.parametrize(
    ("kind", "document", "reason"),
    [
        ("runs", "{no json", "JSONDecodeError"),
        ("runs", '["x"]', "ValueError"),
        ("runs", '["x", "n", "{}", "[]", "running", "noon", null, null, null]', "ArrowInvalid|TypeError"),
        ("runs", '["x", "n", "{not json", "[]", "running", 0, null, null, null]', "JSON"),
        ("runs", '["x", null, "{}", "[]", "running", 0, null, null, null]', "NOT NULL"),
        ("prediction_arrays", '["x", [3, null, null, null, null], null]', "ValueError|ArrowInvalid"),
        ("runs.end", '["x"]', "ValueError"),
        ("novelty", "[]", "kind 'novelty' is unknown here"),
    ],
)
def test_a_record_that_cannot_be_moved_is_set_apart_and_blocks_nothing(
    kind: str, document: str, reason: str, workspace: Path
) -> None:
    with WorkspaceStore(workspace) as store:
        store.begin_run("before", {}, [])
        inbox = Inbox(workspace)
        inbox.put(kind, "x", document, b"body")
        inbox.close()
        store.begin_run("after", {}, [])
        assert store.list_runs()["name"].to_list() == ["after", "before"]
    assert_sound(workspace)
    [(*kept, said)] = rows(workspace, QUARANTINE)
    assert kept == [kind, "x", document, b"body"]
    assert any(word in said for word in reason.split("|"))


def test_a_row_that_is_there_already_is_set_apart(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        run = store.begin_run("first", {}, [])
        inbox = Inbox(workspace)
        inbox.put("runs", run, run_document(run, "second"))
        inbox.close()
        assert store.list_runs()["name"].to_list() == ["first"]
    assert [kind for kind, *_ in rows(workspace, QUARANTINE)] == ["runs"]


def test_a_damaged_record_is_set_apart_whatever_byte_it_is(workspace: Path) -> None:
    names = [f"run {number:02}" for number in range(40)]
    assert run(abandon, workspace, names) == 7
    with closing(sqlite3.connect(workspace / NAME)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray((workspace / NAME).read_bytes())
    damaged = names[5:35:3]
    for number, name in enumerate(damaged):
        content[content.index(name.encode()) + number % 6] ^= 1 << number % 8
    (workspace / NAME).write_bytes(content)
    with WorkspaceStore(workspace) as store:
        assert set(store.list_runs()["name"]) == set(names) - set(damaged)
    assert_sound(workspace)
    assert [reason for *_, reason in rows(workspace, QUARANTINE)] == ["damaged: its checksum does not fit"] * 10


def test_what_is_set_apart_is_told(workspace: Path, caplog: pytest.LogCaptureFixture) -> None:
    with WorkspaceStore(workspace) as store:
        inbox = Inbox(workspace)
        inbox.put("novelty", "x", "[]")
        inbox.close()
        store.list_runs()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "novelty" in caplog.text
    assert "quarantine" in caplog.text


def test_records_of_a_deleted_run_that_were_on_their_way_are_dropped_and_counted(workspace: Path) -> None:
    with WorkspaceStore(workspace) as writer, WorkspaceStore(workspace) as deleter:
        study, kept = begin(writer), begin(writer)
        prediction = study.prediction()
        assert deleter.delete_run(study.run) == 4
        late = study.prediction()  # the writer does not know yet
        writer.save_prediction_arrays(prediction, np.ones(1), None)
        writer.save_prediction_arrays(late, np.ones(1), None)
        pipeline = study.new_pipeline()
        new_chain(writer, pipeline)
        writer.log_step(pipeline, 0, "SNV", "start")
        kept.prediction()
        assert len(writer.query_predictions()) == 1
        assert writer.get_run(study.run) is None
        with pytest.raises(UnknownId):
            deleter.complete_run(study.run, {})
    assert_sound(workspace)
    expected = {"pipelines": 1, "chains": 1, "predictions": 1, "prediction_arrays": 2, "logs": 1}
    assert dict(rows(workspace, DROPPED)) == expected
    assert rows(workspace, QUARANTINE) == []


def test_records_of_a_failed_pipeline_that_were_on_their_way_are_dropped(workspace: Path) -> None:
    with WorkspaceStore(workspace) as writer, WorkspaceStore(workspace) as judge:
        study = begin(writer)
        judge.fail_pipeline(study.pipeline, "singular matrix")
        late = study.prediction()
        writer.save_prediction_arrays(late, np.ones(1), None)
        writer.log_step(study.pipeline, 0, "SNV", "end")
        assert writer.query_predictions().is_empty()
        assert len(judge.get_pipeline_log(study.pipeline)) == 1
    assert_sound(workspace)
    assert rows(workspace, "SELECT count(*) FROM chains") == [(0,)]
