"""Warm replay through the public `predict`, beside scikit-learn in memory and the sum of all values.

Run: python tests/benchmarks/replay.py [--repeats N] [CHAIN …]
"""

from __future__ import annotations

import argparse
import tempfile
import tracemalloc
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from chains import CHAINS, Benchmark, Fitted
from n4akit import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.errors import BundleError, MissingPackage
from n4akit.bundle.export import export
from n4akit.bundle.runtime import Replay
from n4akit.bundle.runtime.spread import useful_threads
from workload import medians, ratio, spectra

Predict = Callable[[Any], Any]


def ways(path: Path) -> dict[str, Predict]:
    """Every way of replaying one bundle. What is asked of `exact`, `fast` and an engine is asked of all cores."""
    exact, fast = load(path), load(path, profile="fast")
    faithful = Replay(exact.plan("faithful"), threads=useful_threads())
    return {
        "exact": exact.predict,
        "exact, one thread": load(path, threads=1).predict,
        "fast": fast.predict,
        "fast, one thread": load(path, profile="fast", threads=1).predict,
        "faithful": faithful.predict,
        **by_engine(path),
    }


def by_engine(path: Path) -> dict[str, Predict]:
    """The exact profile with onnxruntime, where the model has trees for it."""
    try:
        return {
            "onnxruntime": load(path, engine="onnxruntime").predict,
            "onnxruntime, one thread": load(path, engine="onnxruntime", threads=1).predict,
        }
    except MissingPackage as error:
        print(f"onnxruntime is left out. {error}\n")
    except BundleError:
        pass
    return {}


def speeds(benchmark: Benchmark, fitted: Fitted, replays: Mapping[str, Predict], repeats: int) -> None:
    X, _ = spectra(max(benchmark.sizes), seed=1)
    print("| spectra | replay | µs | scikit-learn, µs | faster by | asked | over X.sum() | asked |")
    print("|---|---|---|---|---|---|---|---|")
    for n in benchmark.sizes:
        x = X[:n].copy()
        runs = [partial(predict, x) for predict in replays.values()]
        *alone, floor = medians([*runs, x.sum], repeats=repeats, at_least=0.02)
        # In rounds of its own: the threads of its linear algebra wait for more on the other cores, for tens of
        # milliseconds, and whatever comes next has one core.
        *ours, theirs = medians([*runs, partial(fitted.cached, x)], repeats=repeats, at_least=0.02)
        for way, taken, by_itself in zip(replays, ours, alone, strict=True):
            least, most = benchmark.asked.get((way, n)), benchmark.sums.get((way, n))
            cells = (
                *(n, way, f"{by_itself * 1e6:.1f}", f"{theirs * 1e6:.0f}"),
                *(ratio(theirs, taken), kept("≥", least, least is not None and theirs >= least * taken)),
                *(ratio(by_itself, floor), kept("≤", most, most is not None and by_itself <= most * floor)),
            )
            print("| " + " | ".join(map(str, cells)) + " |")


def kept(sign: str, mark: float | None, good: bool) -> str:
    """What was asked for, and whether it was not reached."""
    return "" if mark is None else f"{sign} {mark:g}×" + ("" if good else ", **missed**")


def differences(benchmark: Benchmark, fitted: Fitted, path: Path, replays: Mapping[str, Predict]) -> None:
    X, _ = spectra(min(2000, 2 * max(benchmark.sizes)), seed=2)
    expected = fitted.cached(X)
    wide = float(np.ptp(expected))
    print("\nlargest difference, of the range of the predictions:")
    for way, predict in replays.items():
        found = np.asarray(predict(X)).reshape(expected.shape)
        print(f"- {way} to scikit-learn: {float(np.abs(found - expected).max()) / wide:.1e}")
    bound = load(path, profile="fast").bound
    print(f"- fast to exact on the golden rows, as the bundle tells: {(bound or 0.0) / wide:.1e}")


def memory(benchmark: Benchmark, path: Path) -> None:
    """Peak of what a prediction allocates, beside its answer."""
    X, _ = spectra(max(benchmark.sizes), seed=1)
    # Ten times as many that take no memory themselves; they are not contiguous, so that blocks are copied.
    repeated = np.broadcast_to(X[0], (10 * len(X), X.shape[1]))
    print("\npeak extra memory, MB a thread (asked: ≤ 2):")
    for profile in ("exact", "fast"):
        for x in (X, repeated):
            for threads in (1, 2):
                bundle = load(path, profile=profile, threads=threads)
                tracemalloc.start()
                answer = bundle.predict(x)
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                each = (peak - answer.nbytes) / threads / 1e6
                print(f"- {profile}, {len(x)} spectra, {threads} threads: {each:.2f}")


def main(names: list[str], repeats: int) -> None:
    for name in names or CHAINS:
        benchmark = CHAINS[name]
        fitted = benchmark.fit()
        print(f"\n### {name}: {benchmark.title}; {useful_threads()} threads\n")
        with tempfile.TemporaryDirectory() as folder:
            path = export(from_sklearn(fitted.estimators), Path(folder) / "model")
            replays = ways(path)
            speeds(benchmark, fitted, replays, repeats)
            differences(benchmark, fitted, path, replays)
            memory(benchmark, path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chains", nargs="*", metavar="CHAIN", choices=[[], *CHAINS], help=", ".join(CHAINS))
    parser.add_argument("--repeats", type=int, default=15, metavar="N", help="rounds of which the median is taken")
    given = parser.parse_args()
    main(given.chains, given.repeats)
