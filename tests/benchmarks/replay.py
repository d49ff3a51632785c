"""Warm replay through the public `predict`, beside scikit-learn in memory and the sum of all values.

Run: python tests/benchmarks/replay.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from n4akit import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.export import export
from workload import medians, ratio, spectra, train


def main() -> None:
    trained = train()
    with tempfile.TemporaryDirectory() as folder:
        bundle = load(export(from_sklearn(trained.folds), Path(folder) / "model"))
        X, _ = spectra(10_000, seed=1)
        y_range = float(abs(trained.cached(X).max() - trained.cached(X).min()))
        difference = float(abs(bundle.predict(X) - trained.cached(X)).max())
        print("| spectra | scikit-learn, µs | n4akit, µs | ratio | n4akit over X.sum() |")
        print("|---|---|---|---|---|")
        for n in (1, 16, 256, 10_000):
            x = X[:n].copy()
            ours, theirs, floor = medians(
                [lambda x=x: bundle.predict(x), lambda x=x: trained.cached(x), lambda x=x: x.sum()],
                repeats=15,
                at_least=0.02,
            )
            cells = (n, f"{theirs * 1e6:.0f}", f"{ours * 1e6:.1f}", ratio(theirs, ours), ratio(ours, floor))
            print("| " + " | ".join(map(str, cells)) + " |")
        print(f"\nlargest difference to scikit-learn: {difference / y_range:.1e} of the range of the predictions")


if __name__ == "__main__":
    main()
