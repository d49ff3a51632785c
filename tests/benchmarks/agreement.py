"""How far models of every kind are from scikit-learn on real spectra: Tecator, and others that are given.

Run: python tests/benchmarks/agreement.py [SPECTRA.npz …]; an .npz holds X (n, p), and Y (n,) or (n, t), of which the
second column is taken.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.runtime import Replay
from n4akit.bundle.transformers import MultiplicativeScatterCorrection, SavitzkyGolay, StandardNormalVariate
from n4akit.bundle.writer import prepare
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor, StackingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

TECATOR = Path(__file__).parents[2] / "templates" / "data" / "tecator.csv"


def slope(*steps: Any) -> Any:
    return make_pipeline(StandardNormalVariate(), SavitzkyGolay(15, 2, deriv=1), *steps)


MODELS: dict[str, Callable[[], Any]] = {
    "SNV, slope, PLS(10)": lambda: slope(PLSRegression(10)),
    "MSC, ridge": lambda: make_pipeline(MultiplicativeScatterCorrection(), Ridge(1e-3)),
    "SNV, slope, scaled, SVR": lambda: slope(StandardScaler(), SVR(C=10)),
    "SNV, forest of 50": lambda: make_pipeline(StandardNormalVariate(), RandomForestRegressor(50, random_state=0)),
    "SNV, histogram boosting": lambda: make_pipeline(StandardNormalVariate(), HistGradientBoostingRegressor()),
    "SNV, slope, scaled, network": lambda: slope(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(50,), max_iter=60, random_state=0)
    ),
    "SNV, slope, scaled, Gaussian process": lambda: slope(
        StandardScaler(),
        GaussianProcessRegressor(1.0 * RBF(20.0) + WhiteKernel(0.1), optimizer=None, normalize_y=True),
    ),
    "SNV, slope, scaled, stack of PLS and SVR": lambda: slope(
        StandardScaler(), StackingRegressor([("pls", PLSRegression(5)), ("svr", SVR())], Ridge())
    ),
    "SNV, slope, scaled, logistic": lambda: slope(StandardScaler(), LogisticRegression(max_iter=200)),
}


def data() -> Iterator[tuple[str, Any, Any]]:
    table = np.loadtxt(TECATOR, delimiter=",", skiprows=1, usecols=range(1, 104))
    yield "Tecator", np.ascontiguousarray(table[:, 3:]), table[:, 1]
    for path in sys.argv[1:]:
        held = np.load(path, allow_pickle=False)
        y = np.asarray(held["Y"], dtype=np.float64)
        y = y if y.ndim == 1 else y[:, 1]
        known = np.isfinite(y)
        yield Path(path).stem, np.ascontiguousarray(held["X"][known], dtype=np.float64), y[known]


def difference(make: Callable[[], Any], X: Any, y: Any) -> str:
    """The largest difference over three folds: of the range of the predictions, or of probabilities."""
    splits = KFold(3, shuffle=True, random_state=0).split(X)
    folds = [make().fit(X[train], y[train]) for train, _ in splits]
    chain = from_sklearn(folds)
    plan = prepare(chain).compiled
    answers = dict(zip(plan.answers, Replay(plan, plan.answers).answers(X), strict=True))
    if chain.classes is None:
        expected = np.mean([np.ravel(fold.predict(X)) for fold in folds], axis=0)
        return f"{np.abs(answers['value'][:, 0] - expected).max() / np.ptp(expected):.1e}"
    chances = np.mean([fold.predict_proba(X) for fold in folds], axis=0)
    other = chain.classes.named(answers["value"][:, 0]) != folds[0].classes_[chances.argmax(axis=1)]
    return f"{np.abs(answers['proba'] - chances).max():.1e}, {other.sum()} other labels"


def main() -> None:
    warnings.simplefilter("ignore")  # how well the models fit is no matter here
    sets = list(data())
    print(f"| mean of three folds | {' | '.join(f'{name}, {len(X)} × {X.shape[1]}' for name, X, _ in sets)} |")
    print(f"|---|{'---|' * len(sets)}")
    for name, make in MODELS.items():
        told = [
            difference(make, X, np.where(y > np.median(y), "high", "low") if "logistic" in name else y)
            for _, X, y in sets
        ]
        print(f"| {name} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
