"""The chains whose replay is measured, an entry each: what is fitted, how scikit-learn predicts, what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.svm import SVR
from workload import fitted_on_folds, mean_of, spectra, train

__all__ = ["CHAINS", "Benchmark", "Fitted"]

Matrix = NDArray[np.float64]
FEW = (1, 16, 256)
"""Numbers of spectra where ten thousand would take scikit-learn minutes."""


@dataclass(frozen=True)
class Fitted:
    """What `from_sklearn` captures, and the same objects in memory, called in turn, as careful people do."""

    estimators: Any
    cached: Callable[[Matrix], NDArray[Any]]


@dataclass(frozen=True)
class Benchmark:
    """One chain; `asked` gives, for a way of replaying and a number of spectra, how many times scikit-learn's speed."""

    title: str
    fit: Callable[[], Fitted]
    asked: Mapping[tuple[str, int], float] = field(default_factory=dict)
    sums: Mapping[tuple[str, int], float] = field(default_factory=dict)
    """How many times `X.sum()` it may take at most."""
    sizes: tuple[int, ...] = (1, 16, 256, 10_000)


def behind_the_steps(model: Any = None) -> Fitted:
    """Five folds of a regression after SNV, Savitzky–Golay and standard scaling."""
    trained = train(model)
    return Fitted(trained.folds, trained.cached)


def alone(model: Any) -> Fitted:
    """Five folds of a regression on 500 spectra as they are."""
    models = fitted_on_folds(model, *spectra(500))
    return Fitted(models, partial(mean_of, models))


def soft_vote(model: Any) -> Fitted:
    """Five folds of a classifier of thirds of the property, after the steps; the class of the largest mean probability.

    The classes are 0, 1 and 2, so that answers can be subtracted.
    """
    trained = train(model, lambda y: np.digitize(y, np.quantile(y, [1 / 3, 2 / 3])))

    def cached(X: Matrix) -> NDArray[Any]:
        proba = mean_of(trained.models, trained.prepared(X), "predict_proba")
        labels: NDArray[np.intp] = proba.argmax(axis=1)
        return labels

    return Fitted(trained.folds, cached)


def faithful(*sizes: int) -> dict[tuple[str, int], float]:
    """The faithful program is never to be slower than scikit-learn."""
    return {("faithful", n): 1.0 for n in sizes}


CHAINS: Mapping[str, Benchmark] = {
    "pls": Benchmark(
        "SNV → Savitzky–Golay(15, 2, 1) → standard scaling → the mean of five PLS(10)",
        behind_the_steps,
        asked={
            ("exact", 1): 45.0,
            ("exact", 256): 10.0,
            ("exact", 10_000): 10.0,
            ("fast", 256): 25.0,
            **faithful(1, 16, 256, 10_000),
        },
        sums={("exact", 10_000): 4.0, ("fast", 10_000): 1.5},
    ),
    "forest": Benchmark(
        "the mean of five random forests of 200 trees",
        # A tenth of the points a split: the trees are as deep as with all of them, and grown in a tenth of the time.
        partial(alone, RandomForestRegressor(200, max_features=0.1, random_state=0)),
        asked={("exact", 1): 150.0, ("exact", 256): 1.5, ("onnxruntime", 256): 6.0, **faithful(*FEW)},
        sizes=FEW,
    ),
    "svr": Benchmark(
        "the mean of five support vector regressions",
        partial(alone, SVR(C=10.0, epsilon=0.05)),
        asked={("exact", 1): 2.0, ("exact", 256): 1.2, ("fast", 1): 10.0, ("fast", 256): 8.0, **faithful(*FEW)},
        sizes=FEW,
    ),
    "mlp": Benchmark(
        "SNV → Savitzky–Golay(15, 2, 1) → standard scaling → the mean of five networks of 100 neurons",
        partial(behind_the_steps, MLPRegressor(hidden_layer_sizes=(100,), max_iter=1000, random_state=0)),
        asked={("exact", 1): 2.5, ("fast", 1): 12.0, **faithful(*FEW)},
        sizes=FEW,
    ),
    "vote": Benchmark(
        "SNV → Savitzky–Golay(15, 2, 1) → standard scaling → the soft vote of five logistic regressions",
        partial(soft_vote, LogisticRegression(max_iter=1000)),
        asked={("exact", 1): 10.0, **faithful(*FEW)},
        sizes=FEW,
    ),
}
"""By the name that the command line takes."""
