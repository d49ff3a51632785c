"""A database that was emptied becomes small, and stays whole while others use it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from n4akit.store import WorkspaceStore

from .soundness import assert_sound, rows
from .study import begin, read


def fill(store: WorkspaceStore, runs: int, predictions: int) -> list[str]:
    chance = np.random.default_rng(0)
    studies = [begin(store, str(number)) for number in range(runs)]
    for study in studies:
        for _ in range(predictions):
            store.save_prediction_arrays(study.prediction(), *chance.normal(size=(2, 100)))
    return [study.run for study in studies]


def size(store: WorkspaceStore) -> int:
    store.close()
    return (store.workspace_path / "store.duckdb").stat().st_size


def test_deleting_95_percent_shrinks_the_file_by_90_percent(workspace: Path) -> None:
    store = WorkspaceStore(workspace)
    runs = fill(store, 20, 200)
    before = size(store)
    with WorkspaceStore(workspace) as store:
        for run in runs[1:]:
            store.delete_run(run)
        survivors = store.query_predictions()
        bits = read(store, survivors["prediction_id"][0])["y_pred"].tobytes()
        store.vacuum()
        assert store.query_predictions().equals(survivors)
        assert read(store, survivors["prediction_id"][0])["y_pred"].tobytes() == bits
    assert size(store) <= before / 10
    assert_sound(workspace)


def test_vacuum_keeps_every_key_and_every_record_apart(workspace: Path) -> None:
    keys = "SELECT table_name, constraint_type, constraint_text FROM duckdb_constraints() ORDER BY ALL"
    tables = "SELECT schema_name, table_name, sql FROM duckdb_tables() ORDER BY ALL"
    with WorkspaceStore(workspace) as store:
        fill(store, 1, 3)
    before = rows(workspace, keys), rows(workspace, tables), rows(workspace, "SELECT * FROM n4a.meta")
    with WorkspaceStore(workspace) as store:
        store.vacuum()
        store.vacuum()
        store.begin_run("after", {}, [])
        assert store.list_runs()["name"].to_list() == ["after", "0"]
    assert (rows(workspace, keys), rows(workspace, tables), rows(workspace, "SELECT * FROM n4a.meta")) == before
    assert_sound(workspace)


def test_others_go_on_while_and_after_it_is_vacuumed(workspace: Path) -> None:
    with WorkspaceStore(workspace) as one, WorkspaceStore(workspace) as two:
        fill(one, 1, 3)
        assert len(two.query_predictions()) == 3
        one.vacuum()
        fill(two, 1, 2)
        assert len(two.query_predictions()) == len(one.query_predictions()) == 5
        two.vacuum()
        assert len(one.query_predictions()) == 5
    assert_sound(workspace)
