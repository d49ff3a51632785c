"""The zoo: every family of estimators that people train, small, told as data and fitted the same way everywhere.

Imports with numpy 1.26 and scikit-learn 1.3 and with the newest of both; what a version cannot fit is left out there.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import sklearn
from sklearn.feature_selection import f_regression

__all__ = ["RETIRED", "ZOO", "Animal", "X", "X_new", "available"]


@dataclass(frozen=True, eq=False)
class Spec:
    """A class of scikit-learn and what it is made with: a name that is the same in every version."""

    path: str
    parts: tuple[Any, ...]
    options: dict[str, Any]

    def __repr__(self) -> str:
        given = [*map(_said, self.parts), *(f"{name}={_said(value)}" for name, value in self.options.items())]
        return f"{self.path.rpartition('.')[2]}({', '.join(given)})"

    @property
    def names(self) -> set[str]:
        """The classes in it."""
        return {self.path.rpartition(".")[2]}.union(*(s.names for s in _inside([self.parts, self.options])))

    def make(self) -> Any:
        """An estimator that is not fitted yet; where it draws numbers it draws the same ones."""
        module, _, name = self.path.rpartition(".")
        kind = getattr(import_module(f"sklearn.{module}"), name)
        seed = {"random_state": 0} if "random_state" in inspect.signature(kind).parameters else {}
        return kind(*_made(self.parts), **{**seed, **_made(self.options)})


def _said(value: Any) -> str:
    return value.__name__ if callable(value) else repr(value)


def _inside(value: Any) -> Iterator[Spec]:
    if isinstance(value, Spec):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _inside(item)
    elif isinstance(value, dict):
        yield from _inside(list(value.values()))


def _made(value: Any) -> Any:
    if isinstance(value, Spec):
        return value.make()
    if isinstance(value, list | tuple):
        return type(value)(map(_made, value))
    if isinstance(value, dict):
        return {name: _made(item) for name, item in value.items()}
    return value


def of(path: str, *parts: Any, **options: Any) -> Spec:
    return Spec(path, parts, options)


def family(package: str, *entries: str | tuple[str, dict[str, Any]]) -> list[Spec]:
    """Classes of one package, as they come or with options."""
    pairs = [(entry, {}) if isinstance(entry, str) else entry for entry in entries]
    return [of(f"{package}.{name}", **options) for name, options in pairs]


RIDGE = of("linear_model.Ridge", alpha=1e-3)
LOGISTIC = of("linear_model.LogisticRegression")
TREE = of("tree.DecisionTreeRegressor", max_depth=3)
TREE_OF_CLASSES = of("tree.DecisionTreeClassifier", max_depth=3)
SCALER = of("preprocessing.StandardScaler")
RBF = of("gaussian_process.kernels.RBF", length_scale=2.0)
NOISE = of("gaussian_process.kernels.WhiteKernel", noise_level=0.1)
SMOOTH = of("gaussian_process.kernels.Sum", k1=RBF, k2=NOISE)
LENIENT: dict[str, Any] = {"score_func": f_regression, "alpha": 0.2}
FEW: dict[str, Any] = {"n_estimators": 4, "max_depth": 3}

STEPS = [
    *family(
        "preprocessing",
        *("StandardScaler", ("StandardScaler", {"with_mean": False}), ("StandardScaler", {"with_std": False})),
        *("RobustScaler", ("RobustScaler", {"unit_variance": True, "quantile_range": (5.0, 90.0)}), "MaxAbsScaler"),
        *("MinMaxScaler", ("MinMaxScaler", {"feature_range": (0, 0.5), "clip": True})),
        *("Normalizer", ("Normalizer", {"norm": "l1"}), ("Normalizer", {"norm": "max"}), "FunctionTransformer"),
        *("PowerTransformer", ("PowerTransformer", {"method": "box-cox"})),
        *("PolynomialFeatures", ("PolynomialFeatures", {"interaction_only": True, "include_bias": False})),
        ("QuantileTransformer", {"n_quantiles": 10}),
        ("QuantileTransformer", {"n_quantiles": 10, "output_distribution": "normal"}),
        ("KBinsDiscretizer", {"n_bins": 4, "encode": "ordinal", "strategy": "uniform"}),
        ("KBinsDiscretizer", {"n_bins": 3, "encode": "onehot-dense", "strategy": "uniform"}),
        *("SplineTransformer", ("SplineTransformer", {"n_knots": 4, "extrapolation": "linear"})),
        ("Binarizer", {"threshold": 0.5}),
    ),
    *family("impute", "SimpleImputer", ("SimpleImputer", {"strategy": "median"}), ("KNNImputer", {"n_neighbors": 3})),
    *family("impute", ("MissingIndicator", {"features": "all"})),
    *family(
        "decomposition",
        *(("PCA", {"n_components": 4}), ("PCA", {"n_components": 4, "whiten": True})),
        *(("IncrementalPCA", {"n_components": 4}), ("TruncatedSVD", {"n_components": 4})),
        *(("FastICA", {"n_components": 3, "whiten": "unit-variance"}), ("FactorAnalysis", {"n_components": 3})),
        *(("KernelPCA", {"n_components": 3}), ("KernelPCA", {"n_components": 3, "kernel": "rbf"})),
        *(("NMF", {"n_components": 3}), ("SparsePCA", {"n_components": 3, "max_iter": 20})),
    ),
    *family("kernel_approximation", ("Nystroem", {"n_components": 8}), ("RBFSampler", {"n_components": 8})),
    *family("random_projection", ("GaussianRandomProjection", {"n_components": 5})),
    *family(
        "feature_selection",
        *(("VarianceThreshold", {"threshold": 0.001}), ("SelectKBest", {"score_func": f_regression, "k": 5})),
    ),
    *family(
        "feature_selection",
        *(("SelectPercentile", {"score_func": f_regression, "percentile": 40}), ("SelectFpr", LENIENT)),
        *(("SelectFdr", LENIENT), ("SelectFwe", LENIENT)),
        ("GenericUnivariateSelect", {"score_func": f_regression, "mode": "k_best", "param": 3}),
    ),
    of("feature_selection.RFE", RIDGE, n_features_to_select=5),
    of("feature_selection.RFECV", RIDGE, cv=3, min_features_to_select=3),
    of("feature_selection.SequentialFeatureSelector", RIDGE, n_features_to_select=2, cv=2),
    of("feature_selection.SelectFromModel", RIDGE),
    of("feature_selection.SelectFromModel", TREE, threshold="mean"),
    of("pipeline.FeatureUnion", [("scaled", SCALER), ("pca", of("decomposition.PCA", n_components=3))]),
    of("pipeline.FeatureUnion", [("a", SCALER), ("b", SCALER)], transformer_weights={"b": 2.0}),
    of(
        "compose.ColumnTransformer",
        [("left", SCALER, [0, 1, 2]), ("right", of("decomposition.PCA", n_components=2), [5, 6, 7, 8])],
        remainder="passthrough",
    ),
    of("pipeline.make_pipeline", SCALER, of("decomposition.PCA", n_components=3)),
]
"""Preprocessing and decomposition: each before a ridge regression, and the classifiers' before a logistic one."""

