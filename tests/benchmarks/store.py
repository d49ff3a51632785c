"""The workspace beside its limits: DuckDB's bulk insert, a bare insert into SQLite, raw SQL, joblib as others use it.

Run: python tests/benchmarks/store.py [PREDICTIONS [SAMPLES]]
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import joblib
import numpy as np
import pyarrow as pa
from n4akit.store import WorkspaceStore
from n4akit.store.database import open_database
from n4akit.store.tables import TABLES
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import RandomForestRegressor
from workload import medians, ratio

SAMPLES = int(sys.argv[2]) if len(sys.argv) > 2 else 100
"""Values in each array of a prediction."""
FOLDS = 500
"""Predictions in a pipeline."""


def timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def line(what: str, ours: str, limit: str = "", against: str = "") -> None:
    print(f"| {what} | {ours} | {limit} | {against} |")


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


Insert = Callable[[str, bytes | None], object]


def record(store: WorkspaceStore, n: int, calls: list[float], bare: Insert, inserts: list[float]) -> str:
    """n predictions with arrays, as a training engine records them; answers the run.

    A bare insert of as many bytes follows each call, so that both meet the same machine.
    """
    rng = np.random.default_rng(0)
    y, indices = rng.random(SAMPLES), np.arange(SAMPLES)
    run = store.begin_run("benchmark", {"n": n}, [{"name": "d"}])
    model = store.save_artifact({"model": 1}, "dict", "model", "joblib")
    for start in range(0, n, FOLDS):
        pipeline = store.begin_pipeline(run, f"p{start}", {"steps": ["SNV", "PLS"]}, [], "d", "h")
        step = {"step_idx": 1, "operator_class": "dict", "artifact_id": None}
        chain = store.save_chain(pipeline, [step], 1, "dict", "SNV", "per_fold", {"0": model}, {})
        for i in range(start, min(start + FOLDS, n)):
            predicted, score = rng.random(SAMPLES), rng.random()
            begun = time.perf_counter()
            prediction = store.save_prediction(
                *(pipeline, chain, "d", f"m{i % 7}", "PLSRegression", str(i % 5), "val", score, score, score),
                *("rmse", "regression", SAMPLES, 700, {"val": {"rmse": score}}, {"n": 5}, None, None, 0, 0.0),
            )
            between = time.perf_counter()
            store.save_prediction_arrays(prediction, y, predicted, sample_indices=indices)
            calls += [between - begun, time.perf_counter() - between]
            inserts += [timed(lambda: bare("x" * 330, None)), timed(lambda: bare("x" * 130, bytes(24 * SAMPLES)))]
        store.complete_pipeline(pipeline, 0.1, 0.1, "rmse", 1)
    store.complete_run(run, {})
    return run


def bulk(folder: Path, n: int) -> float:
    """Seconds in which DuckDB takes the same rows when they are all in memory: its limit."""
    rng = np.random.default_rng(0)
    rows: dict[str, Any] = {name: ["x" * 36] * n for name in TABLES["predictions"].names}
    rows["prediction_id"] = [f"{i:036d}" for i in range(n)]
    for column in TABLES["predictions"].columns:
        kind = column.kind.arrow
        if kind == pa.float64():
            rows[column.name] = rng.random(n)
        elif kind == pa.int64() or pa.types.is_timestamp(kind):
            rows[column.name] = np.arange(n)
        elif column.kind.sql == "JSON":
            rows[column.name] = ['{"val": {"rmse": 0.5}}'] * n
    y = rng.random(SAMPLES)
    predicted = rng.random((n, SAMPLES))

    def run() -> None:
        with open_database(folder) as connection:
            predictions = pa.table({**rows, "seq": np.arange(n)}).cast(TABLES["predictions"].arrow)
            offsets = pa.array(np.arange(n + 1, dtype=np.int32) * SAMPLES)
            lists = {
                "y_true": pa.ListArray.from_arrays(offsets, pa.array(np.tile(y, n))),
                "y_pred": pa.ListArray.from_arrays(offsets, pa.array(predicted.ravel())),
                "sample_indices": pa.ListArray.from_arrays(offsets, pa.array(np.tile(np.arange(SAMPLES), n))),
            }
            arrays = pa.table({"prediction_id": rows["prediction_id"], **lists, "seq": np.arange(n)})
            for table, incoming in (("predictions", predictions), ("prediction_arrays", arrays)):
                connection.register("incoming", incoming)
                connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
            connection.execute("CHECKPOINT store")

    return timed(run)


def bare_insert(folder: Path) -> Insert:
    """Inserts the bytes of one record into SQLite in WAL mode, and does nothing else."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, doc TEXT, body BLOB)")
    return lambda doc, body: connection.execute("INSERT INTO records (doc, body) VALUES (?, ?)", (doc, body))


