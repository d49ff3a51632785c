"""What other processes do to a workspace, and how they are started."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np
from n4akit.store import WorkspaceStore, desk

from .study import begin, new_chain, new_pipeline, new_prediction

__all__ = ["abandon", "hold", "keep_reading", "keep_writing", "read_and_die", "record_much", "run", "start"]

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


def keep_writing(workspace: Path, ledger: Path, seed: int) -> None:
    """Record whole studies, and write into a ledger what was acknowledged, until killed."""
    said = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(*words: object) -> None:
        os.write(said, f"{' '.join(map(str, words))}\n".encode())

    chance = np.random.default_rng(seed)
    with WorkspaceStore(workspace) as store:
        while True:
            run_id = store.begin_run("r", {}, [])
            note("runs", run_id)
            pipeline = new_pipeline(store, run_id)
            note("pipelines", pipeline)
            model = store.save_artifact({"coef": chance.normal(size=20)}, "M", "model", "pickle")
            note("artifacts", model)
            chain = new_chain(store, pipeline, fold_artifacts={"0": model})
            note("chains", chain)
            for _ in range(chance.integers(20)):
                prediction = new_prediction(store, pipeline_id=pipeline, chain_id=chain)
                note("predictions", prediction)
                store.save_prediction_arrays(prediction, np.full(50, 0.5), None)
                note("prediction_arrays", prediction)
            store.log_step(pipeline, 0, "M", "end", 1, run_id)
            note("logs", run_id)
            store.complete_pipeline(pipeline, 0.1, 0.1, "rmse", 1)
            note("completed", pipeline)


def keep_reading(workspace: Path, seed: int) -> None:
    """Read, and tidy up every now and then, until killed."""
    chance = np.random.default_rng(seed)
    known = 0
    with WorkspaceStore(workspace) as store:
        while True:
            found = len(store.query_predictions())
            assert found >= known
            known = found
            store.top_predictions(5)
            if chance.random() < 0.2:
                store.gc_artifacts()
            if chance.random() < 0.1:
                store.vacuum()
            time.sleep(0.01)
