"""Several processes and threads share a workspace: all read what all wrote, and contradict each other at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.store import Refused, UnknownId, WorkspaceStore

from .puppets import Puppet
from .soundness import assert_sound
from .study import Study, begin, read


@pytest.fixture
def puppets(workspace: Path) -> Iterator[Callable[[int], list[Puppet]]]:
    """Begins so many processes; they close their stores in the end, and leave a sound workspace."""
    begun: list[Puppet] = []

    def make(count: int) -> list[Puppet]:
        begun.extend(Puppet(workspace) for _ in range(count))
        return begun[-count:]

    yield make
    for puppet in begun:
        puppet.leave()
    WorkspaceStore(workspace).close()  # after a kill somebody has to
    assert_sound(workspace)


def test_everybody_reads_what_everybody_wrote(puppets: Callable[[int], list[Puppet]]) -> None:
    three = puppets(3)
    for number in range(6):
        writer, reader = three[number % 3], three[(number + 1) % 3]
        run = writer("begin_run", str(number), {"by": number}, [])
        assert reader("get_run", run)["config"] == {"by": number}
        assert [len(puppet("list_runs")) for puppet in three] == [number + 1] * 3


def test_each_part_of_a_study_may_come_from_another_process(puppets: Callable[[int], list[Puppet]]) -> None:
    a, b, c, d = puppets(4)
    run = a("begin_run", "r", {}, [])
    pipeline = b("new_pipeline", run)
    artifact = c("save_artifact", [1.5], "list", "model", "joblib")
    chain = d("new_chain", pipeline, fold_artifacts={"0": artifact})
    prediction = a("new_prediction", pipeline_id=pipeline, chain_id=chain)
    b("save_prediction_arrays", prediction, np.arange(3.0), None)
    c("log_step", pipeline, 0, "SNV", "end", 5)
    d("complete_pipeline", pipeline, 0.1, 0.2, "rmse", 7)
    a("complete_run", run, {"best": 0.1})
    assert b("get_run", run)["status"] == "completed"
    assert c("get_prediction", prediction, load_arrays=True)["y_true"].tolist() == [0.0, 1.0, 2.0]
    assert d("load_artifact", artifact) == [1.5]
    assert a("get_run_log_summary", run)["total_duration_ms"].to_list() == [5]


def test_an_unknown_parent_is_refused_in_every_process(puppets: Callable[[int], list[Puppet]]) -> None:
    one, two = puppets(2)
    run = one("begin_run", "r", {}, [])
    for puppet in (one, two):
        with pytest.raises(UnknownId, match="nobody"):
            puppet("new_pipeline", "nobody")
        with pytest.raises(UnknownId, match=f"pipeline_id '{run}'"):
            puppet("new_chain", run)


@pytest.mark.parametrize("moved", [False, True], ids=["from the inbox", "from the database"])
def test_what_may_happen_once_happens_once_over_all_processes(
    moved: bool, puppets: Callable[[int], list[Puppet]]
) -> None:
    three = puppets(3)
    run, pipeline, chain = three[0]("begin_study")
    prediction = three[0]("new_prediction", pipeline_id=pipeline, chain_id=chain)
    if moved:
        three[1]("delete_run", "nobody")  # moves everything into the database
    calls: list[tuple[str, str, tuple[Any, ...]]] = [
        ("saved already", "save_prediction_arrays", (prediction, np.ones(1), None)),
        ("completed or failed already", "complete_pipeline", (pipeline, 0.1, 0.1, "rmse", 1)),
        ("completed or failed already", "fail_run", (run, "e")),
    ]
    for said, name, arguments in calls:
        for puppet in three:
            puppet.ask(name, *arguments)
        refusals = []
        for puppet in three:
            try:
                assert puppet.answer() is None
            except Refused as refusal:
                refusals.append(str(refusal))
        assert len(refusals) == 2
        assert all(said in refusal for refusal in refusals)


def test_a_process_that_is_killed_leaves_its_records_and_nobody_waiting(
    puppets: Callable[[int], list[Puppet]],
) -> None:
    one, two = puppets(2)
    for puppet in (one, two):
        puppet("begin_run", "r", {}, [])
    one("list_runs")  # has the lease
    one.kill()
    assert len(two("list_runs")) == 2
    two.kill()
    (three,) = puppets(1)
    assert len(three("list_runs")) == 2


def test_what_one_process_deletes_is_gone_for_all(puppets: Callable[[int], list[Puppet]]) -> None:
    one, two = puppets(2)
    run, _, chain = one("begin_study")
    assert two("delete_run", run) == 3
    assert one("get_chain", chain) is None
    assert one("list_pipelines").is_empty()
    with pytest.raises(UnknownId):
        two("new_pipeline", run)


def test_many_processes_write_and_read_at_once(puppets: Callable[[int], list[Puppet]]) -> None:
    four = puppets(4)
    for puppet in four:
        puppet.ask("write_and_read", 40)
    assert [puppet.answer() for puppet in four] == [40] * 4
    assert len(four[0]("query_predictions")) == 160


def test_threads_share_one_store(store: WorkspaceStore, workspace: Path) -> None:
    study = begin(store)

    def work(number: int) -> list[str]:
        made = []
        for _ in range(25):
            made.append(study.prediction(branch_id=number))
            store.save_prediction_arrays(made[-1], np.full(3, float(number)), None)
            store.log_step(study.pipeline, number, "SNV", "end", 1)
        found = store.query_predictions(branch_id=number)["prediction_id"].to_list()
        assert found == made[::-1]
        return made

    with ThreadPoolExecutor(8) as threads:
        made = [id for ids in threads.map(work, range(8)) for id in ids]
    assert set(store.query_predictions()["prediction_id"]) == set(made)
    assert read(store, made[0])["y_true"].tolist() == [0.0] * 3
    assert store.get_run_log_summary(study.run)["log_count"].to_list() == [200]
    store.close()
    assert_sound(workspace)


def test_threads_and_the_watcher_close_in_any_order(workspace: Path) -> None:
    for _ in range(10):
        store = WorkspaceStore(workspace)
        with ThreadPoolExecutor(4) as threads:
            counts = [*threads.map(lambda number: len(store.list_runs()), range(4))]  # noqa: B023
            [*threads.map(lambda number: store.close(), range(4))]  # noqa: B023
        assert counts == [0] * 4
    assert_sound(workspace)


def test_a_thread_opens_what_another_closes(study: Study, workspace: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(WorkspaceStore, workspace).result()
    assert other.list_runs()["run_id"].to_list() == [study.run]
    with ThreadPoolExecutor(1) as threads:
        threads.submit(other.close).result()
    assert len(study.store.list_runs()) == 1
