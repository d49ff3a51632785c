"""Estimators made of estimators, drawn at random and nested: each predicts what the live object predicts."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.bundle import CaptureError
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import lower
from n4akit.bundle.predictor import Predictor
from n4akit.bundle.transformers import StandardNormalVariate
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import KFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, RobustScaler, StandardScaler
from sklearn.svm import SVC

Matrix = NDArray[np.float64]

WIDTH = 12
RANDOM = np.random.default_rng(7)
X = 0.5 + np.abs(RANDOM.normal(size=(60, WIDTH)).cumsum(axis=1)) + np.arange(WIDTH) * 0.1
Y = X @ RANDOM.normal(size=(WIDTH, 2)) + RANDOM.normal(size=(60, 2))
KINDS = np.array(["barley", "oats", "wheat"])[np.digitize(Y[:, 0], np.quantile(Y[:, 0], [0.3, 0.7]))]
NEW = 0.4 + np.abs(RANDOM.normal(size=(30, WIDTH)).cumsum(axis=1))

slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
drawn = settings(max_examples=20, deadline=None, suppress_health_check=slow)


def named(estimators: list[Any]) -> list[tuple[str, Any]]:
    return [(f"e{number}", estimator) for number, estimator in enumerate(estimators)]


def weights(count: int) -> st.SearchStrategy[list[float] | None]:
    return st.none() | st.lists(st.floats(0.1, 5.0), min_size=count, max_size=count)


plain = st.one_of(
    st.builds(StandardScaler, with_mean=st.booleans(), with_std=st.booleans()),
    st.builds(MinMaxScaler),
    st.builds(RobustScaler),
    st.builds(PCA, st.just(1), whiten=st.booleans()),
    st.just("passthrough"),
)


@st.composite
def unions(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> FeatureUnion:
    members = named(draw(st.lists(inner | st.just("drop"), min_size=1, max_size=3)))
    members.append(("last", draw(inner)))
    weighed = draw(st.none() | st.dictionaries(st.sampled_from([name for name, _ in members]), st.floats(0.1, 9.0)))
    return FeatureUnion(members, transformer_weights=weighed)


@st.composite
def by_column(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Any:
    """A ColumnTransformer, and before it what keeps every column."""
    members: list[tuple[str, Any, Any]] = []
    for number in range(draw(st.integers(1, 3))):
        columns = draw(st.lists(st.integers(0, WIDTH - 1), min_size=3, max_size=6, unique=True))
        members.append((f"c{number}", draw(inner | st.just("drop")), columns))
    members.append(("last", draw(inner), slice(0, 4)))
    weighed = draw(st.none() | st.dictionaries(st.sampled_from([name for name, *_ in members]), st.floats(0.1, 9.0)))
    rest = draw(st.sampled_from(["drop", "passthrough"]) | st.builds(StandardScaler))
    return ColumnTransformer(members, remainder=rest, transformer_weights=weighed, sparse_threshold=0.0)


def pipelines(first: st.SearchStrategy[Any], last: st.SearchStrategy[Any]) -> st.SearchStrategy[Pipeline]:
    return st.builds(lambda a, b: Pipeline([("first", a), ("last", b)]), first, last)


transformers = st.recursive(plain, lambda inner: unions(inner) | pipelines(inner, plain), max_leaves=4)
# What scales rows comes first or not at all: of one column, which a PCA may leave, it makes nothing, or a sign.
of_rows = st.builds(StandardNormalVariate) | st.builds(Normalizer, norm=st.sampled_from(["l1", "l2", "max"]))
front = transformers | by_column(plain) | pipelines(of_rows, transformers)

simple = st.one_of(
    st.builds(Ridge, st.floats(0.01, 10.0)),
    st.builds(LinearRegression, fit_intercept=st.booleans()),
    st.builds(PLSRegression, st.just(1), scale=st.booleans()),
)


@st.composite
def voted(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> VotingRegressor:
    members = named([draw(inner), draw(inner | st.just("drop")), draw(inner)])
    return VotingRegressor(members, weights=draw(weights(3)))


@st.composite
def stacked(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> StackingRegressor:
    members = named([draw(inner), draw(inner | st.just("drop")), draw(inner)])
    return StackingRegressor(members, draw(simple), cv=KFold(2), passthrough=draw(st.booleans()))


def rescaled(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[TransformedTargetRegressor]:
    scalers = st.sampled_from([StandardScaler(), MinMaxScaler(), RobustScaler(), None])
    return st.builds(TransformedTargetRegressor, inner, transformer=scalers, check_inverse=st.just(False))


regressors = st.recursive(
    simple,
    lambda inner: voted(inner) | stacked(inner) | rescaled(inner) | pipelines(transformers, inner),
    max_leaves=4,
)

tellers = st.one_of(
    st.builds(LogisticRegression, C=st.floats(0.01, 0.5), max_iter=st.just(2000)),
    st.builds(LinearDiscriminantAnalysis),
)
certain = tellers | st.builds(RidgeClassifier, st.floats(0.1, 10.0))


@st.composite
def elected(draw: st.DrawFn, inner: st.SearchStrategy[Any], voting: str) -> VotingClassifier:
    members = named([draw(inner), draw(inner | st.just("drop")), draw(inner)])
    return VotingClassifier(members, voting=voting, weights=draw(weights(3)))


@st.composite
def judged(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> StackingClassifier:
    members = named([draw(inner), draw(inner | st.just("drop")), draw(inner)])
    cv, passthrough = KFold(2, shuffle=True, random_state=0), draw(st.booleans())
    return StackingClassifier(members, draw(tellers), cv=cv, stack_method="predict_proba", passthrough=passthrough)


soft = st.recursive(
    tellers, lambda inner: elected(inner, "soft") | judged(inner) | pipelines(transformers, inner), max_leaves=4
)
classifiers = soft | elected(soft | certain, "hard") | pipelines(front, certain)


def captured(estimator: Any) -> tuple[Predictor, Predictor]:
    """What predicts by the faithful plan, and by the compiled one."""
    chain = from_sklearn(estimator, probes=X)
    plan = lower(chain)
    ends = {"axis": None, "targets": chain.targets, "digest": "", "classes": chain.classes}
    return Predictor(plan, **ends), Predictor(compile_plan(plan), **ends)  # type: ignore[arg-type]


def fitted(estimator: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)  # of collinear variables, which random unions have
        return estimator.fit(X, y)


def agree(estimator: Any, method: str = "predict") -> None:
    expected = np.asarray(getattr(estimator, method)(NEW))
    for predictor in captured(estimator):
        found = getattr(predictor, method)(NEW)
        if expected.dtype.kind in "USO":
            assert found.tolist() == expected.tolist()
        else:
            assert np.abs(found - expected.reshape(found.shape)).max() <= 1e-8 * max(np.abs(expected).max(), 1.0)


@drawn
@given(front, simple)
def test_transformers_within_transformers(transformer: Any, regressor: Any) -> None:
    agree(fitted(Pipeline([("front", transformer), ("last", regressor)]), Y[:, 0]))


@drawn
@given(regressors)
def test_regressors_within_regressors(regressor: Any) -> None:
    agree(fitted(regressor, Y[:, 0]))


@drawn
@given(pipelines(transformers, simple | rescaled(simple)) | st.builds(MultiOutputRegressor, regressors))
def test_several_targets(regressor: Any) -> None:
    agree(fitted(regressor, Y))


@settings(drawn, max_examples=8)
@given(classifiers, st.booleans())
def test_classifiers_within_classifiers(classifier: Any, binary: bool) -> None:
    model = fitted(classifier, np.where(KINDS == "oats", "wheat", KINDS) if binary else KINDS)
    agree(model)
    if hasattr(model, "predict_proba"):
        agree(model, "predict_proba")


@pytest.mark.parametrize(("function", "inverse"), [(np.log, np.exp), (np.log1p, np.expm1)])
def test_a_target_that_was_a_logarithm(function: Any, inverse: Any) -> None:
    model = TransformedTargetRegressor(Ridge(), func=function, inverse_func=inverse)
    agree(fitted(model, np.abs(Y) + 1.0))


def test_what_undoes_a_target_by_code_is_refused_by_name() -> None:
    model = TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=lambda y: y**2)
    with pytest.raises(CaptureError, match=r"transformer_ \(FunctionTransformer\): its function is code"):
        from_sklearn(fitted(model, np.abs(Y)), probes=X)


def test_a_stack_of_scores() -> None:
    lower_level = named([RidgeClassifier(), LinearDiscriminantAnalysis()])
    agree(fitted(StackingClassifier(lower_level, LogisticRegression()), KINDS))


def test_a_stack_of_scores_that_are_not_known_is_refused_by_name() -> None:
    stack = StackingClassifier(named([SVC(), LinearDiscriminantAnalysis()]), LogisticRegression())
    with pytest.raises(CaptureError, match=r"StackingClassifier\), e0 \(SVC\): its scores of more than two classes"):
        from_sklearn(fitted(stack, KINDS), probes=X)
