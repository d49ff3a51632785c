"""What cannot be told as data, or does not fit together, is refused by the step's name; nothing is guessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Source
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.transformers import NorrisWilliams, SavitzkyGolay, StandardNormalVariate
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, RANSACRegressor, Ridge, SGDRegressor
from sklearn.manifold import Isomap
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, SplineTransformer, StandardScaler

from ...conftest import Tecator


def refused(estimator: Any, message: str, **options: Any) -> None:
    with pytest.raises(CaptureError, match=message):
        from_sklearn(estimator, **options)


class HomeMade(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """What somebody wrote for himself: a step, and a model too."""

    def fit(self, X: Any, y: Any) -> HomeMade:
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X: Any) -> Any:
        return np.sin(X)

    def predict(self, X: Any) -> Any:
        return np.sin(X).sum(axis=1)


UNKNOWN: dict[str, tuple[Any, str]] = {
    "step": (
        Pipeline([("spread", HomeMade()), ("model", Ridge())]),
        r"spread \(HomeMade\): .*test_refusals\.HomeMade is not known as a preprocessing step",
    ),
    "step in a pipeline in a pipeline": (
        Pipeline([("a", Pipeline([("b", HomeMade())])), ("model", Ridge())]),
        r"a\.b \(HomeMade\)",
    ),
    "step of scikit-learn": (
        Pipeline([("fold", Isomap(n_components=2)), ("model", Ridge())]),
        r"fold \(Isomap\): sklearn\.manifold\._isomap\.Isomap is not known as a preprocessing step",
    ),
    "model": (
        Pipeline([("scale", StandardScaler()), ("own", HomeMade())]),
        r"own \(HomeMade\): .* is not known as a model that predicts; opaque=True carries it as",
    ),
    "model alone": (HomeMade(), r"step 1 \(HomeMade\)"),
    "model that is a step": (make_pipeline(StandardScaler(), PCA(2)), "is not known as a model that predicts"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_is_refused_by_its_place_and_name(name: str, tecator: Tecator) -> None:
    estimator, message = UNKNOWN[name]
    refused(estimator.fit(tecator.X, tecator.fat), message)


OPTIONS: dict[str, tuple[Any, str]] = {
    "max abs": (make_pipeline(MaxAbsScaler(clip=True), Ridge()), "clip=True is not supported, only False"),
    "own function": (
        make_pipeline(FunctionTransformer(lambda X: np.log1p(X)), Ridge()),
        r"\(FunctionTransformer\): its function is code",
    ),
    "function of numpy": (
        make_pipeline(FunctionTransformer(np.sin), Ridge()),
        r"\(FunctionTransformer\): numpy\.sin is not supported, only absolute, exp",
    ),
    "function with arguments": (
        make_pipeline(FunctionTransformer(np.log, kw_args={"where": True}), Ridge()),
        r"kw_args=\{'where': True\} are not supported",
    ),
    "ransac": (
        RANSACRegressor(HomeMade(), min_samples=60, residual_threshold=1e9, random_state=0),
        r"estimator_ \(HomeMade\): .*test_refusals\.HomeMade is not known as a model that predicts",
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_that_is_not_supported_is_named(name: str, tecator: Tecator) -> None:
    estimator, message = OPTIONS[name]
    refused(estimator.fit(tecator.X, tecator.fat), message)


def test_an_option_that_no_operator_takes_is_refused_with_the_step(tecator: Tecator) -> None:
    smooth, ridge = NorrisWilliams(segment=3, gap=5).fit(tecator.X), Ridge().fit(tecator.X, tecator.fat)
    smooth.gap = 1
    refused(Pipeline([("gap", smooth), ("model", ridge)]), r"gap \(NorrisWilliams\): GapDerivative: segment=3, gap=1")


UNFITTED = [
    PLSRegression(2),
    Ridge(),
    make_pipeline(StandardScaler(), Ridge()),
    make_pipeline(PCA(2), Ridge()),
    GridSearchCV(Ridge(), {"alpha": [1.0]}),
]


@pytest.mark.parametrize("estimator", UNFITTED, ids=str)
def test_what_is_not_fitted_is_refused(estimator: Any) -> None:
    refused(clone(estimator), "is it fitted", n_features=100)


def test_a_spectral_step_that_is_not_fitted_is_refused(tecator: Tecator) -> None:
    ridge = Ridge().fit(tecator.X, tecator.fat)
    refused(Pipeline([("snv", StandardNormalVariate()), ("model", ridge)]), r"snv \(StandardNormalVariate\): .*fitted")


def test_the_width_must_be_known_and_fit(fitted: Pipeline) -> None:
    refused(Ridge(), "no step knows how many points a spectrum has; give n_features= or wavelengths=")
    refused(fitted, r"StandardNormalVariate.* 99 ", n_features=99)
    refused(fitted, r"StandardNormalVariate.* 99 ", wavelengths=np.arange(99.0))
    refused(fitted, "wavelengths: 99 were given, expected 100", n_features=100, wavelengths=np.arange(99.0))


def test_folds_of_different_spectra_are_refused(tecator: Tecator) -> None:
    folds = [Ridge().fit(tecator.X[:, :p], tecator.fat) for p in (100, 90)]
    refused(folds, r"\(Ridge\): .*90 .*100")


def test_folds_of_a_classifier_and_a_regression_are_refused(tecator: Tecator) -> None:
    classes = LogisticRegression(max_iter=10, tol=1e9).fit(tecator.X, tecator.fat > 20.0)
    refused([classes, Ridge().fit(tecator.X, tecator.fat)], "fold 1: its model tells no classes, and that of another")


@pytest.mark.parametrize(
    "weights", [[1.0], [1.0, 2.0, 3.0], [1.0, -1.0], [0.0, 0.0], [1.0, np.nan], [1.0, np.inf]], ids=str
)
def test_weights_that_are_none_of_the_folds_are_refused(weights: list[float], tecator: Tecator) -> None:
    folds = [Ridge(alpha).fit(tecator.X, tecator.fat) for alpha in (1.0, 2.0)]
    refused(folds, r"weights: \[.*\] were given, expected 2 finite numbers ≥ 0, not all 0", weights=weights)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([Source("visible", 60), Source("near", 30)], r"\(StandardNormalVariate\): .* 90 "),
        (
            [Source("near", 50), Source("near", 50)],
            r"sources: widths \[50, 50\] were given, expected 100 points in all",
        ),
        ([Source("visible", 100), Source("near", 0)], r"sources: widths \[100, 0\] were given"),
        ([Source("visible", 101), Source("near", -1)], r"sources: widths \[101, -1\] were given"),
    ],
    ids=["missing", "twins", "empty", "negative"],
)
def test_sources_that_make_no_spectrum_are_refused(sources: list[Source], message: str, fitted: Pipeline) -> None:
    refused(fitted, message, sources=sources)


def test_folds_of_different_targets_are_refused(tecator: Tecator, pls: PLSRegression) -> None:
    one = PLSRegression(2).fit(tecator.X, tecator.fat)
    refused([one, pls], r"the folds predict \[1, 2\] targets, expected the same number from each")


@pytest.mark.parametrize(
    ("wavelengths", "unit", "message"),
    [
        (np.r_[np.arange(50.0), np.arange(50.0)], "nm", "only ascend or only descend"),
        (np.zeros(100), "nm", "only ascend or only descend"),
        (np.r_[np.nan, np.arange(99.0)], "nm", "finite numbers"),
        (np.r_[np.arange(99.0), np.inf], "nm", "finite numbers"),
        (np.arange(100.0), "Å", "unit='Å', expected nm, um, cm-1"),
    ],
)
def test_wavelengths_that_cannot_be_an_axis_are_refused(
    wavelengths: Any, unit: str, message: str, fitted: Pipeline
) -> None:
    refused(fitted, message, wavelengths=wavelengths, unit=unit)


@pytest.mark.parametrize(
    "targets", [[], ["fat"], ["fat", "water", "protein"], ["fat", "fat"], "fat", ("water", "water")]
)
def test_targets_that_do_not_match_the_model_are_refused(targets: Any, pls: PLSRegression) -> None:
    refused(pls, "targets: .* were given, expected 2 different names", targets=targets)


@pytest.mark.parametrize("nothing", [[], {}, (), Pipeline([("nothing", "passthrough")])], ids=str)
def test_nothing_is_refused(nothing: Any) -> None:
    refused(nothing, "no estimator was given|the model is empty", n_features=5)


def test_probes_that_cannot_prove_anything_are_refused(fitted: Pipeline, tecator: Tecator) -> None:
    refused(fitted, "probes: 99 values in each row, expected 100", probes=tecator.X[:, 1:])
    refused(fitted, "probes: no rows", probes=np.empty((0, 100)))
    refused(fitted, r"standardnormalvariate \(StandardNormalVariate\)", probes=np.full((2, 100), np.nan))
    refused(fitted, r"standardnormalvariate \(StandardNormalVariate\)", probes=np.ones((2, 100)))


@pytest.mark.parametrize("attribute", ["mean_", "scale_"])
def test_a_state_that_is_not_finite_is_refused(attribute: str, tecator: Tecator) -> None:
    model = make_pipeline(StandardScaler(), Ridge()).fit(tecator.X, tecator.fat)
    getattr(model[0], attribute)[3] = np.nan
    refused(model, rf"standardscaler \(StandardScaler\): {attribute} holds values that are not finite")


def test_a_state_that_is_no_table_of_numbers_is_refused(tecator: Tecator) -> None:
    model = SGDRegressor(max_iter=5, tol=None, random_state=0).fit(tecator.X, tecator.fat).sparsify()
    refused(model, r"step 1 \(SGDRegressor\): coef_ ")


def test_splines_of_another_scipy_are_refused(tecator: Tecator) -> None:
    """Its state has other names, so that what is asked for today is not there."""
    model = make_pipeline(SplineTransformer(), Ridge()).fit(tecator.X[:, :3], tecator.fat)
    for spline in model[0].bsplines_:
        state = dict(spline.__dict__)
        spline.__dict__.clear()
        spline.__dict__.update({name: state[name] for name in ("k", "extrapolate", "axis") if name in state})
    refused(model, r"splinetransformer \(SplineTransformer\): another scipy wrote its splines, .*capture it in the env")


def test_a_lone_name_is_one_target(fitted: Pipeline) -> None:
    assert [target.name for target in from_sklearn(fitted, targets="fat").targets] == ["fat"]


def test_a_window_longer_than_the_spectrum_cannot_come_from_a_fit(tecator: Tecator) -> None:
    smooth = SavitzkyGolay(101, 2)
    with pytest.raises(ValueError, match="a window of 101 points on spectra of 100"):
        smooth.fit(tecator.X)
    linear = LinearRegression().fit(tecator.X[:, :3], tecator.fat)
    refused(Pipeline([("smooth", smooth), ("model", linear)]), r"smooth \(SavitzkyGolay\)", n_features=100)