REGRESSORS = [
    *family(
        "linear_model",
        *("LinearRegression", ("LinearRegression", {"positive": True}), ("Ridge", {"alpha": 1e-3}), "RidgeCV"),
        *(("Lasso", {"alpha": 1e-3}), ("ElasticNet", {"alpha": 1e-3}), ("LassoCV", {"cv": 3}), ("Lars", {})),
        *(("ElasticNetCV", {"cv": 3}), ("LarsCV", {"cv": 3, "max_iter": 5}), ("LassoLarsIC", {"max_iter": 5})),
        *(("LassoLarsCV", {"cv": 3, "max_iter": 5}), ("OrthogonalMatchingPursuitCV", {"cv": 3, "max_iter": 3})),
        *(("LassoLars", {"alpha": 1e-3}), ("OrthogonalMatchingPursuit", {"n_nonzero_coefs": 3}), "BayesianRidge"),
        *(("ARDRegression", {"max_iter": 20}), ("HuberRegressor", {"max_iter": 50})),
        ("TheilSenRegressor", {"max_subpopulation": 20}),
        *("RANSACRegressor", "SGDRegressor", ("PassiveAggressiveRegressor", {"max_iter": 20})),
        *(("QuantileRegressor", {"alpha": 1e-3, "solver": "highs"}), "PoissonRegressor", "GammaRegressor"),
        *(("TweedieRegressor", {"power": 1.5}), ("TweedieRegressor", {"power": 0, "link": "identity"})),
    ),
    *family(
        "cross_decomposition",
        *(("PLSRegression", {"n_components": 4}), ("PLSRegression", {"n_components": 4, "scale": False})),
    ),
    *family(
        "svm",
        *(("SVR", {"C": 10.0}), ("SVR", {"kernel": "linear"}), ("SVR", {"kernel": "poly", "degree": 2})),
        *(("SVR", {"kernel": "sigmoid", "gamma": 0.01}), ("NuSVR", {"C": 10.0}), "LinearSVR"),
    ),
    *family("kernel_ridge", ("KernelRidge", {"alpha": 0.1}), ("KernelRidge", {"alpha": 0.1, "kernel": "rbf"})),
    of("gaussian_process.GaussianProcessRegressor", kernel=SMOOTH, normalize_y=True, optimizer=None),
    of(
        "gaussian_process.GaussianProcessRegressor",
        kernel=of("gaussian_process.kernels.Matern", nu=1.5),
        alpha=0.01,
        optimizer=None,
    ),
    *family(
        "neighbors",
        *("KNeighborsRegressor", ("KNeighborsRegressor", {"weights": "distance", "n_neighbors": 3, "p": 1})),
        *(("KNeighborsRegressor", {"algorithm": "brute"}), ("RadiusNeighborsRegressor", {"radius": 5.0})),
    ),
    *family("tree", ("DecisionTreeRegressor", {"max_depth": 4}), ("ExtraTreeRegressor", {"max_depth": 4})),
    *family(
        "ensemble",
        *(("RandomForestRegressor", FEW), ("ExtraTreesRegressor", FEW), ("GradientBoostingRegressor", FEW)),
        ("GradientBoostingRegressor", {**FEW, "loss": "huber"}),
        ("HistGradientBoostingRegressor", {"max_iter": 5, "min_samples_leaf": 4}),
        ("HistGradientBoostingRegressor", {"max_iter": 5, "min_samples_leaf": 4, "loss": "poisson"}),
        ("AdaBoostRegressor", {"n_estimators": 4}),
    ),
    of("ensemble.BaggingRegressor", TREE, n_estimators=3, max_features=0.5),
    of("ensemble.VotingRegressor", [("ridge", RIDGE), ("tree", TREE)], weights=[2, 1]),
    of("ensemble.StackingRegressor", [("ridge", RIDGE), ("tree", TREE)], final_estimator=RIDGE, cv=3),
    of("ensemble.StackingRegressor", [("ridge", RIDGE)], final_estimator=RIDGE, cv=3, passthrough=True),
    *family(
        "neural_network",
        ("MLPRegressor", {"hidden_layer_sizes": (6,), "max_iter": 60}),
        ("MLPRegressor", {"hidden_layer_sizes": (5, 3), "max_iter": 60, "activation": "tanh"}),
        ("MLPRegressor", {"hidden_layer_sizes": (5,), "max_iter": 60, "activation": "logistic"}),
    ),
    of("compose.TransformedTargetRegressor", RIDGE, transformer=SCALER),
    of("compose.TransformedTargetRegressor", RIDGE, func=np.log1p, inverse_func=np.expm1),
    of("pipeline.make_pipeline", SCALER, of("svm.SVR", C=10.0)),
    of("model_selection.GridSearchCV", RIDGE, {"alpha": [0.1, 1.0]}, cv=3),
    of("dummy.DummyRegressor"),
]

