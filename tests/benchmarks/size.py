"""Bytes on disk: bundle and script beside the float64 floor and beside joblib.

Run: python tests/benchmarks/size.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import joblib
from n4akit import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.export import export
from workload import FOLDS, POINTS, train


def main() -> None:
    trained = train()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chain = from_sklearn(trained.folds)
        bundle, script = export(chain, folder / "model"), export(chain, folder / "model", format="n4a.py")
        joblib.dump(trained.folds, folder / "model.joblib", compress=3)
        # What the chain cannot do without: mean and scale of the scaler, mean and coefficients of each fold.
        coefficients = 2 * POINTS + FOLDS * (2 * POINTS + 1)
        floor = 8 * coefficients
        rows = 8 * load(bundle).golden.rows.size
        print("| file | bytes | bytes per coefficient | over the float64 floor | joblib compress=3 is larger by |")
        print("|---|---|---|---|---|")
        peer = (folder / "model.joblib").stat().st_size
        for what, size in (
            ("float64 floor", floor),
            ("bundle: faithful and compiled plan, golden rows", bundle.stat().st_size),
            ("bundle without its golden rows", bundle.stat().st_size - rows),
            ("script: compiled plan, golden rows", script.stat().st_size),
            ("joblib compress=3", peer),
        ):
            print(f"| {what} | {size} | {size / coefficients:.2f} | {size / floor:.2f}× | {peer / size:.1f}× |")


if __name__ == "__main__":
    main()
