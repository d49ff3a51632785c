"""What is written: rows begin once, end once, and are refused at once when they contradict what is recorded."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from n4akit.store import Refused, UnknownId, WorkspaceStore, identity

from .study import Study, begin, new_prediction


def found(value: dict[str, Any] | None) -> dict[str, Any]:
    assert value is not None
    return value


def test_a_run_begins_running_and_tells_what_it_was_given(store: WorkspaceStore) -> None:
    before = datetime.now(UTC)
    run = store.begin_run("first", {"cv": 5}, [{"name": "wheat", "hash": "h"}])
    row = found(store.get_run(run))
    assert str(UUID(run)) == run
    assert (row["run_id"], row["name"], row["status"]) == (run, "first", "running")
    assert (row["config"], row["datasets"]) == ({"cv": 5}, [{"name": "wheat", "hash": "h"}])
    assert (row["completed_at"], row["summary"], row["error"]) == (None, None, None)
    assert before - timedelta(milliseconds=1) <= row["created_at"] <= datetime.now(UTC)
    assert row["created_at"].utcoffset() == timedelta(0)


def test_a_run_is_completed_with_its_summary(study: Study) -> None:
    study.store.complete_run(study.run, {"best": 0.25})
    row = found(study.store.get_run(study.run))
    assert (row["status"], row["summary"], row["error"]) == ("completed", {"best": 0.25}, None)
    assert row["completed_at"] >= row["created_at"]


def test_a_run_fails_with_its_error(study: Study) -> None:
    study.store.fail_run(study.run, "no such file")
    row = found(study.store.get_run(study.run))
    assert (row["status"], row["summary"], row["error"]) == ("failed", None, "no such file")


def test_a_pipeline_is_completed_with_its_scores(study: Study) -> None:
    study.store.complete_pipeline(study.pipeline, 0.25, math.nan, "rmse", 1234)
    row = found(study.store.get_pipeline(study.pipeline))
    assert (row["status"], row["best_val"], row["metric"], row["duration_ms"]) == ("completed", 0.25, "rmse", 1234)
    assert math.isnan(row["best_test"])
    assert (row["run_id"], row["expanded_config"]) == (study.run, {"steps": ["SNV", "PLS"]})


def test_a_chain_is_read_as_it_was_saved(study: Study) -> None:
    model = study.store.save_artifact("model", "PLS", "model", "joblib")
    scaler = study.store.save_artifact("scaler", "Scaler", "scaler", "joblib")
    steps = [
        {"step_idx": 0, "operator_class": "Scaler", "params": {"with_std": False}, "artifact_id": scaler},
        {"step_idx": 1, "operator_class": "PLS", "params": {}, "artifact_id": None, "stateless": False},
    ]
    chain = study.new_chain(
        steps=steps, fold_artifacts={0: model}, shared_artifacts={"0": scaler}, branch_path=[0, 2], source_index=1
    )
    row = found(study.store.get_chain(chain))
    assert row["steps"] == steps
    assert (row["fold_artifacts"], row["shared_artifacts"]) == ({"0": model}, {"0": scaler})
    assert (row["branch_path"], row["source_index"], row["model_step_idx"]) == ([0, 2], 1, 1)


def test_what_a_chain_need_not_say_is_none(study: Study) -> None:
    row = found(study.store.get_chain(study.chain))
    assert (row["branch_path"], row["source_index"]) == (None, None)


def test_the_positions_of_the_reference_are_ours(store: WorkspaceStore) -> None:
    run = store.begin_run("r", {}, [])
    pipeline = store.begin_pipeline(run, "p", {}, [], "d", "h")
    chain = store.save_chain(pipeline, [], 0, "PLS", "SNV", "shared", {}, {})
    values: tuple[Any, ...] = (
        "d",
        "m",
        "M",
        "0",
        "val",
        0.1,
        0.2,
        0.3,
        "rmse",
        "regression",
        1,
        2,
        {},
        {},
        None,
        None,
        0,
        0.0,
        "SNV",
    )
    row = found(store.get_prediction(store.save_prediction(pipeline, chain, *values)))
    assert (row["val_score"], row["test_score"], row["train_score"], row["preprocessings"]) == (0.1, 0.2, 0.3, "SNV")
    assert (row["n_samples"], row["n_features"], row["model_class"]) == (1, 2, "M")


def test_two_saves_are_two_predictions(study: Study) -> None:
    first, second = study.prediction(), study.prediction()
    assert first != second
    assert study.store.query_predictions()["prediction_id"].to_list() == [second, first]


def test_identifiers_never_repeat() -> None:
    ids = [identity.new_id() for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert {UUID(id).version for id in ids} == {7}


SCORES = [math.nan, math.inf, -math.inf, None, 0.0, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3]


@pytest.mark.parametrize("score", SCORES)
def test_scores_are_kept_to_the_bit(score: float | None, study: Study) -> None:
    row = found(study.store.get_prediction(study.prediction(val_score=score, test_score=score, train_score=score)))
    for name in ("val_score", "test_score", "train_score"):
        assert repr(row[name]) == repr(score)


def test_numpy_numbers_are_numbers(study: Study) -> None:
    prediction = study.prediction(val_score=np.float32(0.1), n_samples=np.int64(7), branch_id=np.uint8(3))
    row = found(study.store.get_prediction(prediction))
    assert (row["val_score"], row["n_samples"], row["branch_id"]) == (float(np.float32(0.1)), 7, 3)


ENDS: list[Callable[[Study], None]] = [
    lambda s: s.store.complete_run(s.run, {}),
    lambda s: s.store.fail_run(s.run, "again"),
    lambda s: s.store.complete_pipeline(s.pipeline, 0.0, 0.0, "rmse", 0),
    lambda s: s.store.fail_pipeline(s.pipeline, "again"),
]


@pytest.mark.parametrize("reopened", [False, True], ids=["at once", "after opening again"])
@pytest.mark.parametrize(("first", "second"), [(a, b) for p in (ENDS[:2], ENDS[2:]) for a in p for b in p])
def test_what_has_ended_does_not_end_again(
    first: Callable[[Study], None], second: Callable[[Study], None], reopened: bool, study: Study, workspace: Path
) -> None:
    first(study)
    if reopened:
        study.store.close()
        study = Study(WorkspaceStore(workspace), study.run, study.pipeline, study.chain)
    with study.store, pytest.raises(Refused, match=f"{study.run}|{study.pipeline}"):
        second(study)


def test_a_failed_pipeline_keeps_its_row_and_its_log_and_loses_what_it_made(study: Study) -> None:
    store, other = study.store, begin(study.store, "another")
    store.log_step(study.pipeline, 0, "SNV", "start")
    kept, lost = other.prediction(), study.prediction()
    for prediction in (kept, lost):
        store.save_prediction_arrays(prediction, np.ones(2), np.ones(2))
    store.fail_pipeline(study.pipeline, "singular matrix")
    row = found(store.get_pipeline(study.pipeline))
    assert (row["status"], row["error"]) == ("failed", "singular matrix")
    assert len(store.get_pipeline_log(study.pipeline)) == 1
    assert store.get_chain(study.chain) is None
    assert store.get_prediction(lost, load_arrays=True) is None
    assert store.query_predictions()["prediction_id"].to_list() == [kept]
    assert len(store.get_chains_for_pipeline(other.pipeline)) == 1


@pytest.mark.parametrize("moved", [False, True], ids=["from the inbox", "from the database"])
def test_nothing_is_added_to_a_failed_pipeline_but_log_entries(moved: bool, study: Study) -> None:
    prediction = study.prediction()
    study.store.fail_pipeline(study.pipeline, "singular matrix")
    if moved:
        study.store.list_runs()
    for attempt in (
        lambda: study.new_chain(),
        lambda: new_prediction(study.store, pipeline_id=study.pipeline, chain_id=study.chain),
        lambda: study.store.save_prediction_arrays(prediction, None, None),
    ):
        with pytest.raises((Refused, UnknownId)):
            attempt()
    study.store.log_step(study.pipeline, 1, "PLS", "error", message="singular matrix", level="error")
    assert study.store.get_pipeline_log(study.pipeline)["message"].to_list() == ["singular matrix"]


def test_a_log_entry_keeps_everything_it_was_told(study: Study) -> None:
    long = "x" * 10_000_000
    study.store.log_step(study.pipeline, 2, "PLS", "end", 12, long, {"rows": np.int64(3)}, "warning")
    row = study.store.get_pipeline_log(study.pipeline).row(0, named=True)
    assert (row["step_idx"], row["operator_class"], row["event"], row["duration_ms"]) == (2, "PLS", "end", 12)
    assert (json.loads(row["details"]), row["level"]) == ({"rows": 3}, "warning")
    assert row["message"] == long
