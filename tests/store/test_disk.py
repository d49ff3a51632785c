"""A disk that is full: an error that says so, nothing half recorded, and everything there when there is room again."""

from __future__ import annotations

import multiprocessing
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from n4akit.store import StoreError, WorkspaceStore

from .actors import start
from .soundness import assert_sound
from .study import Study, begin, read


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file may grow beyond this, as on a disk that is full; whoever tries is told so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def record_until_full(workspace: Path, before: int, room: int, answers: Connection) -> None:
    """Record and read while no file may grow beyond the size of the database and some room, and then without limit."""
    with WorkspaceStore(workspace) as store:
        study = begin(store)
        for number in range(before):
            try_once(study, number, Counter())
    limit = (workspace / "store.duckdb").stat().st_size + room
    with WorkspaceStore(workspace) as store:
        study = begin(store)
        store.list_runs()
        told: Counter[str] = Counter()
        with limited(limit):
            acknowledged = [saved for number in range(60) for saved in try_once(study, number, told)]
        there = store.query_predictions()["prediction_id"].to_list()
        lengths = {len(read(store, id)["y_true"]) for id in acknowledged}
        answers.send((acknowledged, there, lengths, dict(told)))


def try_once(study: Study, number: int, told: Counter[str]) -> list[str]:
    try:
        if number % 10 == 9:
            study.store.query_predictions(limit=1)
        prediction = study.prediction()
        study.store.save_prediction_arrays(prediction, np.random.default_rng(number).normal(size=1500), None)
        return [prediction]
    except StoreError as error:
        told[str(error).split(": ")[-1][:60]] += 1
        return []


@pytest.mark.parametrize(
    ("before", "room"),
    [(0, 0), (0, 500_000), (80, 0)],
    ids=["inbox", "inbox later", "database"],
)
def test_a_full_disk_is_told_and_loses_nothing(before: int, room: int, workspace: Path) -> None:
    here, there = multiprocessing.Pipe()
    process = start(record_until_full, workspace, before, room, there)
    there.close()
    acknowledged, found, lengths, told = here.recv()
    process.join()
    assert process.exitcode == 0
    assert told
    assert set(acknowledged) <= set(found)
    assert lengths <= {1500}
    assert_sound(workspace)
