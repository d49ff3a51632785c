"""One chain, written and replayed in many environments: how many values differ, and are the bundle's bytes the same?

Run: python tests/benchmarks/bits.py [other python …]
Other interpreters (an older numpy, say) are given by path; each needs numpy and this package on its path.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from workload import FOLDS, spectra, train

ROOT = Path(__file__).parents[2]

CHILD = (
    """
import hashlib, json, subprocess, sys
from pathlib import Path
import numpy as np
from n4akit import load
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.export import export
from n4akit.bundle.operators import PLS, SNV, SavitzkyGolay, Scale

data, folder = dict(np.load(sys.argv[1])), Path(sys.argv[2])
def step(index, operator):
    return Step(index, type(operator).__name__, type(operator).__name__, {}, (operator,))
shared = (step(1, SNV()), step(2, SavitzkyGolay(15, 2, 1)), step(3, Scale(data["mean"], data["scale"])))
branches = {
    str(k): (*shared, step(4, PLS(data[f"coef{k}"], data[f"x_mean{k}"], data[f"intercept{k}"]))) for k in range(%d)
}
chain = Chain(1000, branches, (Target("y"),))
path = export(chain, folder / "model")
bundle, X = load(path), data["X"]
whole = bundle.predict(X)
splits = [np.concatenate([bundle.predict(X[i:i + n]) for i in range(0, len(X), n)]) for n in (1, 7, 64)]
splits += [bundle.predict(np.asfortranarray(X)), bundle.predict(X[::-1])[::-1]]
script = export(chain, folder / "model", format="n4a.py")
Path(folder / "x.csv").write_text("\\n".join(",".join(map(repr, row)) for row in X.tolist()), "utf-8")
command = [sys.executable, "-I", "-S", script, folder / "x.csv"]
said = subprocess.run(command, capture_output=True, text=True, check=True)
lines = [line.split(",") for line in said.stdout.splitlines()]
column = lines[0].index("value")
splits.append(np.array([float(line[column]) for line in lines[1:]]))
print(json.dumps({
    "numpy": np.__version__,
    "bundle": hashlib.sha256(path.read_bytes()).hexdigest(),
    "values": whole.tobytes().hex(),
    "split": int(sum((s.view(np.uint64) != whole.view(np.uint64)).sum() for s in splits)),
}))
"""
    % FOLDS
)

ENVIRONMENTS: dict[str, dict[str, str]] = {
    "as it is": {},
    "OpenBLAS Prescott": {"OPENBLAS_CORETYPE": "Prescott"},
    "OpenBLAS Nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "OpenBLAS Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "OpenBLAS Zen": {"OPENBLAS_CORETYPE": "Zen"},
    "OpenBLAS SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "numpy without AVX2 and AVX-512": {
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX X86_V3 X86_V4"
    },
}


def main() -> None:
    trained = train()
    X, _ = spectra(200, seed=1)
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "chain.npz"
        arrays: dict[str, Any] = {"mean": trained.scaler.mean_, "scale": trained.scaler.scale_, "X": X}
        for k, model in enumerate(trained.models):
            arrays |= {f"coef{k}": model.coef_, f"x_mean{k}": model._x_mean, f"intercept{k}": model.intercept_}
        np.savez(data, **arrays)
        first: dict[str, Any] = {}
        print(
            "| environment | numpy | values that differ, of 200 | between batch splits and script | same bundle bytes |"
        )
        print("|---|---|---|---|---|")
        runs = [(what, sys.executable, env) for what, env in ENVIRONMENTS.items()]
        runs += [(f"interpreter {number}", python, {}) for number, python in enumerate(sys.argv[1:], 1)]
        for what, python, env in runs:
            found = run(python, env, data, Path(tempfile.mkdtemp(dir=name)))
            first = first or found
            ours, theirs = (np.frombuffer(bytes.fromhex(f["values"]), np.uint64) for f in (found, first))
            same = "yes" if found["bundle"] == first["bundle"] else "NO"
            print(f"| {what} | {found['numpy']} | {int((ours != theirs).sum())} | {found['split']} | {same} |")


def run(python: str, env: dict[str, str], data: Path, folder: Path) -> dict[str, Any]:
    path = os.pathsep.join(filter(None, [str(ROOT / ".path"), os.environ.get("PYTHONPATH")]))
    command = [python, "-W", "ignore", "-c", CHILD, str(data), str(folder)]
    done = subprocess.run(command, env=os.environ | env | {"PYTHONPATH": path}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