OF_MANY_TARGETS = [
    *family(
        "cross_decomposition",
        *(("PLSRegression", {"n_components": 4}), ("PLSCanonical", {"n_components": 2}), ("CCA", {"n_components": 2})),
    ),
    *family(
        "linear_model",
        *("LinearRegression", ("Ridge", {"alpha": 1e-3}), ("Lasso", {"alpha": 1e-3})),
        *(("MultiTaskLasso", {"alpha": 1e-3}), ("MultiTaskElasticNet", {"alpha": 1e-3})),
        *(("MultiTaskLassoCV", {"cv": 3}), ("MultiTaskElasticNetCV", {"cv": 3})),
    ),
    of("kernel_ridge.KernelRidge", alpha=0.1, kernel="rbf"),
    of("gaussian_process.GaussianProcessRegressor", kernel=SMOOTH, normalize_y=True, optimizer=None),
    *family("neighbors", "KNeighborsRegressor"),
    *family("tree", ("DecisionTreeRegressor", {"max_depth": 4})),
    *family("ensemble", ("RandomForestRegressor", FEW), ("ExtraTreesRegressor", FEW)),
    *family("neural_network", ("MLPRegressor", {"hidden_layer_sizes": (6,), "max_iter": 60})),
    of("multioutput.MultiOutputRegressor", of("svm.SVR", C=10.0)),
    of("multioutput.RegressorChain", RIDGE),
    of("compose.TransformedTargetRegressor", RIDGE, transformer=SCALER),
]

