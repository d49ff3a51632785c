"""Missing values: a chain does with them what scikit-learn does, wherever they are, or refuses them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle import InputError, load, verify
from n4akit.bundle.capture import FittedStep, Part, from_sklearn, from_steps
from n4akit.bundle.capture.missing import meant
from n4akit.bundle.chain import Chain
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Replay
from n4akit.bundle.transformers import StandardNormalVariate
from n4akit.bundle.writer import write_bundle
from numpy.typing import NDArray
from sklearn import ensemble, impute, preprocessing, tree
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_regression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline, make_union

from ..runtime.programs import bits, replay_row
from .test_boosters import lightgbm, xgboost

Matrix = NDArray[np.float64]

N, P = 160, 10
RNG = np.random.default_rng(3)
WHOLE = RNG.normal(size=(N, P))
Y = 2.0 * WHOLE[:, 0] + WHOLE[:, 3] ** 2 + RNG.normal(size=N) * 0.1
CLASSES = np.digitize(Y, [0.0, 2.0])


def with_gaps(rows: Matrix, share: float, seed: int) -> Matrix:
    return np.where(np.random.default_rng(seed).random(rows.shape) < share, np.nan, rows)


X = with_gaps(WHOLE, 0.12, 1)
X[:, 9] = WHOLE[:, 9]
"""The last point is never missing."""
EMPTY = X.copy()
EMPTY[:, 4] = np.nan
"""And one that always is."""
NEW = np.concatenate(
    [np.full((1, P), np.nan), *(with_gaps(RNG.normal(size=(60, P)), s, 2) for s in (0.0, 0.1, 0.5, 0.9))]
)
"""Rows with missing values anywhere, those that were never missing in the training too."""


def fit(estimator: Any, rows: Matrix, target: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of points that are always missing
        return estimator.fit(rows, target)


def told(fitted: Any, rows: Matrix) -> Any:
    """What scikit-learn predicts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fitted.predict(rows)


def replayed(chain: Chain, rows: Matrix) -> Matrix:
    """What both plans answer, which is nearly the same."""
    assert chain.missing
    faithful = lower(chain)
    found = Replay(faithful).predict(rows)
    short = Replay(compile_plan(faithful)).predict(rows)
    assert np.abs(short - found).max() <= 1e-12 * np.abs(found).max()
    return found


# Imputers


FILLS: dict[str, dict[str, Any]] = {
    "mean": {},
    "median": {"strategy": "median"},
    "most frequent": {"strategy": "most_frequent"},
    "constant": {"strategy": "constant", "fill_value": -7.5},
    "constant as it comes": {"strategy": "constant"},
    "own function": {"strategy": len},
}


@pytest.mark.parametrize("rows", [X, EMPTY, WHOLE], ids=["gaps", "a point without any", "none"])
@pytest.mark.parametrize("indicated", [False, True])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("name", FILLS)
def test_an_imputer_fills_as_scikit_learn_does(name: str, kept: bool, indicated: bool, rows: Matrix) -> None:
    imputer = impute.SimpleImputer(**FILLS[name], keep_empty_features=kept, add_indicator=indicated)
    fitted = fit(make_pipeline(imputer, preprocessing.StandardScaler(), Ridge()), rows, Y)
    found, expected = replayed(from_sklearn(fitted), NEW)[:, 0], told(fitted, NEW)
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


FROM_THE_LIVE = st.lists(
    st.lists(st.just(np.nan) | st.floats(-100.0, 100.0), min_size=P, max_size=P), min_size=1, max_size=5
)


@given(FROM_THE_LIVE)
@settings(deadline=None)
def test_what_is_filled_in_is_filled_in_to_the_last_bit(rows: list[list[float]]) -> None:
    """Five stumps behind the imputer add up without a rounding that scikit-learn would make otherwise."""
    found = Replay(lower(IMPUTED)).predict(rows)
    assert found[:, 0].tobytes() == told(IMPUTED_LIVE, np.array(rows)).tobytes()
    assert [bits(replay_row(lower(IMPUTED), row)["value"]) for row in rows] == [bits(answer) for answer in found]


