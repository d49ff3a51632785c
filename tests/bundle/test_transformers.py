"""The spectral operators as scikit-learn transformers: at home in its pipelines, with the bits of the plan to come."""

from __future__ import annotations

import copy
import doctest
import pickle
from typing import Any

import numpy as np
import polars as pl
import pytest
from n4akit.bundle import transformers
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import Program, lower, operate
from n4akit.bundle.runtime import Output, Replay
from n4akit.bundle.transformers import (
    Absorbance,
    AreaNormalization,
    ContinuousWaveletTransform,
    Detrending,
    ExtendedMultiplicativeScatterCorrection,
    GaussianFilter,
    GradientDerivative,
    KubelkaMunk,
    MovingAverage,
    MultiplicativeScatterCorrection,
    NorrisWilliams,
    RangeNormalization,
    Reflectance,
    Resampling,
    RobustNormalVariate,
    SavitzkyGolay,
    StandardNormalVariate,
    WaveletTransform,
)
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils.estimator_checks import check_estimator

from ..conftest import Tecator

ALL: list[Any] = [
    StandardNormalVariate(),
    StandardNormalVariate(with_std=False, ddof=1),
    RobustNormalVariate(),
    SavitzkyGolay(),
    SavitzkyGolay(15, 2, deriv=1, delta=2.0, mode="mirror"),
    NorrisWilliams(),
    NorrisWilliams(3, 7, deriv=2, mode="wrap"),
    GradientDerivative(deriv=2, edge_order=2),
    Detrending(2, breakpoints=(40, 60)),
    MultiplicativeScatterCorrection(),
    ExtendedMultiplicativeScatterCorrection(),
    ExtendedMultiplicativeScatterCorrection(1, interferents=[[0.0] * 50 + [1.0] * 50]),
    MovingAverage(7, mode="linear"),
    GaussianFilter(3.0, order=1),
    Absorbance(),
    Reflectance(),
    KubelkaMunk(),
    AreaNormalization(),
    RangeNormalization(),
]
OTHER_POINTS: dict[int, Any] = {
    30: Resampling([*range(100)], [0.3 * k for k in range(30)], "cubic"),
    100: WaveletTransform(mode="periodization"),
    200: ContinuousWaveletTransform([1.5, 4.0]),
    119: WaveletTransform("db4", level=3),
}
SCALING = [
    StandardNormalVariate(),
    RobustNormalVariate(),
    MultiplicativeScatterCorrection(),
    RangeNormalization(),
]

point_to_point = pytest.mark.parametrize("transformer", ALL, ids=str)
each = pytest.mark.parametrize("transformer", [*ALL, *OTHER_POINTS.values()], ids=str)


def test_all_of_them_are_tested() -> None:
    tried = {type(transformer).__name__ for transformer in (*ALL, *OTHER_POINTS.values())}
    assert tried == {*transformers.__all__}


@pytest.mark.parametrize("points", OTHER_POINTS)
def test_other_points_have_other_names(points: int, tecator: Tecator) -> None:
    fitted = OTHER_POINTS[points].fit(tecator.X)
    names = fitted.get_feature_names_out()
    assert fitted.transform(tecator.X[:2]).shape == (2, points) == (2, len({*names}))
    assert names[0] == f"{type(fitted).__name__.lower()}0"


@each
def test_spectra_go_in_and_spectra_come_out(transformer: Any, tecator: Tecator) -> None:
    before = tecator.X.copy()
    fitted = clone(transformer).fit(tecator.X)
    found = fitted.transform(tecator.X)
    assert (
        found.shape == (215, len(fitted.get_feature_names_out()))
        and found.dtype == np.float64
        and np.isfinite(found).all()
    )
    np.testing.assert_array_equal(clone(transformer).fit_transform(tecator.X, tecator.fat), found)
    np.testing.assert_array_equal(tecator.X, before)


@each
def test_every_spectrum_gets_the_bits_it_gets_alone(transformer: Any, tecator: Tecator) -> None:
    fitted = clone(transformer).fit(tecator.X)
    whole = fitted.transform(tecator.X)
    alone = np.concatenate([fitted.transform(row.reshape(1, -1)) for row in tecator.X[:20]])
    np.testing.assert_array_equal(whole[:20], alone)
    np.testing.assert_array_equal(fitted.transform(np.asfortranarray(tecator.X)), whole)
    np.testing.assert_array_equal(fitted.transform(tecator.X.tolist()), whole)