CLASSIFIERS = [
    *family(
        "linear_model",
        *("LogisticRegression", ("LogisticRegression", {"solver": "liblinear"})),
        *(("LogisticRegression", {"multi_class": "ovr"}), ("LogisticRegressionCV", {"cv": 3, "Cs": 2})),
        *(
            "RidgeClassifier",
            "RidgeClassifierCV",
            ("SGDClassifier", {"loss": "log_loss"}),
            ("SGDClassifier", {"loss": "modified_huber"}),
        ),
        *("SGDClassifier", "Perceptron", ("PassiveAggressiveClassifier", {"max_iter": 20})),
    ),
    *family(
        "discriminant_analysis",
        *("LinearDiscriminantAnalysis", ("LinearDiscriminantAnalysis", {"solver": "lsqr", "shrinkage": 0.1})),
        ("QuadraticDiscriminantAnalysis", {"reg_param": 0.5}),
    ),
    *family("naive_bayes", "GaussianNB", "MultinomialNB", "BernoulliNB", "ComplementNB"),
    *family(
        "svm",
        *("SVC", ("SVC", {"kernel": "linear", "decision_function_shape": "ovo"}), ("SVC", {"probability": True})),
        *(("SVC", {"kernel": "poly", "degree": 2}), ("NuSVC", {"nu": 0.3}), "LinearSVC"),
    ),
    of("gaussian_process.GaussianProcessClassifier", kernel=RBF, optimizer=None),
    *family(
        "neighbors",
        *("KNeighborsClassifier", ("KNeighborsClassifier", {"weights": "distance", "n_neighbors": 3})),
        *("NearestCentroid", ("RadiusNeighborsClassifier", {"radius": 5.0})),
    ),
    *family("tree", ("DecisionTreeClassifier", {"max_depth": 4}), ("ExtraTreeClassifier", {"max_depth": 4})),
    *family(
        "ensemble",
        *(("RandomForestClassifier", FEW), ("ExtraTreesClassifier", FEW), ("GradientBoostingClassifier", FEW)),
        ("HistGradientBoostingClassifier", {"max_iter": 5, "min_samples_leaf": 4}),
    ),
    of("ensemble.AdaBoostClassifier", TREE_OF_CLASSES, n_estimators=3),
    of("ensemble.AdaBoostClassifier", TREE_OF_CLASSES, n_estimators=3, algorithm="SAMME"),
    of("ensemble.AdaBoostClassifier", TREE_OF_CLASSES, n_estimators=3, algorithm="SAMME.R"),
    of("ensemble.BaggingClassifier", TREE_OF_CLASSES, n_estimators=3),
    of("ensemble.VotingClassifier", [("a", LOGISTIC), ("b", TREE_OF_CLASSES)], voting="soft"),
    of("ensemble.VotingClassifier", [("a", LOGISTIC), ("b", TREE_OF_CLASSES)], voting="hard"),
    of("ensemble.StackingClassifier", [("a", LOGISTIC), ("b", TREE_OF_CLASSES)], final_estimator=LOGISTIC, cv=3),
    of("calibration.CalibratedClassifierCV", LOGISTIC, cv=3),
    of("multiclass.OneVsRestClassifier", LOGISTIC),
    of("multiclass.OneVsOneClassifier", LOGISTIC),
    *family("neural_network", ("MLPClassifier", {"hidden_layer_sizes": (6,), "max_iter": 60})),
    of("pipeline.make_pipeline", SCALER, LOGISTIC),
    of("pipeline.make_pipeline", of("decomposition.PCA", n_components=4), of("svm.SVC")),
    of("dummy.DummyClassifier"),
]

