"""Eight processes write into one workspace and one reads, beside those who insert into SQLite or open DuckDB each time.

Run: python tests/benchmarks/crowd.py [PREDICTIONS OF EACH]
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from n4akit.store import WorkspaceStore

WRITERS = 8
SAMPLES = 100
REPEATS = 5
FEW = 10
"""Predictions of each writer who opens the database for every one: it takes a while."""

Calls = list[float]


def through_the_store(folder: Path, n: int, start: Any) -> Calls:
    """Seconds of each call that records a prediction or its arrays."""
    calls: Calls = []
    y, indices = np.random.default_rng(0).random(SAMPLES), np.arange(SAMPLES)
    with WorkspaceStore(folder) as store:
        pipeline = store.begin_pipeline(store.begin_run("r", {}, []), "p", {}, [], "d", "h")
        step = {"step_idx": 0, "operator_class": "PLSRegression"}
        chain = store.save_chain(pipeline, [step], 0, "PLSRegression", "", "per_fold", {}, {})
        start.wait()
        for i in range(n):
            began = time.perf_counter()
            prediction = store.save_prediction(
                *(pipeline, chain, "d", f"m{i % 7}", "PLSRegression", str(i % 5), "val", 0.1 * i, 0.1, 0.1),
                *("rmse", "regression", SAMPLES, 700, {"val": {"rmse": 0.1}}, {"n": 5}, None, None, 0, 0.0),
            )
            between = time.perf_counter()
            store.save_prediction_arrays(prediction, y, y, sample_indices=indices)
            calls += [between - began, time.perf_counter() - between]
    return calls


def bare(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "bare.sqlite", timeout=60.0, isolation_level=None)
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def bare_inserts(folder: Path, n: int, start: Any) -> Calls:
    """Seconds of each insert of as many bytes into SQLite in WAL mode, by processes that share one file."""
    connection = bare(folder)
    calls: Calls = []
    start.wait()
    for _ in range(n):
        for given in (("x" * 330, None), ("x" * 130, bytes(24 * SAMPLES))):
            began = time.perf_counter()
            connection.execute("INSERT INTO records (doc, body) VALUES (?, ?)", given)
            calls.append(time.perf_counter() - began)
    connection.close()
    return calls


def connect_and_retry(folder: Path, n: int, start: Any) -> Calls:
    """Seconds of each prediction for which DuckDB is opened, as often as it takes, written, and closed."""
    calls: Calls = []
    y = np.random.default_rng(0).random(SAMPLES).tolist()
    start.wait()
    for i in range(n):
        began = time.perf_counter()
        while True:
            try:
                connection = duckdb.connect(str(folder / "plain.duckdb"))
                break
            except duckdb.IOException:
                time.sleep(0.01)
        with connection:
            connection.execute("CREATE TABLE IF NOT EXISTS predictions (name VARCHAR, score DOUBLE, scores JSON)")
            connection.execute("CREATE TABLE IF NOT EXISTS arrays (name VARCHAR, y_true DOUBLE[], y_pred DOUBLE[])")
            connection.execute("BEGIN")
            connection.execute("INSERT INTO predictions VALUES (?, ?, ?)", [f"p{i}", 0.1, '{"val": 0.1}'])
            connection.execute("INSERT INTO arrays VALUES (?, ?, ?)", [f"p{i}", y, y])
            connection.execute("COMMIT")
        calls.append(time.perf_counter() - began)
    return calls


def work(write: Callable[[Path, int, Any], Calls], folder: Path, n: int, start: Any, taken: Any) -> None:
    taken.put(write(folder, n, start))


def crowd(write: Callable[[Path, int, Any], Calls], n: int) -> tuple[float, Calls, Calls]:
    """Predictions a second until all are found, what each call took, and what each of a reader's questions took."""
    context = multiprocessing.get_context("spawn")
    start, taken = context.Barrier(WRITERS + 1, timeout=300), context.Queue()
    calls: Calls = []
    reads: Calls = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(bare(folder)) as connection:  # by one: who changes the mode does not wait for others
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, doc TEXT, body BLOB)")
        arguments = (write, folder, n, start, taken)
        writers = [context.Process(target=work, args=arguments) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        start.wait()
        began = time.perf_counter()
        if write is through_the_store:
            with WorkspaceStore(folder) as store:
                while len(store.query_predictions()) < WRITERS * n:
                    asked = time.perf_counter()
                    store.top_predictions(10)
                    reads.append(time.perf_counter() - asked)
                    time.sleep(0.05)
                whole = time.perf_counter() - began
                calls = [call for _ in writers for call in taken.get(timeout=600)]
        else:
            calls = [call for _ in writers for call in taken.get(timeout=600)]
            whole = time.perf_counter() - began
        for writer in writers:
            writer.join()
    return WRITERS * n / whole, calls, reads


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(f"| 8 writers, {n} predictions each | predictions a second | call p50 | p99 | largest | reader p50 |")
    print("|---|---|---|---|---|---|")
    shapes = ((through_the_store, n), (bare_inserts, n), (connect_and_retry, FEW))
    runs: dict[str, list[tuple[float, Calls, Calls]]] = {write.__name__: [] for write, _ in shapes}
    for _ in range(REPEATS):
        for write, count in shapes:
            runs[write.__name__].append(crowd(write, count))
    for name, given in runs.items():
        rate = statistics.median(run[0] for run in given)
        times = [statistics.median(float(np.quantile(run[1], q)) for run in given) * 1e3 for q in (0.5, 0.99, 1.0)]
        reads = [read for run in given for read in run[2]]
        seen = f"{statistics.median(reads) * 1e3:.0f} ms" if reads else ""
        print(f"| {name.replace('_', ' ')} | {rate:.0f} | " + " | ".join(f"{t:.3g} ms" for t in times) + f" | {seen} |")


if __name__ == "__main__":
    main()
