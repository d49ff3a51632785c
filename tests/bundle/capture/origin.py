"""Train, pickle and capture models where this runs: with numpy and scikit-learn of any version, and nothing else.

Run: PYTHONPATH=.path python tests/bundle/capture/origin.py FOLDER
"""

from __future__ import annotations

import csv
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Replay
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TECATOR = Path(__file__).parents[3] / "templates" / "data" / "tecator.csv"

MODELS: dict[str, Any] = {
    "pls": PLSRegression(8),
    "pls, not scaled": PLSRegression(8, scale=False),
    "pls of three targets": PLSRegression(6),
    "scaler and pls": make_pipeline(StandardScaler(), PLSRegression(8)),
    "spectral chain": make_pipeline(StandardNormalVariate(), SavitzkyGolay(15, 2, deriv=1), PLSRegression(10)),
    "whitened components": make_pipeline(PCA(8, whiten=True), Ridge(1e-3)),
}


def main(folder: Path) -> None:
    """Leave the models, what they predict, and what their captures predict."""
    with TECATOR.open(newline="", encoding="utf-8") as file:
        table = np.array([line[1:] for line in list(csv.reader(file))[1:]], dtype=np.float64)
    Y, X = table[:, :3], table[:, 3:]
    predicted: dict[str, Any] = {}
    captured: dict[str, Any] = {}
    verified = {}
    for name, model in MODELS.items():
        model.fit(X, Y if "three" in name else Y[:, 1])
        predicted[name] = model.predict(X).reshape(len(X), -1)
        chain = from_sklearn(model)
        captured[name] = Replay(compile_plan(lower(chain))).predict(X)
        verified[name] = [step.verified for step in chain.branches["0"]]
    (folder / "models.pickle").write_bytes(pickle.dumps(MODELS))
    np.savez(folder / "predicted.npz", **predicted)
    np.savez(folder / "captured.npz", **captured)
    print(json.dumps({"numpy": np.__version__, "sklearn": sklearn.__version__, "verified": verified}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
