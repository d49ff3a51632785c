"""What benchmarks replay: SNV → Savitzky–Golay → standard scaling → the mean of five models, PLS if nothing is said."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from numpy.typing import NDArray
from scipy.signal import savgol_filter
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["FOLDS", "POINTS", "Trained", "fitted_on_folds", "mean_of", "medians", "ratio", "spectra", "train"]

POINTS = 1000
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Trained:
    """Fitted once: the fold pipelines to capture, and the same objects as scikit-learn users keep them in memory."""

    folds: list[Any]
    scaler: StandardScaler
    models: list[Any]

    def prepared(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the models are given."""
        x = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
        scaled: NDArray[np.float64] = self.scaler.transform(savgol_filter(x, 15, 2, deriv=1))
        return scaled

    def cached(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predict as a careful person would without us: every fitted object in memory, one call a step."""
        return mean_of(self.models, self.prepared(X))


def spectra(n: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smooth made-up absorbance spectra (n, 1000) and a property with a range of about 10."""
    rng = np.random.default_rng(seed)
    grid = np.linspace(0.0, 1.0, POINTS)
    centres, widths = np.linspace(0.1, 0.9, 8), np.linspace(0.03, 0.1, 8)
    bands = np.exp(-(((grid - centres[:, None]) / widths[:, None]) ** 2))
    amounts = rng.uniform(0.2, 1.0, size=(n, 8))
    scatter = rng.uniform(0.8, 1.2, size=(n, 1))
    baseline = rng.uniform(0.0, 0.5, size=(n, 1)) + rng.uniform(-0.2, 0.2, size=(n, 1)) * grid
    X = scatter * (amounts @ bands) + baseline + rng.normal(scale=1e-4, size=(n, POINTS))
    return X, 12.0 * amounts[:, 2] / amounts.sum(axis=1) * 4.0 + rng.normal(scale=0.05, size=n)


def train(model: Any = None, property: Callable[[NDArray[np.float64]], NDArray[Any]] = np.asarray) -> Trained:
    """Fit the chain on 300 spectra, and copies of `model` on five folds; `property` makes what they predict of y."""
    X, y = spectra(300)
    shared = [StandardNormalVariate(), SavitzkyGolay(window_length=15, polyorder=2, deriv=1), StandardScaler()]
    x = X
    for step in shared:
        x = step.fit_transform(x)
    models = fitted_on_folds(PLSRegression(10) if model is None else model, x, property(y))
    return Trained([make_pipeline(*shared, model) for model in models], shared[2], models)


def fitted_on_folds(model: Any, x: NDArray[np.float64], y: NDArray[Any]) -> list[Any]:
    """A copy of the model for each fold, fitted on the others."""
    return [clone(model).fit(x[fit], y[fit]) for fit, _ in KFold(FOLDS).split(x)]


def mean_of(models: Sequence[Any], x: NDArray[np.float64], method: str = "predict") -> NDArray[np.float64]:
    """The mean of what the models answer, (n,), or (n, classes) of probabilities."""
    mean: NDArray[np.float64] = np.mean([getattr(model, method)(x) for model in models], axis=0)
    return mean


def medians(runs: Sequence[Callable[[], object]], repeats: int, at_least: float = 0.0) -> list[float]:
    """Median seconds of one call of each; rounds are taken in turn, so that a drift of the machine meets all alike.

    In a round a run is called again until `at_least` seconds have passed: what takes microseconds is asked for as it is
    in service, by the thousand, and not with the caches full of another's work.
    """
    times: list[list[float]] = [[] for _ in runs]
    counts = [max(1, round(at_least / _once(run))) for run in runs]
    for _ in range(repeats):
        for taken, run, count in zip(times, runs, counts, strict=True):
            started = time.perf_counter()
            for _ in range(count):
                run()
            taken.append((time.perf_counter() - started) / count)
    return [statistics.median(taken) for taken in times]


def _once(run: Callable[[], object]) -> float:
    run()
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def ratio(slow: float, fast: float) -> str:
    """How many times faster, for people."""
    return f"{slow / fast:.1f}×"
