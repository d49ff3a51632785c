"""Two stores at once, interleaved line by line: what was saved stays, and who leaves takes nothing of others away."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from n4akit.store import Closed, WorkspaceStore, cleanup, desk, inbox, lease, lifecycle, objects

from .interleaving import meanwhile
from .soundness import assert_sound
from .study import begin

MODEL = {"coef": list(range(50))}

some_lines = pytest.mark.parametrize(
    "stride", [pytest.param(7, id="some lines"), pytest.param(1, id="every line", marks=pytest.mark.soak)]
)


def save(store: WorkspaceStore) -> str:
    return store.save_artifact(MODEL, "a.b.Model", "model", "joblib")


def save_into(ids: list[str], store: WorkspaceStore) -> None:
    ids.append(save(store))


@pytest.fixture
def garbage(workspace: Path) -> Path:
    """A closed workspace with an artifact that only a deleted chain named."""
    with WorkspaceStore(workspace) as store:
        study = begin(store)
        study.new_chain(fold_artifacts={"0": save(store)})
        store.delete_run(study.run, delete_artifacts=False)
    return workspace


def copies(workspace: Path, stride: int) -> Iterator[tuple[int, Path]]:
    """Copies of a workspace, each with the line at which it is to be interrupted."""
    for line in itertools.count(1, stride):
        copy = workspace.with_name(f"interrupted at line {line}")
        shutil.copytree(workspace, copy)
        yield line, copy


def assert_saved(store: WorkspaceStore, artifact: str) -> None:
    begin(store).new_chain(fold_artifacts={"0": artifact})
    assert store.load_artifact(artifact) == MODEL
    assert store.gc_artifacts() == 0
    assert store.load_artifact(artifact) == MODEL


@some_lines
def test_an_object_saved_again_at_any_line_of_a_collection_is_kept(stride: int, garbage: Path) -> None:
    for line, copy in copies(garbage, stride):
        ids: list[str] = []
        with WorkspaceStore(copy) as collector, WorkspaceStore(copy) as saver:
            reached = meanwhile(collector.gc_artifacts, (cleanup, objects), line, partial(save_into, ids, saver))
            assert_saved(saver, ids[0] if reached else save(saver))
        assert_sound(copy)
        if not reached:
            break
    assert line > 30


@some_lines
def test_a_collection_at_any_line_of_saving_again_takes_nothing(stride: int, garbage: Path) -> None:
    for line, copy in copies(garbage, stride):
        ids: list[str] = []
        with WorkspaceStore(copy) as collector, WorkspaceStore(copy) as saver:
            saves = partial(save_into, ids, saver)
            reached = meanwhile(saves, (lifecycle, objects), line, collector.gc_artifacts)
            assert_saved(saver, ids[0])
        assert_sound(copy)
        if not reached:
            break
    assert line > 15


@some_lines
def test_who_leaves_at_any_line_of_a_collection_takes_nothing_away(stride: int, garbage: Path) -> None:
    for line, copy in copies(garbage, stride):
        leaver = WorkspaceStore(copy)
        with WorkspaceStore(copy) as collector:
            leaver.begin_run("moved", {}, [])
            assert len(collector.list_runs()) == 1
            collector.delete_run("nobody")  # trims the inbox, so that the leaver has nothing to do in it
            reached = meanwhile(collector.gc_artifacts, (cleanup, desk, lease), line, leaver.close)
            collector.begin_run("after", {}, [])
            with WorkspaceStore(copy) as other:
                assert len(other.list_runs()) == 2
        leaver.close()
        assert_sound(copy)
        if not reached:
            break
    assert line > 50


def test_who_leaves_just_when_a_collection_looks_who_is_there_takes_nothing_away(
    garbage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaver = WorkspaceStore(garbage)
    with WorkspaceStore(garbage) as collector:
        collector.delete_run("nobody", delete_artifacts=False)  # nothing is in the inbox
        presence = collector._writing._presence
        come_back = presence.wait_shared

        def leave_first(seconds: float) -> None:
            leaver.close()
            come_back(seconds)

        monkeypatch.setattr(presence, "wait_shared", leave_first)
        assert collector.gc_artifacts() == 1
        collector.begin_run("after", {}, [])
        with WorkspaceStore(garbage) as other:
            assert len(other.list_runs()) == 1
    assert_sound(garbage)


def record(acknowledged: list[str], store: WorkspaceStore, run: str) -> None:
    with suppress(Closed):
        acknowledged.append(store.begin_run("meanwhile", {}, []))
        store.complete_run(run, {})


@some_lines
def test_a_record_put_at_any_line_of_closing_is_refused_or_kept(stride: int, garbage: Path) -> None:
    for line, copy in copies(garbage, stride):
        store, acknowledged = WorkspaceStore(copy), list[str]()
        run = store.begin_run("before", {}, [])
        reached = meanwhile(store.close, (desk, lease, inbox), line, partial(record, acknowledged, store, run))
        with WorkspaceStore(copy) as again:
            assert set(acknowledged) <= set(again.list_runs()["run_id"])
        assert_sound(copy)
        if not reached:
            break
    assert line > 30
