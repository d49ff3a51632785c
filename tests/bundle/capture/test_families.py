"""Every scikit-learn class that capture knows, fitted on real spectra: what was read computes what the object does."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import READERS, from_sklearn
from n4akit.bundle.capture.functions import NAMES
from n4akit.bundle.capture.nested import understood
from n4akit.bundle.capture.registry import REFUSED
from n4akit.bundle.capture.state import State
from n4akit.bundle.capture.verify import apply
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Replay
from numpy.typing import NDArray
from sklearn import (
    cross_decomposition,
    decomposition,
    discriminant_analysis,
    feature_selection,
    impute,
    linear_model,
    preprocessing,
    random_projection,
    svm,
)
from sklearn.compose import TransformedTargetRegressor
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
    *(preprocessing.FunctionTransformer(getattr(np, name)) for name in (*NAMES, "positive")),
    preprocessing.PowerTransformer(),
    preprocessing.PowerTransformer(standardize=False),
    preprocessing.PowerTransformer("box-cox"),
    decomposition.PCA(4),
    decomposition.PCA(4, whiten=True),
    decomposition.PCA(0.999, svd_solver="full"),
    decomposition.IncrementalPCA(4, batch_size=50),
    decomposition.IncrementalPCA(4, whiten=True),
    random_projection.GaussianRandomProjection(6, random_state=0),
    decomposition.TruncatedSVD(4, random_state=0),
    decomposition.TruncatedSVD(3, algorithm="arpack", random_state=0),
    decomposition.FastICA(4, random_state=0),
    decomposition.FastICA(3, whiten="arbitrary-variance", random_state=0),
    decomposition.FastICA(whiten=False, max_iter=5, random_state=0),
    decomposition.FactorAnalysis(3),
    decomposition.KernelPCA(4, kernel="rbf", gamma=0.5),
    decomposition.KernelPCA(4, kernel="linear"),
    decomposition.KernelPCA(4, kernel="poly", degree=2, coef0=0.5),
    decomposition.KernelPCA(2, kernel="sigmoid", gamma=1e-3),
    cross_decomposition.PLSRegression(4),
    cross_decomposition.PLSRegression(4, scale=False),
    cross_decomposition.PLSCanonical(1),
    cross_decomposition.CCA(1),
    cross_decomposition.PLSSVD(1),
    cross_decomposition.PLSSVD(1, scale=False),
    preprocessing.PolynomialFeatures(2),
    preprocessing.PolynomialFeatures((2, 3), interaction_only=True, include_bias=False),
    preprocessing.KBinsDiscretizer(4, encode="ordinal", strategy="uniform"),
    preprocessing.KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf"),
    preprocessing.Binarizer(threshold=3.0),
    impute.SimpleImputer(),
    impute.SimpleImputer(missing_values=2.61776, strategy="median"),
    impute.MissingIndicator(missing_values=2.61776, features="all"),
    preprocessing.QuantileTransformer(n_quantiles=50),
    preprocessing.QuantileTransformer(n_quantiles=50, output_distribution="normal"),
    *(
        preprocessing.SplineTransformer(4, extrapolation=mode)
        for mode in ("constant", "continue", "linear", "periodic")
    ),
    preprocessing.SplineTransformer(3, 1, knots="quantile", include_bias=False),
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


def described(estimator: Any) -> str:
    """As it was made, in a line; functions by name, without their addresses: a test has one name in every process."""
    return " ".join(re.sub(r"<function (\w+) at \w+>", r"\1", str(estimator)).split())


def fit(estimator: Any, X: Matrix, Y: Matrix) -> Any:
    with warnings.catch_warnings():
        # How well or in how many steps a model is fitted is no matter here, nor that its class will be gone one day.
        warnings.simplefilter("ignore")
        return estimator.fit(X, Y)


def replayed(estimator: Any, X: Matrix, **options: Any) -> Matrix:
    return Replay(lower(from_sklearn(estimator, **options))).predict(X)


@pytest.mark.parametrize("estimator", STEPS, ids=described)
def test_a_step_before_a_model_gives_scikit_learns_prediction(estimator: Any, X: Matrix, tecator: Tecator) -> None:
    # Joined when fitted: a Pipeline cannot fit PLSRegression as a step, whose fit_transform answers with two tables.
    ridge = linear_model.Ridge(1e-3).fit(fit(estimator, X, tecator.fat).transform(X), tecator.fat)
    model = make_pipeline(estimator, ridge)
    expected = model.predict(X)
    assert np.abs(replayed(model, X)[:, 0] - expected).max() <= 1e-10 * np.ptp(expected)


def read(fitted: Any, X: Matrix) -> Matrix:
    """What the operators of a step make of spectra."""
    state = State.of(fitted, "step")
    return apply(understood(state, "transform").operators, X, "step")


UNDONE: list[Any] = [
    preprocessing.StandardScaler(),
    preprocessing.StandardScaler(with_mean=False),
    preprocessing.RobustScaler(with_scaling=False),
    preprocessing.MinMaxScaler((-1, 3)),
    preprocessing.MaxAbsScaler(),
    preprocessing.PowerTransformer(),
    preprocessing.PowerTransformer("box-cox", standardize=False),
    preprocessing.QuantileTransformer(n_quantiles=50),
    preprocessing.FunctionTransformer(np.log1p, np.expm1),
    preprocessing.FunctionTransformer(np.sqrt, np.square),
]


@pytest.mark.parametrize("transformer", UNDONE, ids=described)
def test_what_was_done_to_the_target_is_undone(transformer: Any, X: Matrix, tecator: Tecator) -> None:
    model = TransformedTargetRegressor(linear_model.Ridge(1e-3), transformer=transformer).fit(X, tecator.fat)
    expected = model.predict(X)
    # Not every target has an inverse: made-up spectra may predict one that has none.
    assert np.abs(replayed(model, X, probes=X[:9])[:, 0] - expected).max() <= 1e-10 * np.ptp(expected)


def test_every_class_that_is_undone_is_tried() -> None:
    assert {type(transformer).__name__ for transformer in UNDONE} == known("inverse_transform")


@pytest.mark.parametrize("solver", ["svd", "eigen"])
@pytest.mark.parametrize("count", [None, 1])
def test_discriminants_are_scores_too(solver: str, count: int | None, X: Matrix, tecator: Tecator) -> None:
    classes = np.digitize(tecator.fat, [10.0, 20.0])
    fitted = discriminant_analysis.LinearDiscriminantAnalysis(solver=solver, n_components=count).fit(X, classes)
    np.testing.assert_allclose(read(fitted, X), fitted.transform(X), atol=1e-10 * np.ptp(fitted.transform(X)))


def test_a_kernel_is_centred_as_scikit_learn_does(X: Matrix) -> None:
    fitted = preprocessing.KernelCenterer().fit(X[:100] @ X[:100].T)
    np.testing.assert_allclose(read(fitted, X @ X[:100].T), fitted.transform(X @ X[:100].T), atol=1e-11)


REFUSED_STEPS: list[Any] = [
    decomposition.NMF(2, init="nndsvda", max_iter=2000),
    decomposition.MiniBatchNMF(2, init="nndsvda"),
    decomposition.SparsePCA(2, max_iter=5),
    decomposition.MiniBatchSparsePCA(2, max_iter=5),
    decomposition.DictionaryLearning(2, max_iter=2, transform_algorithm="threshold"),
    decomposition.MiniBatchDictionaryLearning(2, max_iter=2, transform_algorithm="threshold"),
    decomposition.LatentDirichletAllocation(2, max_iter=2),
    preprocessing.OneHotEncoder(handle_unknown="ignore"),
    preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    preprocessing.TargetEncoder(target_type="continuous"),
    impute.KNNImputer(),
]


@pytest.mark.parametrize("estimator", REFUSED_STEPS, ids=lambda estimator: type(estimator).__name__)
def test_what_no_plan_can_do_is_refused_with_the_reason(estimator: Any, X: Matrix, tecator: Tecator) -> None:
    few = np.ascontiguousarray(X[:30, :4])
    fitted = fit(estimator, few, tecator.fat[:30])
    ridge = fit(linear_model.Ridge(), np.ones((30, 1)), tecator.fat[:30])
    with pytest.raises(CaptureError, match=r"it (fits each|encodes|fills).*; opaque=True carries it as a pickle"):
        from_sklearn(make_pipeline(fitted, ridge), n_features=4)


@pytest.mark.parametrize("estimator", MODELS, ids=described)
def test_a_model_gives_scikit_learns_prediction(estimator: Any, X: Matrix, tecator: Tecator) -> None:
    expected = fit(estimator, X, tecator.fat).predict(X)
    assert np.abs(replayed(estimator, X)[:, 0] - expected.ravel()).max() <= 1e-10 * np.ptp(tecator.fat)


@pytest.mark.parametrize("estimator", MANY_TARGETS, ids=described)
def test_several_targets_keep_their_order(estimator: Any, X: Matrix, tecator: Tecator) -> None:
    Y = np.stack([tecator.fat, tecator.protein, tecator.water], axis=1)
    expected = fit(estimator, X, Y).predict(X)
    found = replayed(estimator, X, targets=["fat", "protein", "water"])
    assert found.shape == expected.shape == (len(X), 3)
    assert np.abs(found - expected).max() <= 1e-10 * np.ptp(expected)


def known(method: str, *families: str) -> set[str]:
    """The scikit-learn classes that are read as something asked by this method."""
    readers = {name: reader for name, reader in READERS.items() if name.startswith("sklearn.")}
    return {
        name.rpartition(".")[2]
        for name, reader in readers.items()
        if method in reader.methods and (reader.family in families if families else reader.family != "composite")
    }


def test_no_known_class_is_left_out() -> None:
    steps = {type(estimator).__name__ for estimator in STEPS} | {"LinearDiscriminantAnalysis", "KernelCenterer"}
    assert steps == known("transform")
    models = {type(estimator).__name__ for estimator in (*MODELS, *MANY_TARGETS)} | {"PassiveAggressiveRegressor"}
    assert models == known("predict", "linear", "partial least squares")
    refused = {name.rpartition(".")[2] for name in REFUSED if name.startswith("sklearn.")}
    assert refused == {type(estimator).__name__ for estimator in REFUSED_STEPS} | {"SparseCoder", "IterativeImputer"}


def test_where_a_class_lives_is_among_its_known_names() -> None:
    for estimator in (*STEPS, *MODELS, *MANY_TARGETS):
        kind = type(estimator)
        assert f"{kind.__module__}.{kind.__qualname__}" in READERS