@each
def test_what_is_captured_has_the_bits_of_what_was_trained_with(transformer: Any, tecator: Tecator) -> None:
    model = make_pipeline(clone(transformer), Ridge(1e-3)).fit(tecator.X, tecator.fat)
    chain = from_sklearn(model)
    program = Program(100)
    for operator in (operators := chain.branches["0"][0].operators):
        program.x = operate(operator, program, program.x)
    plan = program.plan({"value": Output(program.x)})
    assert len(operators) == 1
    for candidate in (plan, compile_plan(plan)):
        np.testing.assert_array_equal(Replay(candidate)(tecator.X)[0], model[0].transform(tecator.X))
    predicted = Replay(lower(chain)).predict(tecator.X)[:, 0]
    assert np.abs(predicted - model.predict(tecator.X)).max() <= 1e-10 * np.ptp(tecator.fat)


@each
def test_a_clone_has_the_parameters_and_nothing_fitted(transformer: Any, tecator: Tecator) -> None:
    fitted = clone(transformer).fit(tecator.X)
    again = clone(fitted)
    assert again.get_params() == transformer.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        again.transform(tecator.X)


def test_parameters_are_read_and_set_by_name(tecator: Tecator) -> None:
    transformer = SavitzkyGolay(7).set_params(deriv=1, polyorder=2)
    assert transformer.get_params() == SavitzkyGolay(7, 2, 1).get_params()
    expected = SavitzkyGolay(7, 2, 1).fit_transform(tecator.X)
    np.testing.assert_array_equal(transformer.fit_transform(tecator.X), expected)
    with pytest.raises(ValueError, match="Invalid parameter 'window'"):
        transformer.set_params(window=5)


@each
@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy], ids=["pickle", "copy"])
def test_a_copy_transforms_to_the_same_bits(transformer: Any, copied: Any, tecator: Tecator) -> None:
    fitted = clone(transformer).fit(tecator.X)
    np.testing.assert_array_equal(copied(fitted).transform(tecator.X), fitted.transform(tecator.X))
    with pytest.raises(NotFittedError):
        copied(clone(transformer)).transform(tecator.X)


def test_a_pickle_holds_what_was_fitted_and_no_program(tecator: Tecator) -> None:
    assert len(pickle.dumps(SavitzkyGolay(31).fit(tecator.X))) < 400
    assert len(pickle.dumps(MultiplicativeScatterCorrection().fit(tecator.X))) < 400 + 8 * 100


@point_to_point
def test_points_keep_their_names(transformer: Any, tecator: Tecator) -> None:
    fitted = clone(transformer).fit(tecator.X)
    assert fitted.get_feature_names_out().tolist() == [f"x{k}" for k in range(100)]
    names = [f"{nm:g} nm" for nm in tecator.wavelengths]
    assert fitted.get_feature_names_out(names).tolist() == names
    with pytest.raises(ValueError, match="input_features"):
        fitted.get_feature_names_out(names[1:])


def test_a_table_in_a_table_out(tecator: Tecator) -> None:
    names = [f"{nm:g} nm" for nm in tecator.wavelengths]
    table = pl.DataFrame(tecator.X, schema=names)
    found = StandardNormalVariate().set_output(transform="polars").fit_transform(table)
    assert isinstance(found, pl.DataFrame) and found.columns == names
    np.testing.assert_array_equal(found.to_numpy(), StandardNormalVariate().fit_transform(tecator.X))


def test_they_work_beside_each_other_in_pipelines_and_unions(tecator: Tecator) -> None:
    union = make_union(SavitzkyGolay(9, 2), SavitzkyGolay(9, 2, deriv=1))
    model = make_pipeline(MultiplicativeScatterCorrection(), union, PLSRegression(6)).fit(tecator.X, tecator.fat)
    assert model[:-1].transform(tecator.X).shape == (215, 200)
    assert model.score(tecator.X, tecator.fat) > 0.9


def test_a_search_finds_their_parameters_in_parallel(tecator: Tecator) -> None:
    model = make_pipeline(StandardNormalVariate(), SavitzkyGolay(polyorder=2), PLSRegression(8))
    grid = {"savitzkygolay__window_length": [7, 15], "savitzkygolay__deriv": [0, 2], "standardnormalvariate__ddof": [1]}
    search = GridSearchCV(model, grid, cv=3, n_jobs=2).fit(tecator.X, tecator.fat)
    assert search.best_score_ > 0.9 and set(search.best_params_) == set(grid)
    found = Replay(lower(from_sklearn(search))).predict(tecator.X)[:, 0]
    assert np.abs(found - search.predict(tecator.X)).max() <= 1e-10 * np.ptp(tecator.fat)