IMPUTED_LIVE = fit(
    make_pipeline(
        impute.SimpleImputer(strategy="median", add_indicator=True),
        ensemble.RandomForestRegressor(5, n_jobs=1, random_state=0),
    ),
    EMPTY,
    Y,
)
IMPUTED = from_sklearn(IMPUTED_LIVE)


@pytest.mark.parametrize("features", ["missing-only", "all"])
def test_an_indicator_tells_what_is_missing(features: str) -> None:
    indicator = impute.MissingIndicator(features=features, error_on_new=False)
    fitted = make_pipeline(make_union(impute.SimpleImputer(), indicator), Ridge()).fit(X, Y)
    found, expected = replayed(from_sklearn(fitted), NEW)[:, 0], told(fitted, NEW)
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("indicator", "rows", "message"),
    [
        (impute.MissingIndicator(), X, r"missingindicator \(MissingIndicator\): error_on_new=True is not supported"),
        (impute.MissingIndicator(), WHOLE, "nothing was missing when it was fitted, so that it tells nothing"),
        (impute.MissingIndicator(sparse=True), X, "sparse=True is not supported, only False or 'auto'"),
    ],
    ids=["refuses new ones", "tells nothing", "sparse"],
)
def test_an_indicator_that_no_plan_can_follow_is_refused(indicator: Any, rows: Matrix, message: str) -> None:
    fitted = make_pipeline(make_union(impute.SimpleImputer(), indicator), Ridge()).fit(rows, Y)
    with pytest.raises(CaptureError, match=message):
        from_sklearn(fitted)


def test_an_indicator_that_tells_every_point_refuses_none() -> None:
    rows = np.concatenate([X, np.full((1, P), np.nan)])
    fitted = make_pipeline(impute.MissingIndicator(), Ridge()).fit(rows, np.append(Y, 0.0))
    found, expected = replayed(from_sklearn(fitted), NEW)[:, 0], told(fitted, NEW)
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


def test_an_imputer_without_any_value_is_refused() -> None:
    fitted = make_pipeline(impute.SimpleImputer(strategy="constant", fill_value=np.nan), Ridge())
    fitted.steps[0][1].fit(X)
    fitted.steps[1][1].fit(X[:, 9:], Y)
    with pytest.raises(CaptureError, match=r"simpleimputer \(SimpleImputer\): it has no value for any point"):
        from_sklearn(fitted)


# Trees


def bag(members: Any, **options: Any) -> Any:
    return ensemble.BaggingRegressor(members, 4, random_state=0, **options)


REGRESSORS: dict[str, Any] = {
    "tree": tree.DecisionTreeRegressor(random_state=0),
    "random tree": tree.ExtraTreeRegressor(random_state=0),
    "forest": ensemble.RandomForestRegressor(6, n_jobs=1, random_state=0),
    "random forest": ensemble.ExtraTreesRegressor(6, n_jobs=1, random_state=0),
    "histograms": ensemble.HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=3),
    "bag": bag(tree.DecisionTreeRegressor(max_depth=5), max_features=0.7),
    "bag of forests": bag(ensemble.RandomForestRegressor(2, random_state=0)),
    "behind scalers": make_pipeline(
        preprocessing.StandardScaler(),
        preprocessing.RobustScaler(),
        preprocessing.MaxAbsScaler(),
        preprocessing.MinMaxScaler(clip=True),
        ensemble.RandomForestRegressor(4, n_jobs=1, random_state=0),
    ),
    "behind a choice": make_pipeline(VarianceThreshold(0.9), tree.DecisionTreeRegressor(random_state=0)),
    "beside an imputer": make_pipeline(
        make_column_transformer((impute.SimpleImputer(), [0, 1, 2]), remainder="passthrough"),
        ensemble.HistGradientBoostingRegressor(max_iter=8),
    ),
    "lightgbm": lightgbm("LGBMRegressor"),
    "lightgbm of zeros": lightgbm("LGBMRegressor", zero_as_missing=False, min_child_samples=2),
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_missing_values_reach_the_very_leaf(name: str) -> None:
    fitted = fit(REGRESSORS[name], X, Y)
    chain = from_sklearn(fitted)
    found = replayed(chain, NEW)
    assert found[:, 0].tobytes() == told(fitted, NEW).tobytes()
    for row, answer in zip(NEW[:20].tolist(), found, strict=False):
        assert bits(replay_row(lower(chain), row)["value"]) == bits(answer)


