"""Models fitted on Tecator fat as a training engine fits them: five folds of SNV, Savitzky–Golay and PLS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline

from ...conftest import Tecator


def pipeline() -> Pipeline:
    return make_pipeline(StandardNormalVariate(), SavitzkyGolay(15, 2, deriv=1), PLSRegression(10))


@pytest.fixture(scope="session")
def five_folds(tecator: Tecator) -> list[Pipeline]:
    """One fitted pipeline per fold; do not change them."""
    splits = KFold(5, shuffle=True, random_state=0).split(tecator.X)
    return [pipeline().fit(tecator.X[train], tecator.fat[train]) for train, _ in splits]


@pytest.fixture
def fitted(tecator: Tecator) -> Any:
    """One fitted pipeline, to be changed at will."""
    return pipeline().fit(tecator.X, tecator.fat)


@pytest.fixture
def pls(tecator: Tecator) -> PLSRegression:
    """A fitted model of two targets, to be changed at will."""
    return PLSRegression(6).fit(tecator.X, np.stack([tecator.fat, tecator.water], axis=1))
