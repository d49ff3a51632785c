"""Fitted pipelines become chains: whatever they are nested in, one per fold or alone, with what is known about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Chain, Target
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import lower
from n4akit.bundle.operators import PLS, SNV, Linear, Scale
from n4akit.bundle.operators import SavitzkyGolay as Smooth
from n4akit.bundle.runtime import Replay
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  makes the halving searches importable
from sklearn.feature_selection import RFE
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ...conftest import Tecator

Matrix = NDArray[np.float64]


def predict(chain: Chain, X: Matrix) -> Matrix:
    return Replay(lower(chain)).predict(X)


def names(chain: Chain, fold: str = "0") -> list[str]:
    return [step.name for step in chain.branches[fold]]


def test_five_folds_predict_the_mean_of_scikit_learns(five_folds: list[Pipeline], tecator: Tecator) -> None:
    chain = from_sklearn(five_folds, wavelengths=tecator.wavelengths, targets=["fat"])
    expected = np.mean([model.predict(tecator.X) for model in five_folds], axis=0)
    for plan in (lower(chain), compile_plan(lower(chain))):
        found = Replay(plan).predict(tecator.X)[:, 0]
        assert np.abs(found - expected).max() <= 1e-10 * np.ptp(tecator.fat)


def test_each_fold_is_what_its_own_pipeline_predicts(five_folds: list[Pipeline], tecator: Tecator) -> None:
    for model in five_folds:
        found = predict(from_sklearn(model), tecator.X)[:, 0]
        assert np.abs(found - model.predict(tecator.X)).max() <= 1e-10 * np.ptp(tecator.fat)


def test_a_list_is_numbered_and_a_mapping_keeps_its_names(five_folds: list[Pipeline]) -> None:
    assert list(from_sklearn(five_folds[:3]).branches) == ["0", "1", "2"]
    assert list(from_sklearn(tuple(five_folds[:2])).branches) == ["0", "1"]
    assert list(from_sklearn({"b": five_folds[0], 7: five_folds[1]}).branches) == ["b", "7"]
    assert list(from_sklearn(five_folds[0]).branches) == ["0"]


def test_a_chain_says_what_was_done(fitted: Pipeline, tecator: Tecator) -> None:
    chain = from_sklearn(
        fitted,
        wavelengths=tecator.wavelengths,
        targets=[Target("fat", "%")],
        provenance={"run": "r1"},
        environment={"python": "3.11"},
    )
    snv, smooth, pls = chain.branches["0"]
    assert [snv.index, smooth.index, pls.index] == [1, 2, 3]
    assert names(chain) == ["StandardNormalVariate", "SavitzkyGolay", "PLSRegression"]
    assert pls.operator_class == "sklearn.cross_decomposition._pls.PLSRegression"
    assert smooth.params.items() >= {"window_length": 15, "polyorder": 2, "deriv": 1, "mode": "interp"}.items()
    assert {"cval", "delta", "deriv", "mode", "polyorder", "window_length"} == smooth.params.keys()
    assert [type(operator) for step in (snv, smooth, pls) for operator in step.operators] == [SNV, Smooth, PLS]
    assert {step.verified for step in (snv, smooth, pls)} == {"live"}
    assert chain.n_features == 100 and chain.targets == (Target("fat", "%"),) and not chain.opaque
    assert chain.axis is not None and chain.axis.unit == "nm"
    np.testing.assert_array_equal(chain.axis.values, tecator.wavelengths)
    assert chain.provenance == {"run": "r1"} and chain.environment == {"python": "3.11"}


def test_parameters_are_told_as_plain_values_or_not_at_all(tecator: Tecator) -> None:
    selector = RFE(Ridge(alpha=np.float64(0.5)), n_features_to_select=np.int64(3))
    model = make_pipeline(selector, Ridge(alpha=np.float64(0.5))).fit(tecator.X[:, ::10], tecator.fat)
    chosen, ridge = (step.params for step in from_sklearn(model).branches["0"])
    assert chosen["n_features_to_select"] == 3 and "estimator" not in chosen
    assert ridge["alpha"] == 0.5 and ridge["tol"] == 1e-4 and ridge["max_iter"] is None
    assert {type(value) for value in (*chosen.values(), *ridge.values())} <= {str, int, float, bool, type(None)}


def test_targets_are_numbered_when_nobody_names_them(pls: PLSRegression, fitted: Pipeline) -> None:
    assert from_sklearn(pls).targets == (Target("y1"), Target("y2"))
    assert from_sklearn(fitted).targets == (Target("y"),)
    assert from_sklearn(pls).axis is None


def test_pipelines_in_pipelines_are_opened(tecator: Tecator) -> None:
    inner = make_pipeline(StandardNormalVariate(), make_pipeline(SavitzkyGolay(9, 2), StandardScaler()))
    model = Pipeline([("prepare", inner), ("nothing", "passthrough"), ("model", make_pipeline(None, Ridge(1e-3)))])
    model.fit(tecator.X, tecator.fat)
    chain = from_sklearn(model)
    assert names(chain) == ["StandardNormalVariate", "SavitzkyGolay", "StandardScaler", "Ridge"]
    expected = model.predict(tecator.X)
    assert np.abs(predict(chain, tecator.X)[:, 0] - expected).max() <= 1e-10 * np.ptp(expected)


GRID = {"plsregression__n_components": [2, 5]}
SEARCHES: list[Any] = [
    GridSearchCV(make_pipeline(StandardNormalVariate(), PLSRegression()), GRID, cv=3),
    RandomizedSearchCV(make_pipeline(StandardNormalVariate(), PLSRegression()), GRID, n_iter=2, cv=3, random_state=0),
    HalvingGridSearchCV(make_pipeline(StandardNormalVariate(), PLSRegression()), GRID, cv=3, random_state=0),
]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_of_a_search_the_best_is_taken(search: Any, tecator: Tecator) -> None:
    model = make_pipeline(SavitzkyGolay(7, 2), search).fit(tecator.X, tecator.fat)
    chain = from_sklearn(model)
    assert names(chain) == ["SavitzkyGolay", "StandardNormalVariate", "PLSRegression"]
    assert chain.branches["0"][-1].params["n_components"] == search.best_params_["plsregression__n_components"]
    expected = model.predict(tecator.X)
    assert np.abs(predict(chain, tecator.X)[:, 0] - expected).max() <= 1e-10 * np.ptp(expected)


def test_folds_that_share_fitted_steps_share_them_in_the_chain(tecator: Tecator) -> None:
    scaler = StandardScaler().fit(tecator.X)
    Z = scaler.transform(tecator.X)
    models = [Ridge(alpha).fit(Z, tecator.fat) for alpha in (1.0, 2.0)]
    chain = from_sklearn([Pipeline([("scale", scaler), ("model", model)]) for model in models])
    assert chain.branches["0"][0] is chain.branches["1"][0]
    assert [line.op for line in lower(chain).body].count("div") == 1


def test_folds_with_equal_but_own_steps_keep_their_own(five_folds: list[Pipeline]) -> None:
    chain = from_sklearn(five_folds[:2])
    assert chain.branches["0"][0] is not chain.branches["1"][0]


def test_what_was_captured_does_not_change_with_the_object(tecator: Tecator) -> None:
    scaler = StandardScaler().fit(tecator.X)
    model = Ridge().fit(scaler.transform(tecator.X), tecator.fat)
    chain = from_sklearn(make_pipeline(scaler, model))
    before = predict(chain, tecator.X)
    scaler.scale_ *= 2.0
    model.coef_ += 1.0
    np.testing.assert_array_equal(predict(chain, tecator.X), before)
    scale, linear = (step.operators[0] for step in chain.branches["0"])
    assert isinstance(scale, Scale) and isinstance(linear, Linear)


def test_capturing_leaves_the_model_as_it_was(fitted: Pipeline, tecator: Tecator) -> None:
    before = fitted.predict(tecator.X)
    from_sklearn(fitted, probes=tecator.X)
    np.testing.assert_array_equal(fitted.predict(tecator.X), before)


def test_an_object_in_another_place_is_another_step(tecator: Tecator) -> None:
    scaler = StandardScaler().fit(tecator.X)
    ridge = Ridge(1e-3).fit(scaler.transform(tecator.X), tecator.fat)
    chain = from_sklearn({"scaled": make_pipeline(scaler, ridge), "raw": ridge})
    assert [step.index for step in chain.branches["scaled"]] == [1, 2]
    assert [step.index for step in chain.branches["raw"]] == [1]
    expected = (ridge.predict(scaler.transform(tecator.X)) + ridge.predict(tecator.X)) / 2
    assert np.abs(predict(chain, tecator.X)[:, 0] - expected).max() <= 1e-10 * np.ptp(expected)


def test_an_object_may_predict_in_one_fold_and_transform_in_another(tecator: Tecator) -> None:
    """Of one component and one target both have one column: nothing but the place tells them apart."""
    pls = PLSRegression(1).fit(tecator.X, tecator.fat)
    ridge = Ridge().fit(pls.transform(tecator.X), tecator.fat)
    scored = Pipeline([("scores", pls), ("model", ridge)])
    expected = (pls.predict(tecator.X) + scored.predict(tecator.X)) / 2
    for folds in ([pls, scored], [scored, pls]):
        found = predict(from_sklearn(folds), tecator.X)[:, 0]
        assert np.abs(found - expected).max() <= 1e-10 * np.ptp(expected)
