"""Any call to the system may fail: that is told as an error of ours, and loses, doubles and blocks nothing."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from n4akit.store import StoreError, WorkspaceError, WorkspaceStore, reading

from .disk import DEAD, Fault, Laboratory, failing
from .life import Life, acknowledged, assert_kept
from .soundness import KEYS, assert_mended, assert_sound, rows

STRIDES = {Fault.FULL: 43, Fault.BROKEN: 61, Fault.SHORT: 120, Fault.UNSYNCED: 17, Fault.DEAD: 83, Fault.TORN: 119}
"""Every so many calls fail, in turn; every single one in the soak."""


def every(*faults: Fault) -> pytest.MarkDecorator:
    some = [pytest.param(fault, STRIDES[fault], id=f"{fault.name.lower()}, some calls") for fault in faults]
    soak = [pytest.param(fault, 1, id=f"{fault.name.lower()}, every call", marks=pytest.mark.soak) for fault in faults]
    return pytest.mark.parametrize(("fault", "stride"), some + soak)


def into(ledger: Path) -> Callable[[str, str], object]:
    """Tell by writing into a file, which outlives who tells."""
    file = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return lambda word, id: os.write(file, f"{word} {id}\n".encode())


def live(workspace: Path, ledger: Path, fault: Fault, nth: int) -> tuple[int, int]:
    """Go through a life in which a call fails; with the disk well again, do on the same store what failed. Answers how
    many calls there were, and how many steps failed.
    """
    reading.IDLE = 600.0  # the database is given back by a step, which may fail, and not in the background
    life = Life(workspace, into(ledger))
    calls, failed = 0, list[Callable[[], None]]()
    with failing(workspace, fault, nth) as heal:
        for step in life.steps:
            try:
                step()
            except StoreError:
                failed.append(step)
        if failed:
            calls = heal()
            for step in failed:
                step()
            assert_kept(life.store, acknowledged(ledger.read_text().splitlines()))
        try:
            life.close()
        except StoreError:
            failed.append(life.close)
        calls = max(calls, heal())
    look(workspace, ledger)
    return calls, len(failed)


def look(workspace: Path, ledger: Path) -> None:
    """Everything that was told is there once, for a new store, fsck, and DuckDB alone, and hardly anything else."""
    told = acknowledged(ledger.read_text().splitlines())
    with WorkspaceStore(workspace) as store:
        assert_kept(store, told)
    assert_mended(workspace)
    assert_sound(workspace)
    for table in ("runs", "predictions"):
        there = {id for (id,) in rows(workspace, f"SELECT {KEYS[table]} FROM {table}")}
        assert len(there - told.rows[table]) <= 1


def look_or_be_told(workspace: Path, ledger: Path) -> str | None:
    """The same; or the words with which the workspace refuses to be opened."""
    try:
        WorkspaceStore(workspace).close()
    except WorkspaceError as error:
        return str(error)
    look(workspace, ledger)
    return None


@every(Fault.FULL, Fault.BROKEN, Fault.SHORT, Fault.UNSYNCED)
def test_a_call_that_fails_is_told_and_the_store_goes_on(
    fault: Fault, stride: int, laboratory: Laboratory, tmp_path: Path
) -> None:
    for nth in itertools.count(1, stride):
        workspace, ledger = tmp_path / f"{nth}" / "workspace", tmp_path / f"{nth}.ledger"
        calls, failed = laboratory.run(live, workspace, ledger, fault, nth)
        if calls < nth:
            break
        # Not every call matters: to SQLite not those with which it closes an inbox that is empty.
        assert failed or fault in (Fault.SHORT, Fault.BROKEN) or nth > calls - 2
    assert failed == 0
    assert nth > stride


@every(Fault.DEAD, Fault.TORN)
def test_a_death_before_or_in_a_call_loses_and_doubles_nothing(
    fault: Fault, stride: int, laboratory: Laboratory, tmp_path: Path
) -> None:
    torn = 0
    for nth in itertools.count(1, stride):
        workspace, ledger = tmp_path / f"{nth}" / "workspace", tmp_path / f"{nth}.ledger"
        ended = laboratory.run(live, workspace, ledger, fault, nth)
        if ended != DEAD:
            break
        told = laboratory.run(look_or_be_told, workspace, ledger)
        # DuckDB writes a block in place that was half full, and one that is torn it knows by its checksum.
        assert told is None or (fault == Fault.TORN and "does not match stored checksum" in told)
        torn += told is not None
    assert ended[1] == 0
    assert nth > stride
    assert torn <= 8
