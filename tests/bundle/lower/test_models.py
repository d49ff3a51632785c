"""Projections and linear models, as scikit-learn's attributes define them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from n4akit.bundle.operators import PLS, Linear, Project, Scale
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.linear_model import ElasticNet, LinearRegression, Ridge

from ...conftest import Tecator
from .agreement import Matrix, answers, assert_agrees, disagreement


@pytest.mark.parametrize("whiten", [False, True])
def test_pca_scores_are_scikit_learns(whiten: bool, tecator: Tecator) -> None:
    fitted = PCA(6, whiten=whiten).fit(tecator.X)
    spread = np.sqrt(fitted.explained_variance_) if whiten else None
    operator = Project(fitted.components_, center=fitted.mean_, spread=spread)
    # The smallest of six components varies by a thousandth of the largest: whitening makes its roundings visible.
    assert_agrees(operator, X=tecator.X, expected=fitted.transform(tecator.X), within=1e-11)


def test_truncated_svd_scores_are_scikit_learns(tecator: Tecator) -> None:
    fitted = TruncatedSVD(5, random_state=0).fit(tecator.X)
    assert_agrees(Project(fitted.components_), X=tecator.X, expected=fitted.transform(tecator.X), within=1e-13)


def test_pls_scores_are_scikit_learns(tecator: Tecator) -> None:
    fitted = PLSRegression(5).fit(tecator.X, tecator.fat)
    operator = Project(fitted.x_rotations_.T, fitted._x_mean, fitted._x_std)
    assert_agrees(operator, X=tecator.X, expected=fitted.transform(tecator.X), within=1e-11)


@pytest.mark.parametrize("components", [1, 5, 15])
@pytest.mark.parametrize("targets", [1, 3])
def test_pls_predictions_are_scikit_learns(components: int, targets: int, tecator: Tecator) -> None:
    Y = np.stack([tecator.fat, tecator.water, tecator.protein], axis=1)[:, :targets]
    fitted = PLSRegression(components).fit(tecator.X, Y)
    operator = PLS(fitted.coef_, fitted._x_mean, fitted.intercept_)
    expected = fitted.predict(tecator.X).reshape(-1, targets)
    assert disagreement(answers(operator, X=tecator.X), expected) <= 1e-11


@pytest.mark.parametrize("model", [LinearRegression(), Ridge(1e-3), ElasticNet(1.0)], ids=str)
@pytest.mark.parametrize("targets", [1, 2])
def test_linear_predictions_are_scikit_learns(model: Any, targets: int, tecator: Tecator) -> None:
    X: Matrix = tecator.X[:, ::5]
    Y = np.stack([tecator.fat, tecator.water], axis=1)[:, :targets]
    scaled = Scale(X.mean(axis=0), X.std(axis=0))
    model.fit(answers(scaled, X=X), Y)
    expected = model.predict(answers(scaled, X=X)).reshape(-1, targets)
    linear = Linear(np.atleast_2d(model.coef_), np.broadcast_to(model.intercept_, targets))
    assert_agrees(scaled, linear, X=X, expected=expected, within=1e-10)
