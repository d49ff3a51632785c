"""What all there is to say of a prediction costs beside the bare value, and what each part of it costs.

Run: python tests/benchmarks/record.py [--repeats N]
"""

from __future__ import annotations

import argparse
import runpy
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from chains import CHAINS
from n4akit import Bundle, load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.domain import Calibration, Validation
from n4akit.bundle.export import export
from n4akit.bundle.runtime import Replay
from workload import FOLDS, spectra

SIZES = (1, 256)
ASKED = {1: 2.5, 256: 2.0}
"""How many times the bare value the record may cost."""
PARTS: Mapping[str, Sequence[str]] = {
    "value": ("value",),
    "value, fold spread": ("value", "spread"),
    "value, T²": ("value", "t2"),
    "value, T², Q": ("value", "t2", "q"),
    "all of these": ("value", "q", "spread", "t2"),
}


def medians(runs: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median seconds of this thread for one call of each, all in turn; a round calls each for some milliseconds."""
    counts = [max(1, round(0.01 / once(run))) for run in runs]
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(repeats):
        for taken, run, count in zip(times, runs, counts, strict=True):
            started = time.thread_time()
            for _ in range(count):
                run()
            taken.append((time.thread_time() - started) / count)
    return [statistics.median(taken) for taken in times]


def once(run: Callable[[], object]) -> float:
    run()
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def hosts(bundle: Bundle, script: Mapping[str, Any], X: Any, repeats: int) -> None:
    print("| spectra | host | value, µs | record, µs | ratio | asked |\n|---|---|---|---|---|---|")
    for n in SIZES:
        x = X[:n].copy()
        asked: list[tuple[Callable[[Any], object], Any]] = [(bundle.predict, x), (bundle.predict_full, x)]
        asked += [(script[name], x.tolist()) for name in ("predict", "predict_full")]
        taken = medians([partial(ask, given) for ask, given in asked], repeats)
        for host, bare, full in (("library", taken[0], taken[1]), ("script", taken[2], taken[3])):
            kept = "" if full <= ASKED[n] * bare else ", **missed**"
            cells = (n, host, f"{bare * 1e6:.0f}", f"{full * 1e6:.0f}", f"{full / bare:.1f}×", f"≤ {ASKED[n]:g}×{kept}")
            print("| " + " | ".join(map(str, cells)) + " |")


def parts(bundle: Bundle, X: Any, repeats: int) -> None:
    plan, k = bundle.plan("compiled"), bundle.limits.components
    columns = {"value": 1, "value, fold spread": 1 + FOLDS, "value, T²": 1 + k, "value, T², Q": 2 + k}
    print(f"\n{FOLDS} folds, {k} principal components. A product is one column with the whole spectrum.\n")
    print("| asked of the replay | products | 1 spectrum, µs | 256, µs | of the value | µs a product more, of 256 |")
    print("|---|---|---|---|---|---|")
    replays = [Replay(plan, outputs) for outputs in PARTS.values()]
    found = []
    for n in SIZES:
        x = X[:n].copy()
        found.append(medians([partial(replay.answers, x) for replay in replays], repeats))
    for name, one, many in zip(PARTS, *found, strict=True):
        count = columns.get(name, 2 + k + FOLDS)
        each = f"{(many - found[1][0]) / (count - 1) * 1e6:.0f}" if count > 1 else ""
        cells = (name, count, f"{one * 1e6:.0f}", f"{many * 1e6:.0f}", f"{many / found[1][0]:.1f}×", each)
        print("| " + " | ".join(map(str, cells)) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15, metavar="N", help="rounds of which the median is taken")
    repeats = parser.parse_args().repeats
    fitted = CHAINS["pls"].fit()
    X, y = spectra(300)
    told: dict[str, Any] = {"calibration": Calibration(X, y), "validation": Validation(y, fitted.cached(X))}
    with tempfile.TemporaryDirectory() as folder:
        chain = from_sklearn(fitted.estimators)
        bundle = load(export(chain, Path(folder) / "model", **told), threads=1)
        script = runpy.run_path(str(export(chain, Path(folder) / "model", format="n4a.py", **told)))
    X, _ = spectra(1000, seed=1)
    # What is noteworthy takes longer, and is rare.
    X = X[[codes == () for codes in bundle.predict_full(X).flags]]
    hosts(bundle, script, X, repeats)
    parts(bundle, X, repeats)


if __name__ == "__main__":
    main()
