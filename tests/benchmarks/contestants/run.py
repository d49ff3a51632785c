"""The work that every store is given, measured; run in the interpreter that has the store.

Run: python -m contestants.run STORE PREDICTIONS SAMPLES
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import RandomForestRegressor

from .contract import Contestant, Prediction

PIPELINE = 500
"""Predictions in a pipeline."""
KEPT = 20
"""Of so many predictions one is in a run of its own, and stays when the other run is deleted."""
REPEATS = 9


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(work: Callable[[], object], repeats: int = REPEATS) -> float:
    return statistics.median(seconds(work) for _ in range(repeats))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def predictions(n: int, m: int, places: list[tuple[str, str]]) -> Iterator[Prediction]:
    """n predictions with arrays of m, shared out to pipelines with their chains."""
    rng = np.random.default_rng(0)
    y, indices = rng.normal(size=m), np.arange(m)
    for k in range(n):
        pipeline, chain = places[k * len(places) // n]
        predicted = y + rng.normal(scale=0.1, size=m)
        partition = ("train", "val", "test")[k % 3]
        yield Prediction(k, pipeline, chain, f"d{k % 5}", partition, rng.random(), y, predicted, indices)


def ingest(store: Contestant, n: int, m: int, run: str) -> tuple[float, list[str], Prediction]:
    """Seconds until n predictions were saved one by one and are found; their names, and the last."""
    places = [store.pipeline(run, f"d{k}") for k in range(max(1, n // PIPELINE))]
    given = list(predictions(n, m, places))
    names: list[str] = []

    def work() -> None:
        names.extend(map(store.save, given))
        store.settle()

    return seconds(work), names, given[-1]


def artifacts(store: Contestant, said: dict[str, float]) -> None:
    """Each object is fitted once and told apart by a remark: its size is what counts."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 700))
    forest = RandomForestRegressor(500, random_state=0, n_jobs=2, max_features=0.05).fit(X, X[:, 0])
    pls = PLSRegression(10).fit(X, X[:, 0])
    for name, model, repeats in (("PLS(10)", pls, 2 * REPEATS), ("forest of 500", forest, 5)):
        new, again = [], []
        for remark in range(repeats):
            model.remark_ = remark
            new.append(seconds(lambda model=model: store.artifact(model)))  # type: ignore[misc]
            again.append(seconds(lambda model=model: store.artifact(model)))  # type: ignore[misc]
        said[f"save {name}"] = statistics.median(new)
        said[f"save {name} again"] = statistics.median(again)


def measure(enter: Callable[[Path], Contestant], folder: Path, n: int, m: int) -> dict[str, float]:
    """Seconds, bytes and rates by name."""
    store = enter(folder)
    before = size(folder)
    kept = store.run()
    ingest(store, n // KEPT, m, kept)
    run = store.run()
    taken, names, last = ingest(store, n - n // KEPT, m, run)
    if not np.array_equal(store.predicted(names[-1]), last.y_pred):
        raise SystemExit("what was read is not what was saved")
    said = {"ingest": len(names) / taken}
    one = cycle(names[:: max(1, len(names) // 100)])
    said["top_predictions(10)"] = median(lambda: store.top(10))
    said["dataset query"] = median(lambda: store.of_dataset("d1"))
    said["arrays of one prediction"] = median(lambda: store.predicted(next(one)))
    store.close()
    full = size(folder)
    said["bytes a prediction"] = (full - before) / n
    said["reopen"] = median(lambda: enter(folder).close(), 5)
    store = enter(folder)
    said["delete_run"] = seconds(lambda: store.delete(run))
    said["vacuum"] = seconds(store.shrink)
    store.close()
    said["left after deleting 95 % and vacuum"] = size(folder) / full
    with tempfile.TemporaryDirectory(dir=folder.parent) as other:
        store = enter(Path(other))
        store.run()
        artifacts(store, said)
        store.close()
    return said


def main() -> None:
    name, n, m = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    warnings.simplefilter("ignore")  # of others' packages
    enter: Any = importlib.import_module(f"contestants.{name}").enter
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "store").mkdir()
        print(json.dumps(measure(enter, Path(folder) / "store", n, m)))


if __name__ == "__main__":
    main()
