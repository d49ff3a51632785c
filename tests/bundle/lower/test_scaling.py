"""Scaling, clipping and choosing points with fitted numbers, as scikit-learn does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.operators import Affine, Clip, Operator, Scale, Select
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from ...conftest import Tecator
from .agreement import answers, assert_agrees

SCALERS: dict[str, tuple[Any, Callable[[Any], Operator]]] = {
    "standard": (StandardScaler(), lambda s: Scale(s.mean_, s.scale_)),
    "centring": (StandardScaler(with_std=False), lambda s: Scale(center=s.mean_)),
    "only scaling": (StandardScaler(with_mean=False), lambda s: Scale(scale=s.scale_)),
    "max abs": (MaxAbsScaler(), lambda s: Scale(scale=s.scale_)),
    "robust": (RobustScaler(quantile_range=(10.0, 80.0)), lambda s: Scale(s.center_, s.scale_)),
}


@pytest.mark.parametrize("name", SCALERS)
def test_scaling_is_scikit_learns_to_the_last_bit(name: str, tecator: Tecator) -> None:
    fitted, operator = SCALERS[name]
    fitted.fit(tecator.X[::3])
    np.testing.assert_array_equal(answers(operator(fitted), X=tecator.X), fitted.transform(tecator.X))


@pytest.mark.parametrize("name", SCALERS)
def test_scaling_is_scikit_learns_before_a_model(name: str, tecator: Tecator) -> None:
    fitted, operator = SCALERS[name]
    expected = fitted.fit(tecator.X[::3]).transform(tecator.X)
    assert_agrees(operator(fitted), X=tecator.X, expected=expected, within=1e-12)


def test_a_point_that_never_varied_is_left_alone(tecator: Tecator) -> None:
    X = tecator.X.copy()
    X[:, 7] = 2.5
    fitted = StandardScaler().fit(X)
    assert_agrees(Scale(fitted.mean_, fitted.scale_), X=X, expected=fitted.transform(X), within=1e-12)


@pytest.mark.parametrize("feature_range", [(0.0, 1.0), (-2.0, 5.0)])
def test_min_max_is_scikit_learns_with_and_without_clip(feature_range: tuple[float, float], tecator: Tecator) -> None:
    fitted = MinMaxScaler(feature_range).fit(tecator.X[::20])
    scaled, held = Affine(fitted.scale_, fitted.min_), Clip(*feature_range)
    expected = fitted.transform(tecator.X)
    assert expected.max() > feature_range[1] + 0.1, "some values must lie outside for the clip to matter"
    assert_agrees(scaled, X=tecator.X, expected=expected, within=1e-12)
    clipped = fitted.set_params(clip=True).transform(tecator.X)
    assert_agrees(scaled, held, X=tecator.X, expected=clipped, within=1e-12)
    np.testing.assert_array_equal(answers(scaled, held, X=tecator.X), clipped)


@pytest.mark.parametrize("index", [[0], [99], [3, 1, 2], [5, 5, 5], [*range(99, -1, -1)]])
def test_points_are_chosen_in_the_order_given(index: list[int], tecator: Tecator) -> None:
    operator = Select(np.array(index, dtype=np.int32))
    np.testing.assert_array_equal(answers(operator, X=tecator.X), tecator.X[:, index])
    assert_agrees(operator, X=tecator.X, expected=tecator.X[:, index], within=1e-12)
