"""Models of every family, regressions and classifiers: what was read predicts as scikit-learn does, in numpy and in
plain Python alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Plan, Replay
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern, RationalQuadratic, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    Perceptron,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    TweedieRegressor,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC, NuSVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor

from ...conftest import Tecator
from ..runtime.programs import bits, replay_row

Matrix = NDArray[np.float64]


@pytest.fixture(scope="module")
def X(tecator: Tecator) -> Matrix:
    """Every tenth point, in small numbers above 0."""
    return np.ascontiguousarray(tecator.X[:, ::10] - tecator.X.min() + 0.1)


@pytest.fixture(scope="module")
def fat(tecator: Tecator) -> Matrix:
    return tecator.fat


REGRESSORS: dict[str, Any] = {
    "Poisson": PoissonRegressor(alpha=1e-3, max_iter=500),
    "gamma": GammaRegressor(alpha=1e-3, max_iter=500),
    "Tweedie, identity": TweedieRegressor(power=0, alpha=1e-3, max_iter=500),
    "SVR rbf": SVR(C=10),
    "SVR linear": SVR(kernel="linear", C=10),
    "SVR poly": SVR(kernel="poly", degree=2, coef0=1.0, C=10),
    "SVR sigmoid": SVR(kernel="sigmoid", coef0=0.1, C=0.1),
    "NuSVR": NuSVR(C=10),
    "kernel ridge rbf": KernelRidge(kernel="rbf", alpha=1e-2, gamma=0.1),
    "kernel ridge laplacian": KernelRidge(kernel="laplacian", alpha=1e-2),
    "kernel ridge linear": KernelRidge(alpha=1e-2),
    "kernel ridge poly": KernelRidge(kernel="polynomial", degree=2, alpha=1e-2),
    "Gaussian process": GaussianProcessRegressor(
        ConstantKernel(2.0) * RBF(1.5) + WhiteKernel(0.1), alpha=1e-3, normalize_y=True, optimizer=None
    ),
    "Gaussian process, Matern": GaussianProcessRegressor(
        Matern(2.0, nu=1.5) + 0.5 * Matern(1.0, nu=2.5), alpha=1e-2, optimizer=None
    ),
    "Gaussian process, products": GaussianProcessRegressor(
        RationalQuadratic(1.0, 0.7) * RBF(3.0) + DotProduct(0.5) + Matern(1.0, nu=0.5), alpha=1e-1, optimizer=None
    ),
    "neighbours": KNeighborsRegressor(4),
    "neighbours by distance": KNeighborsRegressor(4, weights="distance", p=1),
    "network relu": MLPRegressor(hidden_layer_sizes=(8, 5), max_iter=2000, tol=1e9, random_state=0),
    "network tanh": MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", max_iter=2000, tol=1e9, random_state=0),
    "network logistic": MLPRegressor(
        hidden_layer_sizes=(8,), activation="logistic", max_iter=2000, tol=1e9, random_state=0
    ),
    "tree": DecisionTreeRegressor(random_state=0),
    "extra tree": ExtraTreeRegressor(max_depth=5, random_state=0),
    "forest": RandomForestRegressor(12, random_state=0),
    "extra trees": ExtraTreesRegressor(9, random_state=0),
    "boosting": GradientBoostingRegressor(n_estimators=20, random_state=0),
    "boosting, huber": GradientBoostingRegressor(loss="huber", n_estimators=10, random_state=0),
    "histogram boosting": HistGradientBoostingRegressor(max_iter=20),
    "histogram boosting, gamma": HistGradientBoostingRegressor(loss="gamma", max_iter=20),
    "AdaBoost": AdaBoostRegressor(n_estimators=9, random_state=0),
    "bagging": BaggingRegressor(Ridge(1e-2), 5, max_features=0.6, random_state=0),
    "bagged trees": BaggingRegressor(n_estimators=5, random_state=0),
    "voting": VotingRegressor([("a", Ridge(1e-2)), ("b", DecisionTreeRegressor(max_depth=4))], weights=[1, 3]),
    "stacking": StackingRegressor(
        [("a", Ridge(1e-2)), ("b", KNeighborsRegressor(3))], final_estimator=Ridge(1e-2), passthrough=True
    ),
}


def both(plan: Plan) -> tuple[Plan, Plan]:
    return plan, compile_plan(plan)


def assert_same_in_plain_python(plan: Plan, X: Matrix) -> None:
    answers = Replay(plan, plan.answers).answers(X)
    for row in (0, len(X) // 2):
        found = replay_row(plan, X[row].tolist())
        for name, answer in zip(plan.answers, answers, strict=True):
            assert bits(found[name]) == bits(answer[row])


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_regression_is_read(name: str, X: Matrix, fat: Matrix) -> None:
    fitted = REGRESSORS[name].fit(X[:160], fat[:160])
    expected = fitted.predict(X)
    for plan in both(lower(from_sklearn(fitted, probes=X[:40]))):
        found = Replay(plan).predict(X)[:, 0]
        assert np.abs(found - expected).max() <= 1e-9 * np.abs(expected).max()
        assert_same_in_plain_python(plan, X)


CLASSIFIERS: dict[str, Any] = {
    "logistic": LogisticRegression(C=10, max_iter=2000),
    "logistic, liblinear": OneVsRestClassifier(LogisticRegression(C=10, solver="liblinear")),
    "stochastic, log": SGDClassifier(loss="log_loss", random_state=0),
    "stochastic, hinge": SGDClassifier(random_state=0),
    "stochastic, modified huber": SGDClassifier(loss="modified_huber", random_state=0),
    "perceptron": Perceptron(random_state=0),
    "ridge": RidgeClassifier(alpha=1e-3),
    "linear SVC": LinearSVC(C=1.0, max_iter=5000, random_state=0),
    "linear discriminants": LinearDiscriminantAnalysis(),
    "linear discriminants, lsqr": LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1),
    "quadratic discriminants": QuadraticDiscriminantAnalysis(reg_param=0.1),
    "Gaussian Bayes": GaussianNB(),
    "multinomial Bayes": MultinomialNB(),
    "Bernoulli Bayes": BernoulliNB(binarize=0.5),
    "complement Bayes": ComplementNB(),
    "SVC rbf": SVC(C=10),
    "SVC linear": SVC(kernel="linear"),
    "SVC poly": SVC(kernel="poly", degree=3, coef0=1.0),
    "NuSVC": NuSVC(nu=0.2),
    "neighbours": KNeighborsClassifier(5),
    "neighbours by distance": KNeighborsClassifier(5, weights="distance"),
    "network": MLPClassifier(hidden_layer_sizes=(8,), max_iter=2000, tol=1e9, random_state=0),
    "network tanh": MLPClassifier(hidden_layer_sizes=(8,), activation="tanh", max_iter=2000, tol=1e9, random_state=0),
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(12, random_state=0),
    "extra trees": ExtraTreesClassifier(9, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=10, random_state=0),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=10),
    "AdaBoost": AdaBoostClassifier(n_estimators=9, random_state=0),
    "bagging": BaggingClassifier(LogisticRegression(max_iter=1000), 4, max_features=0.6, random_state=0),
    "bagged votes": BaggingClassifier(RidgeClassifier(alpha=1e-3), 5, random_state=0),
    "soft voting": VotingClassifier(
        [("a", LogisticRegression(max_iter=1000)), ("b", DecisionTreeClassifier(max_depth=3))], voting="soft"
    ),
    "hard voting": VotingClassifier(
        [("a", LogisticRegression(max_iter=1000)), ("b", RidgeClassifier()), ("c", KNeighborsClassifier(3))],
        weights=[1, 2, 1],
    ),
    "stacking": StackingClassifier(
        [("a", LogisticRegression(max_iter=1000)), ("b", DecisionTreeClassifier(max_depth=3))],
        final_estimator=LogisticRegression(max_iter=1000),
    ),
}

LABELS: dict[str, Callable[[Matrix], NDArray[Any]]] = {
    "two words": lambda fat: np.where(fat > np.median(fat), "rich", "lean"),
    "three numbers": lambda fat: np.searchsorted(np.quantile(fat, [0.3, 0.7]), fat) * 10 - 10,
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_is_read(name: str, labels: str, X: Matrix, fat: Matrix) -> None:
    y = LABELS[labels](fat)
    fitted = CLASSIFIERS[name].fit(X[:160], y[:160])
    chain = from_sklearn(fitted, probes=X[:40])
    assert chain.classes is not None and chain.classes.labels == tuple(fitted.classes_.tolist())
    for plan in both(lower(chain)):
        answers = dict(zip(plan.answers, Replay(plan, plan.answers).answers(X), strict=True))
        np.testing.assert_array_equal(chain.classes.named(answers["value"][:, 0]), fitted.predict(X))
        if "proba" in answers:
            assert np.abs(answers["proba"] - fitted.predict_proba(X)).max() <= 1e-9
        assert_same_in_plain_python(plan, X)
