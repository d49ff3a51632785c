"""Calibrated classifiers: the probabilities of scikit-learn, by scores or by probabilities of what is calibrated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from n4akit.bundle import CaptureError
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Replay
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from ...conftest import Tecator
from ..runtime.programs import bits, replay_row

Matrix = NDArray[np.float64]


@pytest.fixture(scope="module")
def X(tecator: Tecator) -> Matrix:
    return np.ascontiguousarray(tecator.X[:, ::10])


@pytest.fixture(scope="module")
def two(tecator: Tecator) -> NDArray[Any]:
    return np.where(tecator.fat > np.median(tecator.fat), "rich", "lean")


@pytest.fixture(scope="module")
def three(tecator: Tecator) -> NDArray[Any]:
    return np.searchsorted(np.quantile(tecator.fat, [0.3, 0.7]), tecator.fat) * 10


BASES: dict[str, Any] = {
    "scores": RidgeClassifier(alpha=1e-3),
    "margins": LinearSVC(max_iter=5000, random_state=0),
    "logistic": LogisticRegression(C=10, max_iter=2000),
    "stochastic": make_pipeline(StandardScaler(), SGDClassifier(random_state=0)),
    "discriminants": LinearDiscriminantAnalysis(),
    "probabilities": KNeighborsClassifier(5, weights="distance"),
    "a forest": RandomForestClassifier(8, random_state=0),
}


def assert_read(fitted: Any, X: Matrix) -> None:
    chain = from_sklearn(fitted, probes=X[:40])
    assert chain.classes is not None and chain.fold_rule == "soft"
    for plan in (lower(chain), compile_plan(lower(chain))):
        found = dict(zip(plan.answers, Replay(plan, plan.answers).answers(X), strict=True))
        assert np.abs(found["proba"] - fitted.predict_proba(X)).max() <= 1e-9
        np.testing.assert_array_equal(chain.classes.named(found["value"][:, 0]), fitted.predict(X))
        alone = replay_row(plan, X[3].tolist())
        assert all(bits(alone[name]) == bits(found[name][3]) for name in plan.answers)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("base", BASES)
def test_probabilities_are_calibrated_as_scikit_learn_does(
    base: str, method: Any, X: Matrix, two: NDArray[Any], three: NDArray[Any]
) -> None:
    for labels in (two, three):
        assert_read(CalibratedClassifierCV(BASES[base], method=method, cv=3).fit(X[:160], labels[:160]), X)


@pytest.mark.parametrize("ensemble", [True, False])
def test_support_vectors_of_two_classes_are_calibrated(ensemble: bool, X: Matrix, two: NDArray[Any]) -> None:
    assert_read(CalibratedClassifierCV(SVC(C=10), cv=3, ensemble=ensemble).fit(X[:160], two[:160]), X)


def test_scores_may_be_stacked(X: Matrix, two: NDArray[Any]) -> None:
    lower_level = [("svc", SVC(C=10)), ("ridge", RidgeClassifier())]
    assert_read(StackingClassifier(lower_level, LogisticRegression(), cv=3).fit(X[:160], two[:160]), X)


def test_steps_so_steep_that_roundings_tell_are_refused(X: Matrix, two: NDArray[Any]) -> None:
    # Between probabilities 1e-9 apart isotonic regression may climb from 0 to 1.
    steep = CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=3).fit(X[:160], two[:160])
    with pytest.raises(CaptureError, match="differs from its predict"):
        from_sklearn(steep, probes=X[:40])


def test_what_is_not_known_as_scores_is_refused_by_name(X: Matrix, three: NDArray[Any]) -> None:
    boosting = CalibratedClassifierCV(GradientBoostingClassifier(n_estimators=3), cv=3).fit(X, three)
    with pytest.raises(CaptureError, match="GradientBoostingClassifier is not known as a model of scores of classes"):
        from_sklearn(boosting, probes=X[:40])
    with pytest.raises(CaptureError, match="scores of more than two classes count votes"):
        from_sklearn(CalibratedClassifierCV(SVC(), cv=3).fit(X, three), probes=X[:40])
