"""The chains whose replay is measured, an entry each: what is fitted, how scikit-learn predicts, what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from workload import train

__all__ = ["CHAINS", "Benchmark", "Fitted"]

Matrix = NDArray[np.float64]


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


def pls() -> Fitted:
    trained = train()
    return Fitted(trained.folds, trained.cached)


def faithful(*sizes: int) -> dict[tuple[str, int], float]:
    """The faithful program is never to be slower than scikit-learn."""
    return {("faithful", n): 1.0 for n in sizes}


CHAINS: Mapping[str, Benchmark] = {
    "pls": Benchmark(
        "SNV → Savitzky–Golay(15, 2, 1) → standard scaling → the mean of five PLS(10)",
        pls,
        asked={
            ("exact", 1): 45.0,
            ("exact", 256): 10.0,
            ("exact", 10_000): 10.0,
            ("fast", 256): 25.0,
            **faithful(1, 16, 256, 10_000),
        },
        sums={("exact", 10_000): 4.0, ("fast", 10_000): 1.5},
    ),
}
"""By the name that the command line takes."""
