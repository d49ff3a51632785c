"""Processes killed at random moments, over and over: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from n4akit.store import WorkspaceStore

from .actors import keep_reading, keep_writing, start
from .soundness import KEYS, assert_sound, rows

WRITERS = 3


def begin(number: int, workspace: Path, ledger: Path, seed: int) -> ForkServerProcess:
    """A writer, or, after the writers, a reader that tidies up."""
    if number < WRITERS:
        return start(keep_writing, workspace, ledger, seed)
    return start(keep_reading, workspace, seed)


def acknowledged(ledger: Path) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in ledger.read_text().splitlines():
        table, id = line.split()
        assert id not in found[table] or table == "artifacts"
        found[table].add(id)
    return found


@pytest.mark.parametrize("kills", [20, pytest.param(1000, marks=pytest.mark.soak)])
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(kills: int, tmp_path: Path) -> None:
    workspace, ledger = tmp_path / "workspace", tmp_path / "ledger"
    chance = random.Random(kills)
    processes = [begin(number, workspace, ledger, number) for number in range(WRITERS + 1)]
    for kill in range(kills):
        time.sleep(chance.uniform(0.0, 0.2))
        victim = chance.randrange(len(processes))
        processes[victim].kill()
        processes[victim].join()
        assert processes[victim].exitcode == -9
        processes[victim] = begin(victim, workspace, ledger, 1000 + kill)
    for process in processes:
        process.kill()
        process.join()
        assert process.exitcode == -9

    with WorkspaceStore(workspace) as store:
        store.list_runs()
    assert_sound(workspace)
    found = acknowledged(ledger)
    for table, key in KEYS.items():
        column = "message" if table == "logs" else key
        there = {id for (id,) in rows(workspace, f"SELECT {column} FROM {table}")}
        assert found[table] <= there
        assert len(there - found[table]) <= kills + len(processes)  # recorded, and killed before it was told
    completed = {id for (id,) in rows(workspace, "SELECT pipeline_id FROM pipelines WHERE status = 'completed'")}
    assert found["completed"] <= completed
    assert rows(workspace, "SELECT DISTINCT y_true FROM prediction_arrays") == [([0.5] * 50,)]
    assert rows(workspace, "SELECT count(*) FROM n4a.quarantine") == [(0,)]
    assert rows(workspace, "SELECT count(*) FROM n4a.dropped") == [(0,)]
    assert len(found["predictions"]) > kills
