"""What is read: every question has one answer, in a stated order, with stable types, and filters mean what they say."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from n4akit.store import WorkspaceStore
from polars.datatypes import Datetime, Float64, Int64, String

from .study import Study, begin

KINDS = {"": String, "int": Int64, "real": Float64, "time": Datetime("us", "UTC")}


def schema(described: str) -> list[tuple[str, Any]]:
    """Columns in order, as `name` for text and `name:kind` for the others."""
    return [(name, KINDS[kind]) for name, _, kind in (word.partition(":") for word in described.split())]


RUNS = schema("run_id name config datasets status created_at:time completed_at:time summary error")
PIPELINES = schema(
    "pipeline_id run_id name expanded_config generator_choices dataset_name dataset_hash status created_at:time "
    "completed_at:time best_val:real best_test:real metric duration_ms:int error"
)
CHAINS = schema(
    "chain_id pipeline_id steps model_step_idx:int model_class preprocessings fold_strategy fold_artifacts "
    "shared_artifacts branch_path source_index:int created_at:time"
)
PREDICTIONS = schema(
    "prediction_id pipeline_id chain_id dataset_name model_name model_class fold_id partition val_score:real "
    "test_score:real train_score:real metric task_type n_samples:int n_features:int scores best_params branch_id:int "
    "branch_name exclusion_count:int exclusion_rate:real preprocessings created_at:time"
)
LOG = schema("log_id step_idx:int operator_class event duration_ms:int message details level created_at:time")
SUMMARY = schema(
    "pipeline_id pipeline_name pipeline_status log_count:int total_duration_ms:int warning_count:int error_count:int"
)

QUESTIONS: list[tuple[Callable[[Study], pl.DataFrame], list[tuple[str, Any]]]] = [
    (lambda s: s.store.list_runs(), RUNS),
    (lambda s: s.store.list_pipelines(), PIPELINES),
    (lambda s: s.store.get_chains_for_pipeline(s.pipeline), CHAINS),
    (lambda s: s.store.query_predictions(), PREDICTIONS),
    (lambda s: s.store.top_predictions(3), PREDICTIONS),
    (lambda s: s.store.top_predictions(3, group_by="model_class"), PREDICTIONS),
    (lambda s: s.store.get_pipeline_log(s.pipeline), LOG),
    (lambda s: s.store.get_run_log_summary(s.run), SUMMARY),
]


@pytest.mark.parametrize(("ask", "columns"), QUESTIONS)
def test_answers_have_the_same_columns_and_types_empty_or_not(
    ask: Callable[[Study], pl.DataFrame], columns: list[tuple[str, Any]], store: WorkspaceStore
) -> None:
    empty = ask(Study(store, "none", "none", "none"))
    study = begin(store)
    study.prediction()
    store.log_step(study.pipeline, 0, "SNV", "start")
    full = ask(study)
    assert empty.is_empty()
    assert not full.is_empty()
    assert list(empty.schema.items()) == list(full.schema.items()) == columns


def test_what_is_not_recorded_is_none(store: WorkspaceStore) -> None:
    for get in (store.get_run, store.get_pipeline, store.get_chain, store.get_prediction):
        assert get("nobody") is None
        assert get("half \ud800 a pair") is None
        assert get("x'; DROP TABLE runs; --") is None
    assert store.list_runs().is_empty()


def test_runs_and_pipelines_come_newest_first(store: WorkspaceStore) -> None:
    studies = [begin(store, f"run {number}") for number in range(5)]
    assert store.list_runs()["name"].to_list() == [f"run {number}" for number in (4, 3, 2, 1, 0)]
    assert store.list_pipelines()["run_id"].to_list() == [study.run for study in reversed(studies)]


def test_order_is_that_of_recording_though_the_clock_goes_back(
    store: WorkspaceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(1_700_000_000 * 10**9, 0, -(3600 * 10**9)))
    with monkeypatch.context() as clock:
        clock.setattr("time.time_ns", lambda: next(moments))
        study = begin(store)
        ids = [study.prediction() for _ in range(20)]
        for number in range(20):
            store.log_step(study.pipeline, 0, "SNV", "start", message=str(number))
    assert store.query_predictions()["prediction_id"].to_list() == ids[::-1]
    assert store.top_predictions(20)["prediction_id"].to_list() == ids
    assert store.get_pipeline_log(study.pipeline)["message"].to_list() == [str(number) for number in range(20)]


def test_a_dataset_is_found_by_its_exact_name(store: WorkspaceStore) -> None:
    names = ["wheat", "wheat2", "WHEAT", 'say "wheat"', "w%", "Weizen_ä", "a\\b", "$.name"]
    for name in names:
        store.begin_run(name, {"name": "wheat"}, [{"name": "other"}, {"name": name, "path": "wheat"}])
    for name in names:
        assert store.list_runs(dataset=name)["name"].to_list() == [name]
    assert len(store.list_runs(dataset="other")) == len(names)
    assert store.list_runs(dataset="whea").is_empty()


def test_runs_are_found_by_status_and_in_pages(store: WorkspaceStore) -> None:
    runs = [store.begin_run(str(number), {}, []) for number in range(7)]
    store.complete_run(runs[3], {})
    store.fail_run(runs[5], "e")
    assert store.list_runs(status="completed")["name"].to_list() == ["3"]
    assert store.list_runs(status="failed")["name"].to_list() == ["5"]
    assert store.list_runs(status="run%").is_empty()
    pages = [store.list_runs(limit=3, offset=offset)["name"].to_list() for offset in (0, 3, 6, 9)]
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"], []]


def test_a_hundred_runs_are_listed_unless_more_are_asked_for(store: WorkspaceStore) -> None:
    for number in range(101):
        store.begin_run(str(number), {}, [])
    assert len(store.list_runs()) == 100
    assert len(store.list_runs(limit=1000)) == 101


FILTERS: dict[str, Any] = {
    "dataset_name": "100%_wheat",
    "model_class": "a.b.PLS",
    "partition": "test",
    "fold_id": np.str_("final"),
    "branch_id": np.int64(3),
}


def test_filters_are_meant_literally_and_all_must_fit(store: WorkspaceStore) -> None:
    first, second = begin(store), begin(store)
    first.prediction()
    found = second.prediction(**FILTERS)
    everything = {**FILTERS, "pipeline_id": second.pipeline, "run_id": second.run}
    for name, value in everything.items():
        assert found in store.query_predictions(**{name: value})["prediction_id"].to_list()
    assert store.query_predictions(**everything)["prediction_id"].to_list() == [found]
    for name, other in (("dataset_name", "%"), ("model_class", "a_b_PLS"), ("branch_id", 2), ("run_id", first.run)):
        assert store.query_predictions(**{**everything, name: other}).is_empty()


def test_predictions_come_in_pages(study: Study) -> None:
    ids = [study.prediction() for _ in range(5)][::-1]
    assert study.store.query_predictions(limit=2)["prediction_id"].to_list() == ids[:2]
    assert study.store.query_predictions(limit=2, offset=3)["prediction_id"].to_list() == ids[3:]
    assert study.store.query_predictions(offset=4)["prediction_id"].to_list() == ids[4:]
    assert study.store.query_predictions(limit=0).is_empty()


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        (lambda s: s.query_predictions(limit=-1), "limit=-1"),
        (lambda s: s.query_predictions(offset=1.5), "offset=1.5"),
        (lambda s: s.list_runs(limit="10; DROP TABLE runs"), "limit"),
        (lambda s: s.top_predictions(-1), "n=-1"),
        (lambda s: s.top_predictions(1, metric="val"), "metric='val': expected one of val_score, test_score"),
        (lambda s: s.top_predictions(1, metric="model_name"), "metric='model_name'"),
        (lambda s: s.top_predictions(1, group_by="fold"), "group_by='fold': expected one of prediction_id"),
        (lambda s: s.top_predictions(1, group_by="1; DROP TABLE runs"), "group_by"),
        (lambda s: s.query_predictions(branch_id="one"), "branch_id='one': found str"),
        (lambda s: s.query_predictions(fold_id=0), "fold_id=0: found int, expected text"),
        (lambda s: s.list_pipelines(run_id=["r"]), "run_id="),
        (lambda s: s.export_predictions_parquet("x", fold="0"), "filter 'fold' is unknown, expected dataset_name"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused(
    ask: Callable[[WorkspaceStore], object], named: str, unchanged: Study
) -> None:
    with pytest.raises(ValueError, match=named):
        ask(unchanged.store)


SHUFFLED: list[float | None] = [0.3, math.nan, None, 0.1, math.inf, -math.inf, 0.2]


@pytest.mark.parametrize("ascending", [True, False])
def test_what_is_no_score_never_ranks_first(ascending: bool, study: Study) -> None:
    random.Random(5).shuffle(SHUFFLED)
    for score in SHUFFLED:
        study.prediction(val_score=score)
    found = study.store.top_predictions(10, ascending=ascending)["val_score"].to_list()
    scores = [-math.inf, 0.1, 0.2, 0.3, math.inf]
    assert found[:5] == (scores if ascending else scores[::-1])
    assert all(score is None or math.isnan(score) for score in found[5:])
    assert study.store.top_predictions(1, ascending=ascending)["val_score"].to_list() == found[:1]


def test_equal_scores_come_in_the_order_of_saving(study: Study) -> None:
    ids = [study.prediction(val_score=0.5) for _ in range(10)]
    for ascending in (True, False):
        assert study.store.top_predictions(10, ascending=ascending)["prediction_id"].to_list() == ids


def test_the_best_are_those_of_a_partition_and_a_dataset(study: Study) -> None:
    ids = {
        (partition, dataset): study.prediction(partition=partition, dataset_name=dataset)
        for partition in ("val", "test")
        for dataset in ("wheat", "maize")
    }
    ask = study.store.top_predictions
    assert ask(9)["prediction_id"].to_list() == [ids["val", "wheat"], ids["val", "maize"]]
    assert ask(9, partition="test", dataset_name="maize")["prediction_id"].to_list() == [ids["test", "maize"]]
    assert ask(9, partition="t%").is_empty()
    assert ask(0).is_empty()


@pytest.mark.parametrize("metric", ["test_score", "train_score", "n_samples", "exclusion_rate"])
def test_predictions_are_ranked_by_any_column_of_numbers(metric: str, study: Study) -> None:
    ids = [study.prediction(**{metric: value}) for value in (3, 1, 2)]
    ranked = study.store.top_predictions(3, metric=metric, ascending=False)["prediction_id"].to_list()
    assert ranked == [ids[0], ids[2], ids[1]]


def test_the_best_of_each_group_come_best_first_over_all_groups(study: Study) -> None:
    for name, scores in (("a", (0.4, 0.1, 0.6)), (None, (0.3, math.nan)), ("b", (0.2, 0.5))):
        for score in scores:
            study.prediction(branch_name=name, val_score=score)
    best = study.store.top_predictions(2, group_by="branch_name")
    expected = [("a", 0.1), ("b", 0.2), (None, 0.3), ("a", 0.4), ("b", 0.5)]
    assert best.select(["branch_name", "val_score"]).rows()[:5] == expected
    assert len(best) == 6
    assert best["branch_name"][5] is None
    assert math.isnan(best["val_score"][5])
