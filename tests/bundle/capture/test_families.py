"""Every scikit-learn class that capture knows, fitted on real spectra: what was read computes what the object does."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import READERS, from_sklearn
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Replay
from numpy.typing import NDArray
from sklearn import cross_decomposition, decomposition, feature_selection, linear_model, preprocessing, svm
from sklearn.pipeline import make_pipeline

from ...conftest import Tecator

Matrix = NDArray[np.float64]


def retiring(name: str, **params: Any) -> list[Any]:
    """A linear model that scikit-learn is about to drop, or has dropped; pickles of it will be around for longer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return [getattr(linear_model, name)(**params)] if hasattr(linear_model, name) else []


STEPS: list[Any] = [
    preprocessing.StandardScaler(),
    preprocessing.StandardScaler(with_mean=False),
    preprocessing.StandardScaler(with_std=False),
    preprocessing.StandardScaler(with_mean=False, with_std=False),
    preprocessing.RobustScaler(quantile_range=(5.0, 90.0)),
    preprocessing.RobustScaler(with_centering=False),
    preprocessing.RobustScaler(with_scaling=False, unit_variance=True),
    preprocessing.MaxAbsScaler(),
    preprocessing.MinMaxScaler((-1, 3)),
    preprocessing.MinMaxScaler((0, 0.5), clip=True),
    preprocessing.Normalizer("l1"),
    preprocessing.Normalizer("l2"),
    preprocessing.Normalizer("max"),
    preprocessing.FunctionTransformer(),
    decomposition.PCA(4),
    decomposition.PCA(4, whiten=True),
    decomposition.PCA(0.999, svd_solver="full"),
    decomposition.IncrementalPCA(4, batch_size=50),
    decomposition.IncrementalPCA(4, whiten=True),
    decomposition.TruncatedSVD(4, random_state=0),
    decomposition.TruncatedSVD(3, algorithm="arpack", random_state=0),
    cross_decomposition.PLSRegression(4),
    cross_decomposition.PLSRegression(4, scale=False),
    feature_selection.RFE(linear_model.Ridge(), n_features_to_select=5),
    feature_selection.RFECV(linear_model.Ridge(), cv=3, min_features_to_select=3),
    feature_selection.SequentialFeatureSelector(linear_model.Ridge(), n_features_to_select=2, cv=2),
    feature_selection.VarianceThreshold(0.22),
    feature_selection.SelectKBest(feature_selection.f_regression, k=7),
    feature_selection.SelectPercentile(feature_selection.f_regression, percentile=40),
    feature_selection.GenericUnivariateSelect(feature_selection.f_regression, mode="k_best", param=3),
    feature_selection.SelectFpr(feature_selection.f_regression, alpha=1e-9),
    feature_selection.SelectFdr(feature_selection.f_regression, alpha=1e-9),
    feature_selection.SelectFwe(feature_selection.f_regression, alpha=1e-9),
    feature_selection.SelectFromModel(linear_model.Ridge()),
    feature_selection.SelectFromModel(linear_model.Ridge(), max_features=3, threshold=-np.inf),
]

MODELS: list[Any] = [
    cross_decomposition.PLSRegression(7),
    cross_decomposition.PLSRegression(7, scale=False),
    linear_model.LinearRegression(),
    linear_model.LinearRegression(fit_intercept=False),
    linear_model.LinearRegression(positive=True),
    linear_model.Ridge(1e-3),
    linear_model.RidgeCV(),
    linear_model.Lasso(0.1),
    linear_model.LassoCV(cv=3),
    linear_model.ElasticNet(0.1),
    linear_model.ElasticNetCV(cv=3),
    linear_model.Lars(n_nonzero_coefs=3),
    linear_model.LarsCV(cv=3, max_iter=5),
    linear_model.LassoLars(0.1),
    linear_model.LassoLarsCV(cv=3, max_iter=5),
    linear_model.LassoLarsIC(max_iter=5),
    linear_model.OrthogonalMatchingPursuit(n_nonzero_coefs=2),
    linear_model.OrthogonalMatchingPursuitCV(cv=3, max_iter=3),
    linear_model.BayesianRidge(),
    linear_model.ARDRegression(max_iter=5),
    linear_model.HuberRegressor(max_iter=20),
    linear_model.TheilSenRegressor(max_subpopulation=30, random_state=0),
    linear_model.RANSACRegressor(random_state=0),
    linear_model.RANSACRegressor(linear_model.Ridge(), min_samples=60, random_state=0),
    linear_model.SGDRegressor(eta0=1e-4, max_iter=20, random_state=0),
    linear_model.SGDRegressor(average=True, eta0=1e-4, max_iter=20, random_state=0),
    *retiring("PassiveAggressiveRegressor", max_iter=20, random_state=0),
    linear_model.QuantileRegressor(quantile=0.3, alpha=1e-3),
    svm.LinearSVR(max_iter=200, random_state=0),
]