RETIRED = {
    "multi_class='ovr'": (1, 8),
    "solver='liblinear'), three classes": (1, 8),
    "algorithm='SAMME.R'": (1, 6),
    "algorithm='SAMME'": (1, 8),
    "PassiveAggressive": (1, 10),
}
"""What is in a name, and the first scikit-learn that cannot fit it; pickles of it will be around for longer."""


def _spectra(n: int, seed: int) -> tuple[Any, Any]:
    """Spectra (n, 16) between 0.1 and 4 of four substances, and how much there is of each of three (n, 3)."""
    rng = np.random.default_rng(seed)
    points = np.linspace(0.0, 1.0, 16)
    bands = np.exp(-((points - np.array([[0.15], [0.4], [0.6], [0.9]])) ** 2) / 0.02)
    amounts = rng.uniform(0.1, 1.0, size=(n, 4))
    return 0.2 + 2.0 * amounts @ bands + rng.uniform(0.0, 0.05, size=(n, 16)), amounts[:, :3] * [10.0, 3.0, 1.0] + 0.5


X, _AMOUNTS = _spectra(63, 1)
X_new = _spectra(15, 2)[0]
"""Rows that nothing was fitted on."""

TARGETS = {
    "one target": _AMOUNTS[:, 0],
    "three targets": _AMOUNTS,
    "two classes": np.where(_AMOUNTS[:, 0] > 5.5, 5, 2),
    "three classes": np.array(["barley", "oats", "wheat"])[
        np.digitize(_AMOUNTS[:, 1], np.quantile(_AMOUNTS[:, 1], [0.33, 0.67]))
    ],
}
"""Numbers, and classes that are neither 0 and 1 nor numbers."""


@dataclass(frozen=True, eq=False)
class Animal:
    """One entry: an estimator and what it is fitted on."""

    spec: Spec
    task: str

    @property
    def name(self) -> str:
        return f"{self.spec}, {self.task}"

    @property
    def classes(self) -> set[str]:
        """The names of the classes in it."""
        return self.spec.names

    def fit(self) -> Any:
        """A new fitted estimator."""
        with warnings.catch_warnings():
            # How well a model is fitted is no matter here, nor that its class or option will be gone one day.
            warnings.simplefilter("ignore")
            return self.spec.make().fit(X, TARGETS[self.task])

    def answers(self, fitted: Any) -> dict[str, Any]:
        """What it makes of the new rows, by method."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            methods = [m for m in ("predict", "predict_proba") if hasattr(fitted, m)]
            return {method: getattr(fitted, method)(X_new.copy()) for method in methods}


def _animals() -> Iterator[Animal]:
    for step in STEPS:
        yield Animal(of("pipeline.make_pipeline", step, RIDGE), "one target")
    for spec in REGRESSORS:
        yield Animal(spec, "one target")
    for spec in OF_MANY_TARGETS:
        yield Animal(spec, "three targets")
    for spec in CLASSIFIERS:
        yield Animal(spec, "two classes")
        yield Animal(spec, "three classes")


ZOO = {animal.name: animal for animal in _animals()}


def available() -> list[str]:
    """The entries that this scikit-learn can fit."""
    here = tuple(map(int, sklearn.__version__.split(".")[:2]))
    return [name for name in ZOO if all(here < gone for part, gone in RETIRED.items() if part in name)]