def test_msc_corrects_to_the_mean_of_what_it_was_fitted_on(tecator: Tecator) -> None:
    fitted = MultiplicativeScatterCorrection().fit(tecator.X[:50])
    np.testing.assert_allclose(fitted.reference_, tecator.X[:50].mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(fitted.transform([fitted.reference_ * 3.0 - 1.0]), [fitted.reference_], rtol=1e-12)


@each
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_measurement_are_refused(transformer: Any, bad: float, tecator: Tecator) -> None:
    spectra = tecator.X.copy()
    spectra[3, 5] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        clone(transformer).fit(spectra)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        clone(transformer).fit(tecator.X).transform(spectra)


@pytest.mark.parametrize("transformer", SCALING, ids=str)
def test_constant_spectra_are_refused_by_their_rows(transformer: Any, tecator: Tecator) -> None:
    spectra = tecator.X[:9].copy()
    spectra[[2, 7]] = 1.5
    fitted = clone(transformer).fit(tecator.X)
    with pytest.raises(ValueError, match=r"2 of 9 spectra .*row 3: .*constant.*row 8: .*constant"):
        fitted.transform(spectra)


@each
def test_other_spectra_than_fitted_are_refused(transformer: Any, tecator: Tecator) -> None:
    fitted = clone(transformer).fit(tecator.X)
    with pytest.raises(ValueError, match=r"X has 99 features, but .* is expecting 100"):
        fitted.transform(tecator.X[:, 1:])


NONSENSE = [
    (SavitzkyGolay(5, 5), "polyorder=5"),
    (SavitzkyGolay(101), "a window of 101 points on spectra of 100"),
    (SavitzkyGolay(mode="reflect"), "mode='reflect'"),
    (NorrisWilliams(gap=1), "gap=1"),
    (GradientDerivative(edge_order=3), "edge_order=3"),
    (Detrending(breakpoints=(200,)), "breakpoints"),
    (StandardNormalVariate(ddof=100), "ddof=100"),
    (MovingAverage(4), "window_length=4, expected an odd number"),
    (GaussianFilter(0.0), "sigma=0.0"),
    (WaveletTransform("db99"), "wavelet='db99', expected haar, db2"),
    (Resampling([*range(100)], [50.0, 120.0]), "target reaches from 50 to 120, expected it within the source, 0 to 99"),
]


@pytest.mark.parametrize(("transformer", "message"), NONSENSE, ids=lambda value: str(value))
def test_parameters_without_meaning_are_refused_by_fit(transformer: Any, message: str, tecator: Tecator) -> None:
    with pytest.raises(ValueError, match=message):
        transformer.fit(tecator.X)


CONSTANT_ROWS = {"check_estimators_dtypes"}
"""It transforms small whole numbers, whole rows of which are equal: these have no answer."""

TWO_POINTS = {
    *("check_estimators_overwrite_params", "check_estimators_fit_returns_self", "check_readonly_memmap_input"),
    *("check_fit2d_1feature", "check_fit_idempotent", "check_fit_check_is_fitted", "check_n_features_in"),
}
"""They fit on one or two points, where central differences have no meaning."""

CHECKED: list[tuple[Any, set[str]]] = [
    (StandardNormalVariate(), CONSTANT_ROWS),
    (RobustNormalVariate(), CONSTANT_ROWS),
    (MultiplicativeScatterCorrection(), CONSTANT_ROWS | {"check_fit2d_1feature"}),
    (SavitzkyGolay(mode="mirror"), set()),
    (NorrisWilliams(), set()),
    (GradientDerivative(), TWO_POINTS),
    (Detrending(), set()),
    (MovingAverage(mode="mirror"), set()),
    (GaussianFilter(), set()),
    (WaveletTransform("db3"), set()),
]


@pytest.mark.parametrize(("transformer", "without_meaning"), CHECKED, ids=lambda value: type(value).__name__)
def test_scikit_learns_own_checks_pass(transformer: Any, without_meaning: set[str]) -> None:
    checks = check_estimator(transformer, on_skip=None, on_fail=None)
    failed = {check["check_name"] for check in checks if check["status"] == "failed"}
    assert len(checks) > 30 and failed == without_meaning


def test_the_example_in_the_docstring_runs() -> None:
    assert doctest.testmod(transformers) == (0, 3)