MANY_TARGETS: list[Any] = [
    cross_decomposition.PLSRegression(7),
    cross_decomposition.PLSRegression(7, scale=False),
    cross_decomposition.PLSCanonical(2),
    cross_decomposition.CCA(2),
    linear_model.LinearRegression(),
    linear_model.LinearRegression(fit_intercept=False),
    linear_model.Ridge(1e-3),
    linear_model.RidgeCV(),
    linear_model.Lasso(0.1),
    linear_model.MultiTaskLasso(0.1),
    linear_model.MultiTaskLassoCV(cv=3, max_iter=50),
    linear_model.MultiTaskElasticNet(0.1),
    linear_model.MultiTaskElasticNetCV(cv=3, max_iter=50),
    linear_model.OrthogonalMatchingPursuit(n_nonzero_coefs=2),
    linear_model.Lars(n_nonzero_coefs=3),
]


@pytest.fixture(scope="module")
def X(tecator: Tecator) -> Matrix:
    """Every fifth point, so that every family fits in a moment."""
    return np.ascontiguousarray(tecator.X[:, ::5])


def fit(estimator: Any, X: Matrix, Y: Matrix) -> Any:
    with warnings.catch_warnings():
        # How well or in how many steps a model is fitted is no matter here, nor that its class will be gone one day.
        warnings.simplefilter("ignore")
        return estimator.fit(X, Y)


def replayed(estimator: Any, X: Matrix, **options: Any) -> Matrix:
    return Replay(lower(from_sklearn(estimator, **options))).predict(X)


@pytest.mark.parametrize("estimator", STEPS, ids=str)
def test_a_step_before_a_model_gives_scikit_learns_prediction(estimator: Any, X: Matrix, tecator: Tecator) -> None:
    # Joined when fitted: a Pipeline cannot fit PLSRegression as a step, whose fit_transform answers with two tables.
    ridge = linear_model.Ridge(1e-3).fit(fit(estimator, X, tecator.fat).transform(X), tecator.fat)
    model = make_pipeline(estimator, ridge)
    expected = model.predict(X)
    assert np.abs(replayed(model, X)[:, 0] - expected).max() <= 1e-10 * np.ptp(expected)


@pytest.mark.parametrize("estimator", MODELS, ids=str)
def test_a_model_gives_scikit_learns_prediction(estimator: Any, X: Matrix, tecator: Tecator) -> None:
    expected = fit(estimator, X, tecator.fat).predict(X)
    assert np.abs(replayed(estimator, X)[:, 0] - expected.ravel()).max() <= 1e-10 * np.ptp(tecator.fat)


@pytest.mark.parametrize("estimator", MANY_TARGETS, ids=str)
def test_several_targets_keep_their_order(estimator: Any, X: Matrix, tecator: Tecator) -> None:
    Y = np.stack([tecator.fat, tecator.protein, tecator.water], axis=1)
    expected = fit(estimator, X, Y).predict(X)
    found = replayed(estimator, X, targets=["fat", "protein", "water"])
    assert found.shape == expected.shape == (len(X), 3)
    assert np.abs(found - expected).max() <= 1e-10 * np.ptp(expected)


def test_no_known_class_is_left_out() -> None:
    known = {
        name.rpartition(".")[2]
        for name, reader in READERS.items()
        if name.startswith("sklearn.") and reader.family != "composite"
    }
    tried = {type(estimator).__name__ for estimator in (*STEPS, *MODELS, *MANY_TARGETS)}
    assert known - {"PassiveAggressiveRegressor"} == tried - {"PassiveAggressiveRegressor"}


def test_where_a_class_lives_is_among_its_known_names() -> None:
    for estimator in (*STEPS, *MODELS, *MANY_TARGETS):
        kind = type(estimator)
        assert f"{kind.__module__}.{kind.__qualname__}" in READERS
