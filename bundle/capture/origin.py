"""Where an object was fitted: its state means what the scikit-learn that wrote it meant, whatever version is running.

A capture is proven against the live object, and a pickle of another version may answer wrongly without a word: a forest
of 1.3 counts its votes thirtyfold since 1.5, probabilities one-versus-rest became softmax in 1.8. So a state that was
written elsewhere is read only if its class is in COMPARED: there the answers of the version that fitted it were
compared with those of the running one, for every version that `pytest -m soak` makes. Scikit-learn takes its version
out of a state when it unpickles it; it is known from `environment`, or not at all. But options that a class has gained
or lost since then show that it is another one.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from ..errors import CaptureError

__all__ = ["COMPARED", "NEWEST", "ROUTE", "check_origin", "witnessed"]

Release = tuple[int, int]

PACKAGE = "scikit-learn"

ROUTE = (
    "capture it in the environment where it was fitted, and carry the bundle (README, Models of another environment)"
)

NEWEST: Release = (1, 9)
"""The newest scikit-learn whose states were compared."""

COMPARED: Mapping[Release, tuple[str, ...]] = {
    (1, 3): (
        *("Pipeline", "FeatureUnion", "ColumnTransformer", "GridSearchCV", "TransformedTargetRegressor"),
        *("StandardScaler", "RobustScaler", "MaxAbsScaler", "MinMaxScaler", "Normalizer", "FunctionTransformer"),
        *("PowerTransformer", "PolynomialFeatures", "QuantileTransformer", "KBinsDiscretizer", "SplineTransformer"),
        *("Binarizer", "OneHotEncoder", "LabelEncoder", "LabelBinarizer", "KernelCenterer"),
        *("SimpleImputer", "KNNImputer"),
        *("PCA", "IncrementalPCA", "TruncatedSVD", "FastICA", "FactorAnalysis", "KernelPCA", "NMF", "SparsePCA"),
        *("Nystroem", "RBFSampler", "GaussianRandomProjection"),
        *("VarianceThreshold", "SelectKBest", "SelectPercentile", "GenericUnivariateSelect", "SelectFpr", "SelectFdr"),
        *("SelectFwe", "RFE", "RFECV", "SequentialFeatureSelector", "SelectFromModel"),
        *("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "MultiTaskLasso"),
        *("ElasticNetCV", "LarsCV", "LassoLarsCV", "LassoLarsIC", "OrthogonalMatchingPursuitCV", "MultiTaskLassoCV"),
        *(
            "MultiTaskElasticNetCV",
            "MultiTaskElasticNet",
            "Lars",
            "LassoLars",
            "OrthogonalMatchingPursuit",
            "BayesianRidge",
            "ARDRegression",
        ),
        *("HuberRegressor", "TheilSenRegressor", "RANSACRegressor", "SGDRegressor", "PassiveAggressiveRegressor"),
        *("QuantileRegressor", "LinearSVR"),
        # Known by what their numbers must satisfy: the running version misreads those of 1.3 and 1.4.
        *("PLSRegression", "PLSCanonical", "CCA"),
        *("SVR", "NuSVR", "KernelRidge", "GaussianProcessRegressor"),
        *("KNeighborsRegressor", "RadiusNeighborsRegressor", "KNeighborsClassifier", "RadiusNeighborsClassifier"),
        *("DecisionTreeRegressor", "ExtraTreeRegressor", "RandomForestRegressor", "ExtraTreesRegressor"),
        *("AdaBoostRegressor", "AdaBoostClassifier", "BaggingRegressor", "BaggingClassifier"),
        *("VotingRegressor", "VotingClassifier", "StackingRegressor", "StackingClassifier"),
        *("MLPRegressor", "MLPClassifier", "MultiOutputRegressor", "OneVsRestClassifier", "OneVsOneClassifier"),
        *("LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "Perceptron", "PassiveAggressiveClassifier"),
        *("LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis", "GaussianNB", "MultinomialNB"),
        *("BernoulliNB", "ComplementNB", "SVC", "NuSVC", "LinearSVC", "GaussianProcessClassifier"),
        *("CalibratedClassifierCV", "DummyRegressor", "DummyClassifier"),
    ),
    # Their leaves held counts before, and hold fractions since.
    (1, 5): ("DecisionTreeClassifier", "ExtraTreeClassifier", "RandomForestClassifier", "ExtraTreesClassifier"),
}
"""By the first scikit-learn whose states mean to all later ones what they meant to it."""

SINCE = {name: release for release, names in COMPARED.items() for name in names}


def _one_versus_rest(state: Mapping[str, Any]) -> bool:
    if len(state.get("classes_", ())) < 3:
        return False
    return state.get("multi_class") == "ovr" or state.get("solver") == "liblinear"


OF_ONE_AGAINST_THE_REST = "its probabilities are one-versus-rest, which is taken for softmax here", _one_versus_rest

RETIRED: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], bool]]] = {
    "LogisticRegression": OF_ONE_AGAINST_THE_REST,
    "LogisticRegressionCV": OF_ONE_AGAINST_THE_REST,
    "AdaBoostClassifier": (
        "it was boosted by SAMME.R, which is taken for SAMME here",
        lambda state: state.get("algorithm") == "SAMME.R",
    ),
}
"""What a state may say that a later version takes for something else, without a word."""


def check_origin(fitted: Iterable[Any], environment: Mapping[str, str]) -> None:
    """Raise CaptureError, naming the class, when an object was fitted elsewhere and its state may mean something else.

    `environment` says where they were fitted: under `scikit-learn` the version, absent when it is not known.
    """
    said = environment.get(PACKAGE)
    if said is not None and said == _running():
        return
    seen: set[int] = set()
    for estimator in (estimator for one in fitted for estimator in _estimators(one, seen)):
        if said is not None:
            _check(estimator, said)
        else:
            _check_unknown(estimator)


def witnessed(proof: str, environment: Mapping[str, str]) -> str:
    """How a step was proven, where it was fitted being known: `live` becomes `origin-environment` if that is here."""
    here = environment.get(PACKAGE) == _running() is not None
    return "origin-environment" if here and proof == "live" else proof


def _running() -> str | None:
    """The version of scikit-learn that computes here; None where no object of it was loaded."""
    loaded = sys.modules.get("sklearn")
    return None if loaded is None else str(loaded.__version__)


def _check(estimator: Any, said: str) -> None:
    since = SINCE.get(type(estimator).__qualname__)
    if since is None:
        raise _refused(estimator, said, "states of this class by another version were not compared")
    if not since <= _release(said) <= NEWEST:
        spans = f"from {since[0]}.{since[1]} to {NEWEST[0]}.{NEWEST[1]}"
        raise _refused(estimator, said, f"its states were compared {spans}")
    misread = _misread(estimator)
    if misread:
        raise _refused(estimator, said, misread)


def _check_unknown(estimator: Any) -> None:
    name, changed = type(estimator).__qualname__, _changed(estimator)
    if changed and (SINCE.get(name) != min(COMPARED) or _misread(estimator)):
        raise CaptureError(
            f"{name}: another scikit-learn than {_running()} wrote its state ({', '.join(changed)}), and which one "
            f"decides what it means; give environment={{'scikit-learn': its version}}, or {ROUTE}"
        )


def _misread(estimator: Any) -> str:
    """What of a state of another version is taken for something else here; empty where nothing is."""
    reason, says = RETIRED.get(type(estimator).__qualname__, ("", lambda _: False))
    return reason if says(vars(estimator)) else ""


def _refused(estimator: Any, said: str, reason: str) -> CaptureError:
    name = type(estimator).__qualname__
    return CaptureError(f"{name}: scikit-learn {said} wrote its state, {_running()} is running; {reason}: {ROUTE}")


def _release(said: str) -> Release:
    found = re.match(r"(\d+)\.(\d+)", said)
    if found is None:
        raise CaptureError(f"environment: {PACKAGE} {said!r} is no version, expected one such as 1.3.2")
    return int(found[1]), int(found[2])


def _estimators(value: Any, seen: set[int]) -> Iterator[Any]:
    """Every fitted estimator of scikit-learn's in an object, however deep."""
    if id(value) in seen:
        return
    seen.add(id(value))
    inner: Iterable[Any] = ()
    if isinstance(value, list | tuple):
        inner = value
    elif isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, np.ndarray):
        inner = value.ravel().tolist() if value.dtype.hasobject else ()
    elif hasattr(value, "get_params") or type(value).__module__.startswith("sklearn."):
        state = getattr(value, "__dict__", {})
        # Those with an underscore are parts of the estimator around them, which answers for them.
        public = type(value).__module__.startswith("sklearn.") and not type(value).__qualname__.startswith("_")
        if public and hasattr(value, "fit") and any(name.endswith("_") for name in state):
            yield value
        inner = state.values()
    for item in inner:
        yield from _estimators(item, seen)


def _changed(estimator: Any) -> list[str]:
    """What shows that a class had other options when the object was made."""
    options = [_options(kind) for kind in type(estimator).__mro__]
    state = vars(estimator)
    lacks = sorted(f"it lacks {name!r}" for name in options[0] - state.keys())
    public = {name for name in state if not name.startswith("_") and not name.endswith("_")}
    return lacks + sorted(f"it has {name!r}" for name in public.difference(*options))


@cache
def _options(kind: type) -> frozenset[str]:
    parameters = inspect.signature(kind).parameters.values()
    return frozenset(p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
