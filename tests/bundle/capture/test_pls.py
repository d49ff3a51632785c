"""Partial least squares is read by what its numbers must satisfy, in either version's spelling, not when altered."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Chain
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.lower import lower
from n4akit.bundle.operators import PLS
from n4akit.bundle.runtime import Replay
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ...conftest import Tecator

Matrix = NDArray[np.float64]


def predict(chain: Chain, X: Matrix) -> Matrix:
    return Replay(lower(chain)).predict(X)


def spelled_as_before_1_5(model: PLSRegression) -> PLSRegression:
    """The state that scikit-learn 1.3 and 1.4 kept: there predict divided x by its scale, here coef_ does."""
    model = pickle.loads(pickle.dumps(model))
    model.coef_ = model.coef_ * model._x_std
    return model


def test_the_normal_form_is_the_same_from_either_spelling(pls: PLSRegression, tecator: Tecator) -> None:
    old = spelled_as_before_1_5(pls)
    now, then = from_sklearn(pls), from_sklearn(old)
    assert (now.branches["0"][0].verified, then.branches["0"][0].verified) == ("live", "invariants")
    expected = pls.predict(tecator.X)
    assert np.abs(predict(then, tecator.X) - expected).max() <= 1e-10 * np.ptp(expected)
    wrong = np.abs(old.predict(tecator.X) - expected).max()
    assert wrong > 0.01 * np.ptp(expected), "taking the old state for a new one must matter, or nothing is tested"


def test_without_scaling_the_spellings_are_one(tecator: Tecator) -> None:
    model = PLSRegression(6, scale=False).fit(tecator.X, tecator.fat)
    step = from_sklearn(spelled_as_before_1_5(model)).branches["0"][0]
    operator = step.operators[0]
    assert step.verified == "live" and isinstance(operator, PLS)
    np.testing.assert_array_equal(operator.coef, model.coef_)


def test_an_old_model_after_a_scaler_is_read_too(tecator: Tecator) -> None:
    """All that is left of the scales is √(n / (n − 1)): the two spellings differ by two parts in a thousand."""
    model = make_pipeline(StandardScaler(), PLSRegression(6)).fit(tecator.X, tecator.fat)
    expected = model.predict(tecator.X)
    old = make_pipeline(model[0], spelled_as_before_1_5(model[1]))
    found = predict(from_sklearn(old), tecator.X)[:, 0]
    assert np.abs(found - expected).max() <= 1e-10 * np.ptp(expected)


def test_scores_do_not_depend_on_the_spelling(pls: PLSRegression, tecator: Tecator) -> None:
    last = PLSRegression(3).fit(pls.transform(tecator.X), tecator.fat)
    now, then = (from_sklearn(make_pipeline(first, last)) for first in (pls, spelled_as_before_1_5(pls)))
    np.testing.assert_array_equal(predict(now, tecator.X), predict(then, tecator.X))
    expected = last.predict(pls.transform(tecator.X))
    assert np.abs(predict(now, tecator.X)[:, 0] - expected).max() <= 1e-10 * np.ptp(expected)


def one_coefficient(model: Any) -> None:
    model.coef_[1, 40] *= 1.001


def all_coefficients(model: Any) -> None:
    model.coef_ = model.coef_ * 1.0001


def one_target(model: Any) -> None:
    model.coef_[0] = -model.coef_[0]


def half_of_the_scales(model: Any) -> None:
    model._x_std[:50] *= 2.0


def a_loading(model: Any) -> None:
    model.y_loadings_[0, 2] += 0.01


def a_rotation(model: Any) -> None:
    model.x_rotations_[7, 0] *= 1.1


def the_scale_of_y(model: Any) -> None:
    model._y_std = model._y_std * 2.0


def other_coefficients(model: Any) -> None:
    model.coef_ = model.coef_[:, ::-1].copy()


ALTERED = [one_coefficient, all_coefficients, one_target, half_of_the_scales]
ALTERED += [a_loading, a_rotation, the_scale_of_y, other_coefficients]


SPELLINGS = ("new", "old")
UNKNOWABLE = (half_of_the_scales, "old")
"""In the old spelling no other number of the state follows from the scales of x."""


@pytest.mark.parametrize(
    ("alter", "spelling"),
    [(alter, spelling) for alter in ALTERED for spelling in SPELLINGS if (alter, spelling) != UNKNOWABLE],
)
def test_an_altered_state_is_refused(alter: Any, spelling: str, pls: PLSRegression) -> None:
    model = pls if spelling == "new" else spelled_as_before_1_5(pls)
    alter(model)
    with pytest.raises(CaptureError, match=r"step 1 \(PLSRegression\): coef_ does not follow from x_rotations_"):
        from_sklearn(model)


def test_another_intercept_is_told_as_it_is(pls: PLSRegression, tecator: Tecator) -> None:
    """Someone may correct a bias by hand; the numbers say nothing against it."""
    pls.intercept_ = pls.intercept_ + 0.5
    np.testing.assert_allclose(predict(from_sklearn(pls), tecator.X), pls.predict(tecator.X), rtol=1e-10)


def test_states_before_1_3_are_refused(pls: PLSRegression) -> None:
    """There coef_ is a property over `_coef_`, with one column per target."""
    pls.__dict__["_coef_"] = pls.__dict__.pop("coef_").T
    with pytest.raises(CaptureError, match=r"it has no attribute 'coef_'; is it fitted\?"):
        from_sklearn(pls)
    pls.coef_ = pls.__dict__["_coef_"]
    with pytest.raises(CaptureError, match=r"coef_ has shape \(100, 2\), expected \(2, 100\); states before 1\.3"):
        from_sklearn(pls)


def test_a_point_that_never_varied_has_no_say(tecator: Tecator) -> None:
    X = tecator.X.copy()
    X[:, 13] = 1.0
    model = PLSRegression(5).fit(X, tecator.fat)
    for candidate in (model, spelled_as_before_1_5(model)):
        found = predict(from_sklearn(candidate), X)[:, 0]
        assert np.abs(found - model.predict(X)).max() <= 1e-10 * np.ptp(tecator.fat)
