"""What is removed is removed at once and counted; what anybody may still name is no garbage; files really shrink."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.store import UnknownId, WorkspaceStore, cleanup
from n4akit.store.database import Connection

from .soundness import assert_sound
from .study import Study, begin, new_chain, new_pipeline, new_prediction, read

HOURS = 2 * 3600


def save(store: WorkspaceStore, obj: Any, format: str = "joblib") -> str:
    return store.save_artifact(obj, "a.b.Thing", "model", format)


def name(study: Study, *artifacts: str) -> str:
    """A chain that names artifacts, one per fold."""
    return study.new_chain(fold_artifacts={str(fold): artifact for fold, artifact in enumerate(artifacts)})


def make_old(store: WorkspaceStore, artifact: str) -> None:
    """As if it had been saved two hours ago."""
    moment = time.time() - HOURS
    os.utime(store.get_artifact_path(artifact), (moment, moment))


def kept(store: WorkspaceStore, artifact: str) -> bool:
    """Whether an artifact is there, row and file; both or neither."""
    try:
        path = store.get_artifact_path(artifact)
    except UnknownId:
        files = [*(store.workspace_path / "artifacts").rglob(f"*{artifact}*")]
        assert files == []
        return False
    assert path.exists()
    return True


def test_deleting_a_run_counts_every_row_and_leaves_the_others(study: Study, workspace: Path) -> None:
    store, other = study.store, begin(study.store, "other")
    second = new_pipeline(store, study.run)
    chains = [study.chain, new_chain(store, second), new_chain(store, second)]
    predictions = [
        new_prediction(store, pipeline_id=pipeline, chain_id=chain)
        for pipeline, chain in ((study.pipeline, chains[0]), (second, chains[1]), (second, chains[1]))
    ]
    for prediction in predictions[:2]:
        store.save_prediction_arrays(prediction, np.ones(3), None)
    for pipeline in (study.pipeline, second, second, second):
        store.log_step(pipeline, 0, "SNV", "start")
    kept_prediction = other.prediction()
    assert store.delete_run(study.run) == 1 + 2 + 3 + 3 + 2 + 4
    assert store.delete_run(study.run) == 0
    assert store.get_run(study.run) is None
    assert store.get_pipeline(second) is None
    assert store.get_chain(chains[2]) is None
    assert store.get_prediction(predictions[0]) is None
    assert store.get_pipeline_log(second).is_empty()
    assert store.list_runs()["run_id"].to_list() == [other.run]
    assert store.query_predictions()["prediction_id"].to_list() == [kept_prediction]
    store.close()
    assert_sound(workspace)


def test_deleting_an_unknown_run_deletes_nothing(study: Study) -> None:
    assert study.store.delete_run("nobody") == 0
    assert study.store.delete_run("%") == 0
    assert len(study.store.list_runs()) == 1


@pytest.mark.parametrize("table", ["predictions", "chains", "pipelines", "runs"])
def test_a_deletion_that_fails_deletes_nothing(table: str, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    delete = cleanup._delete

    def failing(connection: Connection, name: str, condition: str, parameter: str) -> int:
        if name == table:
            raise KeyboardInterrupt
        return delete(connection, name, condition, parameter)

    study.arrays(prediction := study.prediction(), y_true=np.ones(2))
    with monkeypatch.context() as interrupted, pytest.raises(KeyboardInterrupt):
        interrupted.setattr(cleanup, "_delete", failing)
        study.store.delete_run(study.run)
    assert read(study.store, prediction)["y_true"].tolist() == [1.0, 1.0]
    assert len(study.store.get_chains_for_pipeline(study.pipeline)) == 1
    assert study.store.delete_run(study.run) == 5


def test_nothing_is_added_to_a_deleted_run(study: Study) -> None:
    study.store.delete_run(study.run)
    with pytest.raises(UnknownId, match=study.run):
        study.new_pipeline()
    with pytest.raises(UnknownId, match=study.pipeline):
        study.prediction()


def test_a_prediction_is_deleted_with_its_arrays(study: Study, workspace: Path) -> None:
    gone, stays = study.prediction(), study.prediction()
    for prediction in (gone, stays):
        study.store.save_prediction_arrays(prediction, np.ones(3), None)
    assert study.store.delete_prediction(gone)
    assert not study.store.delete_prediction(gone)
    assert not study.store.delete_prediction("nobody")
    assert study.store.get_prediction(gone) is None
    assert read(study.store, stays)["y_true"].tolist() == [1.0] * 3
    study.store.close()
    assert_sound(workspace)


def test_artifacts_go_with_the_last_chain_that_names_them(store: WorkspaceStore) -> None:
    first, second = begin(store), begin(store)
    own, shared = save(store, "own"), save(store, "shared")
    name(first, own, shared)
    name(second, shared)
    store.delete_run(first.run)
    assert not kept(store, own)
    assert kept(store, shared)
    store.delete_run(second.run)
    assert not kept(store, shared)
    assert [*(store.workspace_path / "artifacts").iterdir()] == []


def test_an_artifact_named_anywhere_in_a_chain_is_kept(store: WorkspaceStore) -> None:
    study = begin(store)
    ids = [save(store, number) for number in range(4)]
    steps = [
        {"step_idx": 0, "operator_class": "A", "artifact_id": ids[0]},
        {"step_idx": 1, "operator_class": "B", "artifact_ids": [ids[1]]},
    ]
    study.new_chain(steps=steps, shared_artifacts={"2": [ids[2]]}, fold_artifacts={"final": ids[3]})
    store.close()
    with WorkspaceStore(store.workspace_path) as again:
        for artifact in ids:
            make_old(again, artifact)
        assert again.gc_artifacts() == 0
        assert all(kept(again, artifact) for artifact in ids)


def test_artifacts_of_a_deleted_run_stay_until_garbage_is_collected_if_so_asked(study: Study) -> None:
    artifact = save(study.store, "model")
    name(study, artifact)
    study.store.delete_run(study.run, delete_artifacts=False)
    assert kept(study.store, artifact)
    assert study.store.gc_artifacts() == 1
    assert not kept(study.store, artifact)
    assert study.store.gc_artifacts() == 0


def test_artifacts_of_a_failed_pipeline_are_garbage(study: Study) -> None:
    artifact = save(study.store, "model")
    name(study, artifact)
    study.store.fail_pipeline(study.pipeline, "e")
    assert study.store.gc_artifacts() == 1
    assert not kept(study.store, artifact)


def test_a_model_saved_long_ago_in_a_long_fit_is_no_garbage(study: Study) -> None:
    artifact = save(study.store, "model")
    make_old(study.store, artifact)
    assert study.store.delete_run(begin(study.store, "another").run) == 3
    assert study.store.gc_artifacts() == 0
    name(study, artifact)
    assert study.store.load_artifact(artifact) == "model"


def test_what_a_store_that_is_still_open_saved_is_no_garbage(workspace: Path) -> None:
    with WorkspaceStore(workspace) as fitting, WorkspaceStore(workspace) as cleaning:
        artifact = save(fitting, "model")
        make_old(cleaning, artifact)
        assert cleaning.gc_artifacts() == 0
        assert kept(fitting, artifact)


@pytest.mark.parametrize("old", [False, True])
def test_what_nobody_named_is_garbage_when_its_writer_is_gone_and_it_is_old(old: bool, workspace: Path) -> None:
    with WorkspaceStore(workspace) as gone:
        artifact = save(gone, "model")
    with WorkspaceStore(workspace) as store:
        if old:
            make_old(store, artifact)
        assert store.gc_artifacts() == old
        assert kept(store, artifact) is not old


def test_what_was_saved_again_a_moment_ago_is_young(workspace: Path) -> None:
    with WorkspaceStore(workspace) as first:
        artifact = save(first, "model")
        make_old(first, artifact)
    with WorkspaceStore(workspace) as second:
        save(second, "model")
    with WorkspaceStore(workspace) as store:
        assert store.gc_artifacts() == 0
        assert kept(store, artifact)


def test_what_was_saved_again_after_its_chain_is_gone_is_kept(study: Study) -> None:
    artifact = save(study.store, "model")
    name(study, artifact)
    study.store.delete_run(study.run, delete_artifacts=False)
    save(study.store, "model")
    assert study.store.gc_artifacts() == 0
    assert kept(study.store, artifact)


def test_an_object_saved_in_two_formats_leaves_no_file_behind(study: Study) -> None:
    artifact = save(study.store, [1.5], "joblib")
    assert save(study.store, [1.5], "pickle") == artifact
    name(study, artifact)
    assert study.store.delete_run(study.run) == 4
    assert not kept(study.store, artifact)


def test_references_are_counted_by_the_collection(study: Study) -> None:
    one, two = save(study.store, "one"), save(study.store, "two")
    name(study, one, two)
    name(study, two)
    study.store.gc_artifacts()
    with study.store._desk.database() as connection:
        counts = connection.execute("SELECT artifact_id, ref_count FROM artifacts").fetchall()
    assert dict(counts) == {one: 1, two: 2}
