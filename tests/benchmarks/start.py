"""From process start to the first number, everything read from disk: joblib + scikit-learn + scipy,
bundle, script.

Run: python tests/benchmarks/start.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
import numpy as np
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.export import export
from workload import medians, ratio, spectra, train

PEER = """
import sys, joblib, numpy as np
from scipy.signal import savgol_filter
scaler, models = joblib.load(sys.argv[1])
def predict(X):
    x = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    x = scaler.transform(savgol_filter(x, 15, 2, deriv=1))
    return np.mean([model.predict(x).reshape(-1) for model in models], axis=0)
"""
"""As a careful person would do it without us: the fitted objects from joblib, the filter from scipy."""
SKLEARN = PEER + "print(predict(np.load(sys.argv[2]))[0])"
SKLEARN_CSV = PEER + "np.savetxt(sys.argv[3], predict(np.loadtxt(sys.argv[2], delimiter=',', ndmin=2)))"
BUNDLE = """
import sys, numpy as np
from n4akit import load
print(load(sys.argv[1]).predict(np.load(sys.argv[2]))[0])
"""


def process(*command: str) -> None:
    # As installed: with the bytecode that pip, or the first start, has left.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=environment)


def main() -> None:
    trained = train()
    python = sys.executable
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chain = from_sklearn(trained.folds)
        bundle = str(export(chain, folder / "model"))
        script = str(export(chain, folder / "model", format="n4a.py"))
        joblib.dump((trained.scaler, trained.models), folder / "model.joblib")
        peer, out = str(folder / "model.joblib"), str(folder / "out.csv")
        X, _ = spectra(100, seed=1)
        np.save(folder / "one.npy", X[:1])
        for n in (1, 100):
            np.savetxt(folder / f"{n}.csv", X[:n], delimiter=",", fmt="%.7g")  # as instruments write
        one, one_csv, many_csv = (str(folder / name) for name in ("one.npy", "1.csv", "100.csv"))
        isolated = (python, "-I", "-S", script)
        taken = medians(
            [
                lambda: process(python, "-c", "pass"),
                lambda: process(python, "-I", "-S", "-c", "pass"),
                lambda: process(python, "-c", "import numpy"),
                lambda: process(python, "-c", SKLEARN, peer, one),
                lambda: process(python, "-c", BUNDLE, bundle, one),
                lambda: process(python, "-c", SKLEARN_CSV, peer, one_csv, out),
                lambda: process(*isolated, one_csv, out),
                lambda: process(python, "-c", SKLEARN_CSV, peer, many_csv, out),
                lambda: process(*isolated, many_csv, out),
            ],
            repeats=7,
        )
        bare, bare_isolated, numpy, sk_one, bundle_one, sk_csv, script_one, sk_many, script_many = taken
        print("| from process start to the answer | scikit-learn, ms | n4akit, ms | ratio |")
        print("|---|---|---|---|")
        for what, theirs, ours in (
            ("bundle, 1 spectrum from .npy", sk_one, bundle_one),
            ("script, 1 spectrum, CSV to CSV", sk_csv, script_one),
            ("script, 100 spectra, CSV to CSV", sk_many, script_many),
        ):
            print(f"| {what} | {theirs * 1e3:.0f} | {ours * 1e3:.0f} | {ratio(theirs, ours)} |")
        floors = {"python -c pass": bare, "with -I -S": bare_isolated, "import numpy": numpy}
        print("\nfloors:", ", ".join(f"{what} {seconds * 1e3:.0f} ms" for what, seconds in floors.items()))


if __name__ == "__main__":
    main()
