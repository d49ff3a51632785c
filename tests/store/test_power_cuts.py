"""The power may fail at any moment: what was recorded before anything ended is there, and nothing is there by half."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from random import Random

import pytest
from n4akit.store import WorkspaceStore

from .disk import Fault, Laboratory, failing, mark
from .life import Acknowledged, Life, acknowledged, assert_kept
from .powercut import Call, Disk, calls, leave
from .soundness import assert_mended, assert_sound, rows

WHOLE = frozenset({".duckdb"})
"""DuckDB writes some blocks of 16 KiB in place, and counts on the disk to write each whole or not at all."""


def live(disk: Path, log: Path, processes: int) -> None:
    """Go through a life, in each of so many processes at once."""
    child = os.fork() if processes == 2 else None
    with failing(disk, Fault.WELL, 0, str(log)):
        life = Life(disk / "workspace", mark)
        for step in (*life.steps, life.close):
            step()
    if child == 0:
        os._exit(0)
    assert not child or os.waitpid(child, 0)[1] == 0


def look(disk: Path, told: Acknowledged) -> None:
    """The workspace opens, has everything that it must have, is sound, and goes on."""
    workspace = disk / "workspace"
    with failing(disk, Fault.WELL, 0):
        with WorkspaceStore(workspace) as store:
            after = store.begin_run("after", {}, [])
            told.rows["runs"].add(after)
            assert_kept(store, told)
        assert_mended(workspace)
        for damaged in workspace.glob("store.duckdb.wal.damaged-*"):
            damaged.unlink()  # kept for whoever wants to know
        assert_sound(workspace)
        assert rows(workspace, "SELECT * FROM n4a.dropped") == []
        assert rows(workspace, f"SELECT name FROM runs WHERE run_id = '{after}'") == [("after",)]


def promised(done: list[Call]) -> Acknowledged:
    """What has to outlive a power cut: all that any process was told before the last thing that has ended began, and
    whatever has ended.
    """
    marks = [call for call in done if call.what == "mark"]
    began = {(call.pid, call.data.removeprefix(b"ending ")): place for place, call in enumerate(marks)}
    ends = [call for call in marks if call.data.startswith(b"ended ")]
    last = max((began[call.pid, call.data.removeprefix(b"ended ")] for call in ends), default=0)
    return acknowledged(call.data.decode() for call in [*marks[:last], *ends] if not call.data.startswith(b"ending"))


@pytest.mark.parametrize("states", [12, pytest.param(400, marks=pytest.mark.soak)])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_power_cut_leaves_what_was_promised(
    processes: int, states: int, laboratory: Laboratory, tmp_path: Path
) -> None:
    disk, log = tmp_path / "disk", tmp_path / "log"
    disk.mkdir()
    laboratory.run(live, disk, log, processes)
    done, root, chance = calls(log), PurePosixPath(disk), Random(states)
    assert len(promised(done).ended) == 3 * processes
    for state in range(states):
        moment = len(done) * (state + 1) // states
        seen = Disk(root, WHOLE)
        for call in done[:moment]:
            seen.do(call)
        left = tmp_path / f"state {state}, after call {moment}"
        leave(seen.some(chance), root, left)
        laboratory.run(look, left, promised(done[:moment]))
