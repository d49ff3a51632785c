"""The proof itself: what was read must answer as the live object does, on rows that exercise it."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import READERS, TOLERANCE, from_sklearn
from n4akit.bundle.capture.registry import Reading
from n4akit.bundle.capture.state import State
from n4akit.bundle.capture.verify import prove, synthetic_rows
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.models import Trees
from n4akit.bundle.operators import SNV, Linear, Operator, Scale, Select
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ...conftest import Tecator

ROWS = synthetic_rows(100)


def reading_of(fitted: Any, method: str) -> Reading:
    state = State.of(fitted, "here")
    return READERS[state.name].methods[method](state)


def proven(fitted: Any, reading: Reading, method: str) -> str:
    return prove(State.of(fitted, "here"), reading, ROWS, method)


TAMPERED: list[tuple[Any, str, str]] = [
    (Ridge(), "coef_", "predict"),
    (Ridge(), "intercept_", "predict"),
    (PLSRegression(4), "intercept_", "predict"),
    (PLSRegression(4), "_x_mean", "predict"),
    (StandardScaler(), "mean_", "transform"),
    (StandardScaler(), "scale_", "transform"),
    (MinMaxScaler(), "min_", "transform"),
    (PCA(3), "components_", "transform"),
    (PCA(3, whiten=True), "explained_variance_", "transform"),
]


@pytest.mark.parametrize(
    ("estimator", "attribute", "method"), TAMPERED, ids=[f"{type(e).__name__}.{a}" for e, a, _ in TAMPERED]
)
def test_one_number_that_differs_is_seen(estimator: Any, attribute: str, method: str, tecator: Tecator) -> None:
    fitted = estimator.fit(tecator.X, tecator.fat)
    assert proven(fitted, reading_of(fitted, method), method) == "live"
    other = copy.deepcopy(fitted)
    values = np.atleast_1d(getattr(other, attribute)).copy()
    values.flat[values.size // 2] *= 1.0 + 1e-4
    setattr(other, attribute, values)
    with pytest.raises(CaptureError, match=rf"here \({type(fitted).__name__}\): .* differs from its {method} by"):
        proven(fitted, reading_of(other, method), method)


def test_an_answer_of_another_shape_is_refused(tecator: Tecator) -> None:
    fitted = StandardScaler().fit(tecator.X)
    reading = Reading((Select(np.arange(50, dtype=np.int32)),))
    with pytest.raises(CaptureError, match=r"answers with shape \(6, 100\), what was read from it with \(6, 50\)"):
        proven(fitted, reading, "transform")


def test_the_tolerance_is_relative_to_the_largest_answer(tecator: Tecator) -> None:
    fitted = StandardScaler(with_mean=False, with_std=False).fit(tecator.X)
    within, beyond = (Reading((Scale(scale=np.full(100, 1.0 + part * TOLERANCE)),)) for part in (0.5, 2.0))
    assert proven(fitted, within, "transform") == "live"
    with pytest.raises(CaptureError, match="differs"):
        proven(fitted, beyond, "transform")


def test_a_misreading_counts_only_if_it_is_the_one_expected(tecator: Tecator) -> None:
    """The live object may take its state for another version's, and for nothing else."""
    fitted = Ridge().fit(tecator.X, tecator.fat)
    right = reading_of(fitted, "predict").operators
    wrong: tuple[Operator, ...] = (Linear(np.ones((1, 100)), np.zeros(1)),)
    assert proven(fitted, Reading(wrong, misread=right), "predict") == "invariants"
    with pytest.raises(CaptureError, match="differs"):
        proven(fitted, Reading(wrong, misread=(SNV(), *wrong)), "predict")


def test_without_an_object_there_is_nothing_to_compare_with() -> None:
    state = State("here", "any.Name", {})
    assert prove(state, Reading((SNV(),)), ROWS, "transform") == "invariants"


