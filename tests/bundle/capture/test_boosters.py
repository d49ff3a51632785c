"""XGBoost and LightGBM, read from the documents that their boosters save: every leaf is theirs, and so are the answers,
XGBoost's but for the float32 that it adds in.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Chain
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.landmarks import landmarks
from n4akit.bundle.lower import lower
from n4akit.bundle.models import Trees
from n4akit.bundle.runtime import Replay
from numpy.typing import NDArray

from ...conftest import Tecator
from ..runtime.programs import bits, replay_row

Matrix = NDArray[np.float64]


def library(name: str) -> Any:
    if importlib.util.find_spec(name) is None and os.environ.get("CI") != "true":
        pytest.skip(f"{name} is not installed: pip install n4akit[dev] brings it", allow_module_level=True)
    return importlib.import_module(name)


lgb, xgb = library("lightgbm"), library("xgboost")

SINGLE = 2.0**-24


def xgboost(kind: str, **options: Any) -> Any:
    return getattr(xgb, kind)(**{"n_estimators": 12, "max_depth": 4, "n_jobs": 1, **options})


def lightgbm(kind: str, **options: Any) -> Any:
    small = {"n_estimators": 12, "num_leaves": 6, "min_child_samples": 5, "n_jobs": 1, "verbose": -1}
    return getattr(lgb, kind)(**{**small, **options})


@pytest.fixture(scope="module")
def X(tecator: Tecator) -> Matrix:
    """Every tenth point, on both sides of 0."""
    return np.ascontiguousarray(tecator.X[:, ::10] - tecator.X[:, ::10].mean(axis=0))


@pytest.fixture(scope="module")
def share(tecator: Tecator) -> Matrix:
    """Fat between 0 and 1."""
    return np.asarray(tecator.fat / 100.0)


def three(share: Matrix) -> NDArray[np.int64]:
    return np.searchsorted(np.quantile(share, [0.3, 0.7]), share)


def beside_thresholds(chain: Chain, width: int) -> Matrix:
    """Spectra on every threshold of the first fold, and one double above."""
    operators = chain.branches["0"][-1].operators
    trees = operators[0]
    assert isinstance(trees, Trees)
    rows = landmarks(operators, width, 2 * len(trees.left))
    assert rows is not None and len(rows) == 2 * (trees.left != np.arange(len(trees.left))).sum()
    return rows


XGBOOST: dict[str, dict[str, Any]] = {
    "squared error": {},
    "absolute error": {"objective": "reg:absoluteerror"},
    "quantiles": {"objective": "reg:quantileerror", "quantile_alpha": [0.2, 0.8]},
    "poisson": {"objective": "count:poisson"},
    "gamma": {"objective": "reg:gamma"},
    "tweedie": {"objective": "reg:tweedie"},
    "logistic": {"objective": "reg:logistic"},
    "a base of its own": {"base_score": 0.4},
    "dropped trees": {"booster": "dart", "rate_drop": 0.4, "one_drop": 1, "random_state": 0},
    "pruned nodes": {"tree_method": "exact", "gamma": 0.02},
    "grown by loss": {"grow_policy": "lossguide", "max_leaves": 7},
    "parallel trees": {"num_parallel_tree": 3, "subsample": 0.5, "random_state": 0},
}


@pytest.mark.parametrize("name", XGBOOST)
def test_xgboost_is_read_but_for_its_float32(name: str, X: Matrix, share: Matrix) -> None:
    fitted = xgboost("XGBRegressor", **XGBOOST[name]).fit(X[:160], share[:160])
    chain = from_sklearn(fitted)
    assert chain.branches["0"][0].verified == "live-single"
    plan = lower(chain)
    for rows in (X, beside_thresholds(chain, X.shape[1])):
        expected = fitted.predict(rows).reshape(len(rows), -1).astype(np.float64)
        found = Replay(plan).predict(rows)
        assert np.abs(found - expected).max() <= (3 * 12 + 8) * SINGLE * np.abs(expected).max()
    assert bits(replay_row(plan, X[0].tolist())["value"]) == bits(Replay(plan).predict(X[:1])[0])


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_xgboost_reaches_the_very_leaf(scale: float, X: Matrix, share: Matrix) -> None:
    """With one tree XGBoost adds two float32 and rounds once: what it answers is our sum, rounded."""
    fitted = xgboost("XGBRegressor", n_estimators=1, max_depth=7, min_child_weight=0).fit(X * scale, share)
    chain = from_sklearn(fitted)
    for rows in (X * scale, beside_thresholds(chain, X.shape[1])):
        found = Replay(lower(chain)).predict(rows)[:, 0]
        assert found.astype(np.float32).tobytes() == fitted.predict(rows).tobytes()


LIGHTGBM: dict[str, dict[str, Any]] = {
    "squared error": {},
    "absolute error": {"objective": "regression_l1"},
    "huber": {"objective": "huber"},
    "quantile": {"objective": "quantile", "alpha": 0.3},
    "forest": {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1},
    "dropped trees": {"boosting_type": "dart", "random_state": 0},
    "a single leaf": {"min_child_samples": 500},
}


@pytest.mark.parametrize("name", LIGHTGBM)
def test_no_bit_of_lightgbm_differs(name: str, X: Matrix, share: Matrix) -> None:
    fitted = lightgbm("LGBMRegressor", **LIGHTGBM[name]).fit(X[:160], share[:160])
    chain = from_sklearn(fitted)
    assert chain.branches["0"][0].verified == "live"
    plan = lower(chain)
    for rows in (X, *([] if name == "a single leaf" else [beside_thresholds(chain, X.shape[1])])):
        assert Replay(plan).predict(rows)[:, 0].tobytes() == fitted.predict(rows).tobytes()
    assert bits(replay_row(plan, X[0].tolist())["value"]) == bits(Replay(plan).predict(X[:1])[0])


@pytest.mark.parametrize("objective", ["poisson", "gamma", "tweedie", "cross_entropy"])
def test_links_of_lightgbm_are_read(objective: str, X: Matrix, share: Matrix) -> None:
    fitted = lightgbm("LGBMRegressor", objective=objective).fit(X, share)
    found, expected = Replay(lower(from_sklearn(fitted))).predict(X)[:, 0], fitted.predict(X)
    assert np.abs(found - expected).max() <= 1e-14 * expected.max()


def test_what_counts_as_nothing_goes_where_0_goes(X: Matrix, share: Matrix) -> None:
    """LightGBM takes numbers up to 1e-35 for 0, and puts thresholds there."""
    rows = np.where(np.abs(X) < 0.3, 0.0, X)
    fitted = lightgbm("LGBMRegressor").fit(rows, share)
    chain = from_sklearn(fitted)
    trees = chain.branches["0"][0].operators[0]
    assert isinstance(trees, Trees) and ((np.abs(trees.threshold) < 1e-30) & (trees.threshold != 0.0)).any()
    for tiny in (1e-35, -1e-35, 2e-35, -2e-35, 1e-36, -5e-324):
        near = np.where(rows == 0.0, tiny, rows)
        assert Replay(lower(chain)).predict(near)[:, 0].tobytes() == fitted.predict(near).tobytes()


CLASSIFIERS = {
    "XGBoost": lambda: xgboost("XGBClassifier"),
    "XGBoost, a forest": lambda: xgboost("XGBRFClassifier"),
    "LightGBM": lambda: lightgbm("LGBMClassifier"),
    "LightGBM, steeper": lambda: lightgbm("LGBMClassifier", sigmoid=0.7),
}


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classes_and_their_probabilities_are_read(name: str, count: int, X: Matrix, share: Matrix) -> None:
    labels = three(share) if count == 3 else (share > np.median(share)).astype(np.int64)
    fitted = CLASSIFIERS[name]().fit(X, labels)
    chain = from_sklearn(fitted)
    plan = lower(chain)
    answers = dict(zip(plan.answers, Replay(plan, plan.answers).answers(X), strict=True))
    assert chain.classes is not None
    np.testing.assert_array_equal(chain.classes.named(answers["value"][:, 0]), fitted.predict(X))
    within = 20 * SINGLE if name.startswith("XGBoost") else 1e-14
    assert np.abs(answers["proba"] - fitted.predict_proba(X)).max() <= within


def test_words_and_one_against_the_rest(X: Matrix, share: Matrix) -> None:
    labels = np.array(["lean", "middling", "rich"])[three(share)]
    fitted = lightgbm("LGBMClassifier", objective="multiclassova", sigmoid=0.7).fit(X, labels)
    chain = from_sklearn(fitted)
    assert chain.classes is not None and chain.classes.labels == ("lean", "middling", "rich")
    found = Replay(lower(chain)).predict(X)[:, 0]
    np.testing.assert_array_equal(chain.classes.named(found), fitted.predict(X))


def test_only_the_rounds_up_to_the_best_count(X: Matrix, share: Matrix) -> None:
    best = xgboost("XGBRegressor", n_estimators=200, early_stopping_rounds=3)
    best.fit(X[:120], share[:120], eval_set=[(X[120:], share[120:])], verbose=False)
    (trees, *_) = from_sklearn(best).branches["0"][0].operators
    assert isinstance(trees, Trees) and len(trees.roots) == best.best_iteration + 1 < len(best.get_booster().get_dump())
    light = lightgbm("LGBMRegressor", n_estimators=200, learning_rate=0.5)
    stop = lgb.early_stopping(3, verbose=False)
    light.fit(X[:120], share[:120], eval_X=(X[120:],), eval_y=(share[120:],), callbacks=[stop])
    (trees, *_) = from_sklearn(light).branches["0"][0].operators
    assert isinstance(trees, Trees) and len(trees.roots) == light.best_iteration_ < 200


def test_boosters_themselves_are_read(X: Matrix, share: Matrix) -> None:
    for fitted, booster in (
        (xgboost("XGBRegressor").fit(X, share), "get_booster"),
        (lightgbm("LGBMRegressor").fit(X, share), "booster_"),
    ):
        alone = getattr(fitted, booster)
        alone = alone() if callable(alone) else alone
        plan = lower(from_sklearn(alone, n_features=X.shape[1]))
        assert Replay(plan).predict(X).tobytes() == Replay(lower(from_sklearn(fitted))).predict(X).tobytes()


def test_a_booster_that_names_classes_may_be_told_which(X: Matrix, share: Matrix) -> None:
    data = xgb.DMatrix(X, label=(share > np.median(share)).astype(np.float64))
    booster = xgb.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, data, 5)
    chain = from_sklearn(booster, n_features=X.shape[1], classes=["lean", "rich"])
    assert chain.classes is not None
    found = chain.classes.named(Replay(lower(chain)).predict(X)[:, 0])
    np.testing.assert_array_equal(np.asarray(found) == "rich", booster.predict(data) > 0.5)


REFUSED: dict[str, tuple[Any, str]] = {
    "linear booster": (
        lambda: xgboost("XGBRegressor", booster="gblinear", max_depth=None),
        "booster 'gblinear' is not supported, only 'gbtree' and 'dart'",
    ),
    "0 for nothing": (lambda: xgboost("XGBRegressor", missing=0.0), r"missing=0\.0 is not supported, only NaN"),
    "hinge": (lambda: xgboost("XGBClassifier", objective="binary:hinge"), "objective 'binary:hinge' is not supported"),
    "scores for chances": (
        lambda: xgboost("XGBClassifier", objective="binary:logitraw"),
        "objective 'binary:logitraw' is not supported, only binary:logistic and multi:softprob",
    ),
    "roots": (lambda: lightgbm("LGBMRegressor", reg_sqrt=True), "objective 'regression sqrt' is not supported"),
    "an objective that is code": (
        lambda: lightgbm("LGBMRegressor", objective=lambda y, p: (p - y, np.ones_like(y))),
        "objective 'custom' is not supported",
    ),
    "linear leaves": (lambda: lightgbm("LGBMRegressor", linear_tree=True), "linear_tree=True is not supported"),
    "LightGBM's 0 for nothing": (
        lambda: lightgbm("LGBMRegressor", zero_as_missing=True),
        "zero_as_missing=True is not supported",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused_by_name(name: str, X: Matrix, share: Matrix) -> None:
    make, message = REFUSED[name]
    classifier = type(make()).__name__.endswith("Classifier")
    y = (share > np.median(share)).astype(np.int64) if classifier else share
    with pytest.raises(CaptureError, match=message):
        from_sklearn(make().fit(X, y))


def test_categories_are_refused() -> None:
    kinds = np.arange(60.0) % 5
    rows, quantities = np.c_[kinds, kinds], kinds % 2
    data = xgb.DMatrix(rows, label=quantities, feature_types=["c", "q"], enable_categorical=True)
    of_xgboost = xgb.train({"max_depth": 2, "nthread": 1, "max_cat_to_onehot": 9}, data, 2)
    sets = lgb.Dataset(rows, label=quantities, categorical_feature=[0, 1], params={"verbose": -1})
    of_lightgbm = lgb.train({"verbose": -1, "num_threads": 1, "min_data_per_group": 1, "min_data_in_leaf": 1}, sets, 2)
    for booster in (of_xgboost, of_lightgbm):
        with pytest.raises(CaptureError, match=r"step 1 \(Booster\): categorical features are not supported"):
            from_sklearn(booster, n_features=2)


def test_several_values_in_a_leaf_are_refused(X: Matrix, share: Matrix) -> None:
    fitted = xgboost("XGBRegressor", multi_strategy="multi_output_tree").fit(X, np.c_[share, share**2])
    with pytest.raises(CaptureError, match="multi_strategy='multi_output_tree' is not supported"):
        from_sklearn(fitted)


@pytest.mark.parametrize("make", [lambda: xgboost("XGBRegressor"), lambda: lightgbm("LGBMClassifier")])
def test_what_is_not_fitted_is_said(make: Any) -> None:
    with pytest.raises(CaptureError, match="is it fitted"):
        from_sklearn(make(), n_features=3)