def reading(store: WorkspaceStore) -> None:
    identifiers = store.query_predictions(limit=200)["prediction_id"].to_list()
    shown = TABLES["predictions"].shown
    query = f"SELECT {shown} FROM predictions WHERE \"partition\" = 'val' ORDER BY val_score LIMIT 10"

    def raw() -> Any:
        with store._desk.database() as connection:
            return connection.sql(query).pl()

    top, sql, arrays = medians(
        [
            lambda: store.top_predictions(10),
            raw,
            lambda: store.get_prediction(identifiers[0], load_arrays=True),
        ],
        repeats=21,
    )
    line("top_predictions(10)", milliseconds(top), f"raw SQL {milliseconds(sql)}", ratio(top, sql))
    line("one prediction with its arrays", milliseconds(arrays))


def artifacts(store: WorkspaceStore, folder: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 700))
    pls = PLSRegression(10).fit(X, X[:, 0])
    forest = RandomForestRegressor(500, random_state=0, n_jobs=2).fit(X, X[:, 0])

    def saving(model: Any, format: str) -> float:
        """A remark makes another object of a model, as large and as slow to save."""
        taken = []
        for remark in range(7):
            model.remark_ = remark
            taken.append(timed(partial(store.save_artifact, model, "x", "model", format)))
        return statistics.median(taken)

    for what, model in (("PLS(10) of 700 points", pls), ("a random forest of 500", forest)):
        peer = statistics.median(
            timed(partial(joblib.dump, model, folder / "peer.joblib", compress=3)) for _ in range(5)
        )
        for format in ("joblib", "pickle"):
            for when in ("", " again"):
                taken = saving(model, format)
                limit = f"joblib compress=3 {milliseconds(peer)}"
                line(f"save {what}{when}, format {format}", milliseconds(taken), limit, ratio(peer, taken))


def raw_delete(path: Path) -> float:
    """Seconds in which DuckDB deletes the same rows, asked directly."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS bulk")
        delete = "BEGIN; DELETE FROM bulk.prediction_arrays; DELETE FROM bulk.predictions; COMMIT; CHECKPOINT bulk"
        return timed(lambda: connection.execute(delete).fetchall())


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print("| | n4akit | limit | ratio |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bulk").mkdir()
        limit = bulk(folder / "bulk", n)
        calls: list[float] = []
        inserts: list[float] = []
        with WorkspaceStore(folder / "workspace") as store:
            started = time.perf_counter()
            run = record(store, n, calls, bare_insert(folder), inserts)
            assert len(store.query_predictions()) == n
            ours = time.perf_counter() - started - sum(inserts)
            line(f"{n} predictions", f"{n / ours:.0f}/s", f"bulk {n / limit:.0f}/s", f"{limit / ours:.2f}")
            p50, p99, bare, rare = (float(np.quantile(t, q)) * 1e6 for t in (calls, inserts) for q in (0.5, 0.99))
            limits = f"bare insert {bare:.0f} µs (p99 {rare:.0f})"
            line("one call", f"{p50:.0f} µs (p99 {p99:.0f})", limits, ratio(p50, bare))
            reading(store)
            artifacts(store, folder)
        sizes = [(folder / place / "store.duckdb").stat().st_size for place in ("workspace", "bulk")]
        line("bytes a prediction", f"{sizes[0] / n:.0f}", f"bulk {sizes[1] / n:.0f}", f"{sizes[0] / sizes[1]:.2f}")
        opened = statistics.median([timed(lambda: WorkspaceStore(folder / "workspace").close()) for _ in range(7)])
        line("open and close", milliseconds(opened))
        with WorkspaceStore(folder / "workspace") as store:
            deleted = timed(lambda: store.delete_run(run, delete_artifacts=False))
            raw = raw_delete(folder / "bulk" / "store.duckdb")
            line("delete_run", milliseconds(deleted), f"raw SQL {milliseconds(raw)}", ratio(deleted, raw))
            store.vacuum()
        after = (folder / "workspace" / "store.duckdb").stat().st_size
        line(
            "file after vacuum",
            f"{after / 1e6:.2f} MB",
            f"before {sizes[0] / 1e6:.2f} MB",
            f"−{1 - after / sizes[0]:.0%}",
        )


if __name__ == "__main__":
    main()