CLASSIFIERS: dict[str, Any] = {
    "tree": tree.DecisionTreeClassifier(random_state=0),
    "random tree": tree.ExtraTreeClassifier(random_state=0),
    "forest": ensemble.RandomForestClassifier(6, n_jobs=1, random_state=0),
    "random forest": ensemble.ExtraTreesClassifier(6, n_jobs=1, random_state=0),
    "histograms": ensemble.HistGradientBoostingClassifier(max_iter=8),
    "bag": ensemble.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=4), 4, random_state=0),
    "imputed": make_pipeline(impute.SimpleImputer(), LogisticRegression(max_iter=500)),
    "lightgbm": lightgbm("LGBMClassifier"),
    "xgboost": xgboost("XGBClassifier"),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classes_of_spectra_with_missing_values_are_scikit_learns(name: str, tmp_path: Path) -> None:
    fitted = fit(CLASSIFIERS[name], X, CLASSES)
    bundle = load(write_bundle(from_sklearn(fitted), tmp_path / "classes.n4a"))
    assert (bundle.predict(NEW) == told(fitted, NEW)).all()
    assert np.abs(bundle.predict_proba(NEW) - fitted.predict_proba(NEW)).max() <= 1e-6


@pytest.mark.parametrize("method", ["hist", "exact", "approx"])
@pytest.mark.parametrize("booster", ["gbtree", "dart"])
def test_xgboost_is_followed_to_the_very_leaf(method: str, booster: str) -> None:
    """With one tree it adds two float32 and rounds once: what it answers is our sum, rounded."""
    options = {"n_estimators": 1, "max_depth": 6, "min_child_weight": 0, "tree_method": method, "booster": booster}
    fitted = xgboost("XGBRegressor", **options).fit(X, Y)
    for model in (fitted, fitted.get_booster()):
        found = replayed(from_sklearn(model, n_features=P), NEW)[:, 0]
        assert found.astype(np.float32).tobytes() == told(fitted, NEW).tobytes()


def test_folds_share_what_is_missing() -> None:
    folds = [ensemble.RandomForestRegressor(3, n_jobs=1, random_state=k).fit(X, Y) for k in range(3)]
    chain = from_sklearn(folds)
    expected = np.mean([model.predict(NEW) for model in folds], axis=0)
    assert np.abs(replayed(chain, NEW)[:, 0] - expected).max() <= 1e-14 * np.abs(expected).max()
    assert [line.op for line in compile_plan(lower(chain)).body].count("forest") == 1


def test_an_infinite_threshold_sends_all_that_is_there_to_the_left() -> None:
    rows = np.where(Y[:, None] > 1.0, np.nan, WHOLE[:, :1])
    fitted = tree.DecisionTreeRegressor(max_depth=1).fit(rows, Y)
    assert np.isinf(fitted.tree_.threshold[0])
    probes = np.array([[np.nan], [0.0], [3.4e38], [-3.4e38]])
    assert replayed(from_sklearn(fitted), probes)[:, 0].tobytes() == fitted.predict(probes).tobytes()


# What does not handle them