@pytest.mark.parametrize(
    "estimator", [DecisionTreeRegressor(max_leaf_nodes=30), HistGradientBoostingRegressor(max_iter=2, max_leaf_nodes=9)]
)
def test_every_threshold_that_differs_is_seen(estimator: Any, tecator: Tecator) -> None:
    """By a single step: of float32 where scikit-learn compares these, of float64 where it compares those."""
    fitted = estimator.fit(tecator.X, tecator.fat)
    trees, *after = reading_of(fitted, "predict").operators
    assert isinstance(trees, Trees) and proven(fitted, Reading((trees, *after)), "predict") == "live"
    for node in np.flatnonzero(trees.left != np.arange(len(trees.left))):
        threshold = trees.threshold.copy()
        threshold[node] = np.nextafter(np.float32(threshold[node]) if trees.single else threshold[node], np.inf)
        with pytest.raises(CaptureError, match="differs from its predict"):
            proven(fitted, Reading((replace(trees, threshold=threshold), *after)), "predict")


def test_every_leaf_of_another_class_is_seen(tecator: Tecator) -> None:
    fitted = DecisionTreeClassifier(max_leaf_nodes=20).fit(tecator.X, tecator.fat > np.median(tecator.fat))
    (trees,) = reading_of(fitted, "predict_proba").operators
    assert isinstance(trees, Trees)
    for node in np.flatnonzero(trees.left == np.arange(len(trees.left))):
        value = trees.value.copy()
        value[node] = [0.7, 0.3]
        with pytest.raises(CaptureError, match="differs from its predict_proba"):
            proven(fitted, Reading((replace(trees, value=value),)), "predict_proba")


def test_a_weight_of_far_away_references_is_seen(tecator: Tecator) -> None:
    """Made-up rows are nothing like them: there the kernel is 0, and any weight would do."""
    fitted = SVR(C=10, gamma=50.0).fit(tecator.X, tecator.fat)
    kernel, linear = reading_of(fitted, "predict").operators
    assert isinstance(linear, Linear) and np.ptp(fitted.predict(ROWS)) == 0.0
    for change in (linear.coef * 1.001, linear.coef[:, ::-1]):
        with pytest.raises(CaptureError, match="differs from its predict"):
            proven(fitted, Reading((kernel, replace(linear, coef=change))), "predict")


def test_roundings_to_float32_widen_what_is_accepted(tecator: Tecator) -> None:
    fitted = StandardScaler(with_mean=False, with_std=False).fit(tecator.X)
    within, beyond = ((Scale(scale=np.full(100, 1.0 + part * 2.0**-24)),) for part in (5.0, 5.5))
    assert proven(fitted, Reading(within, singles=5), "transform") == "live-single"
    for reading in (Reading(beyond, singles=5), Reading(within)):
        with pytest.raises(CaptureError, match="differs"):
            proven(fitted, reading, "transform")


@pytest.mark.parametrize("width", [1, 2, 3, 10, 1000])
def test_synthetic_rows_are_spectra_that_differ(width: int) -> None:
    rows = synthetic_rows(width)
    assert rows.shape == (6, width) and rows.min() >= 0.0 and rows.max() <= 2.0
    assert len(np.unique(rows, axis=0)) == 6
    if width > 1:
        assert np.ptp(rows, axis=1).min() > 0.01


def test_synthetic_rows_are_the_same_bytes_everywhere() -> None:
    digest = hashlib.sha256(synthetic_rows(100).tobytes()).hexdigest()
    assert digest == "54b19b9490a36a799a4ad78610995addd54830b821597cdfc18c90f6cebcef40"


def test_spectra_of_ones_own_may_be_the_proof(tecator: Tecator) -> None:
    model = make_pipeline(StandardScaler(), Ridge()).fit(tecator.X, tecator.fat)
    chain = from_sklearn(model, probes=tecator.X[:3])
    assert [step.verified for step in chain.branches["0"]] == ["live", "live"]
    assert from_sklearn(model, probes=tecator.X[0]).n_features == 100
