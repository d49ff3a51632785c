"""The clock may go back or leap: nothing is ordered by it, and no artifact is taken that somebody may still name."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from n4akit.store import WorkspaceStore

from .soundness import assert_sound
from .study import begin

HOUR = 3600 * 10**9


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Puts the clock so many hours before or after the real one, from now on."""
    real = time.time_ns

    def put(hours: int) -> None:
        monkeypatch.setattr("time.time_ns", lambda: real() + hours * HOUR)

    return put


def test_what_ends_before_it_began_is_kept_and_in_order(workspace: Path, set_clock: Callable[[int], None]) -> None:
    for hours in (5, 0, -5):
        set_clock(hours)
        with WorkspaceStore(workspace) as store:
            run = store.begin_run(f"{hours:+d} h", {}, [])
            set_clock(hours - 1)
            store.complete_run(run, {})
            ended = store.get_run(run)
            assert ended is not None
            assert ended["completed_at"] < ended["created_at"]
    with WorkspaceStore(workspace) as store:
        assert store.list_runs()["name"].to_list() == ["-5 h", "+0 h", "+5 h"]
    assert_sound(workspace)


def test_a_young_artifact_is_kept_when_the_clock_goes_back(workspace: Path, set_clock: Callable[[int], None]) -> None:
    with WorkspaceStore(workspace) as store:
        model = store.save_artifact({"coef": 1.5}, "M", "model", "joblib")
    set_clock(-2)
    with WorkspaceStore(workspace) as store:
        assert store.gc_artifacts() == 0
        begin(store).new_chain(fold_artifacts={"0": model})
        assert store.load_artifact(model) == {"coef": 1.5}


def test_an_artifact_of_who_is_still_here_is_kept_when_the_clock_leaps(
    workspace: Path, set_clock: Callable[[int], None]
) -> None:
    with WorkspaceStore(workspace) as saver, WorkspaceStore(workspace) as collector:
        model = saver.save_artifact({"coef": 1.5}, "M", "model", "joblib")
        set_clock(2)
        assert collector.gc_artifacts() == 0
        assert saver.gc_artifacts() == 0
        begin(saver).new_chain(fold_artifacts={"0": model})
        assert saver.load_artifact(model) == {"coef": 1.5}
    assert_sound(workspace)
