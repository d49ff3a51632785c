"""Chains by hand, and spectra of a few bands, as a calibration has them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from n4akit.bundle.chain import Chain, Classes, Step, Target
from n4akit.bundle.operators import PLS, SNV, Operator
from numpy.typing import NDArray

POINTS = 30
Matrix = NDArray[np.float64]
Make = Callable[..., Chain]
Draw = Callable[..., Matrix]


def step(index: int, *operators: Operator) -> Step:
    return Step(index, "step", "made.by.hand.step", {}, operators)


@pytest.fixture
def chains() -> Make:
    """Makes chains: what comes before the models, how many folds and targets or classes."""

    def make(*before: Operator, folds: int = 2, targets: int = 1, labels: tuple[str, ...] = ()) -> Chain:
        rng = np.random.default_rng(0)
        columns = len(labels) or targets
        first = [step(number, operator) for number, operator in enumerate(before or (SNV(),), 1)]
        models = [
            PLS(rng.normal(size=(columns, POINTS)), rng.normal(size=POINTS), np.zeros(columns)) for _ in range(folds)
        ]
        branches = {str(fold): (*first, step(9, model)) for fold, model in enumerate(models)}
        classes = Classes.of(np.array(labels)) if labels else None
        names = tuple(Target(f"target {number}", "%") for number in range(1 if labels else targets))
        return Chain(POINTS, branches, names, classes=classes, fold_rule="soft" if labels else "mean")

    return make


@pytest.fixture
def draw() -> Draw:
    """Draws spectra (n, 30) of five bands with noise."""

    def draw(n: int, seed: int = 0, noise: float = 1e-3) -> Matrix:
        rng = np.random.default_rng(seed)
        grid, centres = np.linspace(0.0, 1.0, POINTS), np.linspace(0.1, 0.9, 5)[:, None]
        amounts = rng.uniform(0.5, 1.0, size=(n, 5))
        drawn: Matrix = 0.3 + amounts @ np.exp(-(((grid - centres) / 0.15) ** 2)) + noise * rng.normal(size=(n, POINTS))
        return drawn

    return draw
