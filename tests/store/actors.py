"""What other processes do to a workspace, and how they are started."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from n4akit.store import WorkspaceStore, desk

from .study import begin

__all__ = ["abandon", "hold", "read_and_die", "record_much", "run", "start"]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["n4akit.store"])


def start(act: Callable[..., object], *arguments: Any) -> ForkServerProcess:
    """Begin an act in a new process, which inherits nothing of ours."""
    process = _context.Process(target=act, args=arguments)
    process.start()
    return process


def run(act: Callable[..., object], *arguments: Any) -> int | None:
    """Let a new process act to its end; its exit code."""
    process = start(act, *arguments)
    process.join(60)
    return process.exitcode


def abandon(workspace: Path, names: list[str]) -> None:
    """Record runs, and die without closing."""
    store = WorkspaceStore(workspace)
    for name in names:
        store.begin_run(name, {}, [])
    os._exit(7)


def hold(workspace: Path, ready: Connection) -> None:
    """Read, so as to hold the database, and stay."""
    with WorkspaceStore(workspace) as store:
        store.list_runs()
        ready.send("holding")
        ready.recv()


def record_much(workspace: Path, count: int, backlog: int) -> None:
    """Record runs, moving a backlog of so many bytes, and die without closing."""
    desk.BACKLOG = backlog
    abandon(workspace, [f"run {number}" for number in range(count)])


def read_and_die(workspace: Path, statement: str) -> None:
    """Record ten predictions, have them moved, execute a statement, and die before anything is written back."""
    store = WorkspaceStore(workspace)
    study = begin(store, "another")
    for _ in range(10):
        study.prediction()
    with store._desk.database() as connection:
        connection.execute(statement)
        os._exit(7)
