"""The log of a pipeline comes by step and in the order of recording; its summary counts every pipeline of a run."""

from __future__ import annotations

from n4akit.store import WorkspaceStore

from .study import Study, begin


def test_a_log_comes_by_step_and_in_the_order_of_recording(study: Study) -> None:
    for step, event in ((1, "start"), (0, "start"), (1, "end"), (0, "end"), (1, "warning")):
        study.store.log_step(study.pipeline, step, f"Step{step}", event)
    log = study.store.get_pipeline_log(study.pipeline)
    assert log.select(["step_idx", "event"]).rows() == [
        (0, "start"),
        (0, "end"),
        (1, "start"),
        (1, "end"),
        (1, "warning"),
    ]
    assert log["log_id"].n_unique() == 5


def test_a_summary_adds_up_what_ended_and_counts_what_went_wrong(study: Study) -> None:
    log = study.store.log_step
    log(study.pipeline, 0, "SNV", "start", 1_000_000)
    log(study.pipeline, 0, "SNV", "end", 7)
    log(study.pipeline, 1, "PLS", "end", 2**40)
    log(study.pipeline, 1, "PLS", "end")
    log(study.pipeline, 1, "PLS", "note", level="warning")
    log(study.pipeline, 1, "PLS", "note", level="warning")
    log(study.pipeline, 1, "PLS", "note", level="error")
    assert study.store.get_run_log_summary(study.run).rows() == [
        (study.pipeline, "0001_pls", "running", 7, 2**40 + 7, 2, 1)
    ]


def test_a_summary_has_a_row_of_zeros_for_a_pipeline_without_a_log(study: Study) -> None:
    silent = study.new_pipeline(name="0002_rf")
    study.store.log_step(study.pipeline, 0, "SNV", "end", 5)
    summary = study.store.get_run_log_summary(study.run)
    assert summary["pipeline_id"].to_list() == [study.pipeline, silent]
    assert summary.row(1) == (silent, "0002_rf", "running", 0, 0, 0, 0)


def test_logs_and_summaries_are_those_of_one_pipeline_and_one_run(store: WorkspaceStore) -> None:
    first, second = begin(store), begin(store)
    store.log_step(first.pipeline, 0, "SNV", "start")
    assert store.get_pipeline_log(second.pipeline).is_empty()
    assert store.get_run_log_summary(second.run)["log_count"].to_list() == [0]
    assert store.get_run_log_summary("nobody").is_empty()