class Passing(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What nirs4all and others write: nothing looks at NaN."""

    def fit(self, X: Any, y: Any = None) -> Any:
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: Any) -> Any:
        return X - X.mean(axis=1, keepdims=True)


class Patched(impute.SimpleImputer):  # type: ignore[misc]
    """It answers something else for missing values than its state says."""

    def transform(self, X: Any) -> Any:
        return np.where(np.isnan(X), 0.5, super().transform(X))


Patched.__module__, Patched.__qualname__ = "sklearn.impute._base", "SimpleImputer"


def ridge_behind(*steps: Any) -> Any:
    return fit(make_pipeline(*steps, Ridge()), WHOLE, Y)


NOT_HANDLED: dict[str, tuple[Any, str]] = {
    "a model alone": (Ridge().fit(WHOLE, Y), r"step 1 \(Ridge\): its predict fails on .* NaN"),
    "an imputer behind a step that refuses": (
        ridge_behind(StandardNormalVariate(), impute.SimpleImputer()),
        r"standardnormalvariate \(StandardNormalVariate\): select: .* may be missing \(NaN\), and a comparison",
    ),
    "an imputer of another number": (
        ridge_behind(impute.SimpleImputer(missing_values=-1)),
        r"simpleimputer \(SimpleImputer\): select: 'x' may be missing \(NaN\), and a comparison would not show it",
    ),
    "an imputer of some points": (
        ridge_behind(make_column_transformer((impute.SimpleImputer(), [0, 1, 2]), remainder="passthrough")),
        r"ridge \(Ridge\): its predict fails on the rows .* NaN",
    ),
    "an imputer that does something else": (
        ridge_behind(Patched()),
        r"patched \(SimpleImputer\): its transform makes something else of missing values than was read",
    ),
    "points chosen by what refuses": (
        ridge_behind(SelectKBest(f_regression, k=4), impute.SimpleImputer()),
        r"selectkbest \(SelectKBest\): its transform fails on the rows .* NaN",
    ),
    "scalers alone": (ridge_behind(preprocessing.StandardScaler()), r"ridge \(Ridge\): its predict fails"),
    "boosting by gradients": (
        ensemble.GradientBoostingRegressor(n_estimators=3).fit(WHOLE, Y),
        r"step 1 \(GradientBoostingRegressor\): its predict fails",
    ),
    "comparisons of its own": (
        fit(
            make_pipeline(preprocessing.PowerTransformer(), tree.DecisionTreeRegressor(max_depth=3, random_state=0)),
            X,
            Y,
        ),
        r"powertransformer \(PowerTransformer\): select: .* may be missing \(NaN\), and a comparison would not show it",
    ),
}


@pytest.mark.parametrize("name", NOT_HANDLED)
def test_a_chain_that_does_not_handle_them_refuses_them(name: str, tmp_path: Path) -> None:
    fitted, message = NOT_HANDLED[name]
    chain = from_sklearn(fitted)
    assert not chain.missing
    bundle = load(write_bundle(chain, tmp_path / "whole.n4a"))
    assert not bundle.missing_values and "nan" not in bundle.manifest["features"]
    with pytest.raises(InputError, match="row 2: point 3 is nan, expected a finite number below 3e150"):
        bundle.predict(np.where(np.arange(30).reshape(3, 10) == 12, np.nan, 1.5))
    with pytest.raises(
        CaptureError, match="^probes: values are missing .*, which the model does not handle: " + message
    ):
        from_sklearn(fitted, probes=NEW)


def test_a_pickled_step_is_given_none() -> None:
    pickled = ridge_behind(Passing(), impute.SimpleImputer())
    with pytest.raises(CaptureError, match=r"does not handle: .*passing.*: opaque: 'x' may be missing"):
        from_sklearn(pickled, probes=NEW, opaque=True)
    behind = from_sklearn(ridge_behind(impute.SimpleImputer(), Passing()), opaque=True)
    assert behind.missing


def test_what_only_its_class_and_parameters_tell_of_is_not_proven() -> None:
    filled = FittedStep(2, "SimpleImputer", fitted=impute.SimpleImputer().fit(WHOLE))
    stateless = FittedStep(1, "nirs4all.operators.transforms.signal_conversion.PercentToFraction")
    models = {"0": Ridge().fit(WHOLE, Y)}
    assert not from_steps([stateless, filled], models).missing
    with pytest.raises(CaptureError, match=r"\(PercentToFraction\): what it makes of missing values cannot be proven"):
        from_steps([stateless, filled], models, probes=NEW)
    assert from_steps([filled, stateless], models).missing


@pytest.mark.parametrize("both", [True, False])
def test_parts_of_a_recorded_step_must_all_handle_them(both: bool) -> None:
    def part(fitted: Any) -> Part:
        return Part([FittedStep(1, type(fitted).__name__, fitted=fitted)])

    filled = impute.SimpleImputer().fit(WHOLE)
    other = impute.SimpleImputer(strategy="median").fit(WHOLE) if both else preprocessing.StandardScaler().fit(WHOLE)
    parts = FittedStep(1, "Union", parts=[part(filled), part(other)], result="block")
    assert from_steps([parts], {"0": Ridge().fit(np.hstack([WHOLE, WHOLE]), Y)}).missing == both


def test_one_fold_that_does_not_handle_them_is_enough_to_refuse_them() -> None:
    good, bad = ridge_behind(impute.SimpleImputer()), ridge_behind(preprocessing.StandardScaler())
    assert from_sklearn([good, good]).missing and not from_sklearn([good, bad]).missing


# What met none


WHOLE_MODELS: dict[str, Any] = {
    **{name: model for name, model in REGRESSORS.items() if name != "beside an imputer"},
    "xgboost": xgboost("XGBRegressor"),
    "xgboost, exactly": xgboost("XGBRegressor", tree_method="exact"),
}


@pytest.mark.parametrize("name", WHOLE_MODELS)
def test_trees_that_met_none_refuse_them_unless_they_are_asked_for(name: str) -> None:
    """They would send them anywhere: to the larger kid, say. Who has some among the probes says that this is meant."""
    fitted = fit(WHOLE_MODELS[name], WHOLE, Y)
    chain = from_sklearn(fitted)
    assert not chain.missing and not meant(chain.branches["0"][-1].operators)
    assert all(source.missing is False for source in lower(chain).inputs)
    found = replayed(from_sklearn(fitted, probes=NEW), NEW)[:, 0]
    assert np.abs(found - told(fitted, NEW)).max() <= 1e-5 * np.abs(found).max()


def test_probes_with_missing_values_prove_the_rest_too() -> None:
    """Where all of them lack something, the rest is proven on rows made up."""
    fitted = ridge_behind(impute.SimpleImputer())
    for probes in (NEW, NEW[:1], np.concatenate([WHOLE, NEW])):
        assert from_sklearn(fitted, probes=probes).missing


# A bundle with them


def test_golden_rows_lack_some_values_and_prove_the_file(tmp_path: Path) -> None:
    path = write_bundle(IMPUTED, tmp_path / "imputed.n4a")
    bundle = load(path)
    lacking = np.isnan(bundle.golden.rows).any(axis=1)
    assert lacking.any() and not lacking.all() and bundle.golden.origin == "synthetic"
    assert verify(path).problems == () and bundle.missing_values and bundle.info()["missing_values"]
    assert "nan" in bundle.manifest["features"]
    assert bundle.manifest["plans"]["compiled"]["inputs"] == [{"name": "x", "nan": "allow", "width": P}]
    assert bundle.predict(bundle.golden.rows).tobytes() == bundle.golden.compiled[:, 0].tobytes()
    assert write_bundle(IMPUTED, tmp_path / "again.n4a").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("calibration", [WHOLE, X[:40], NEW[:1]], ids=["whole", "gaps", "nothing else"])
def test_golden_rows_of_a_calibration_lack_some_values(calibration: Matrix, tmp_path: Path) -> None:
    golden = load(write_bundle(IMPUTED, tmp_path / "imputed.n4a", calibration=calibration)).golden
    assert np.isnan(golden.rows).any() and golden.origin == "measured"


def test_the_fast_profile_handles_them_too(tmp_path: Path) -> None:
    fitted = ridge_behind(impute.SimpleImputer())
    path = write_bundle(from_sklearn(fitted), tmp_path / "filled.n4a")
    found = load(path, profile="fast").predict(NEW)
    assert np.abs(found - load(path).predict(NEW)).max() <= 1e-12


def test_what_lacks_values_is_flagged(tmp_path: Path) -> None:
    bundle = load(write_bundle(IMPUTED, tmp_path / "imputed.n4a"))
    rows = np.concatenate([WHOLE[:2], np.ones((2, P)), NEW[:1]])
    rows[1, 3] = rows[3, 5] = np.nan
    flags = bundle.predict_full(rows).flags
    assert flags == (
        (),
        ("missing_values",),
        ("constant_row",),
        ("constant_row", "missing_values"),
        ("missing_values",),
    )
    assert bundle.predict_full(np.ones((1, P), dtype=np.int8)).flags == (("constant_row",),)
