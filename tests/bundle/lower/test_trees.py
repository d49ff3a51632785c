"""Trees, leaf by leaf: spectra on thresholds and beside them go where scikit-learn sends them, and no bit differs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.landmarks import landmarks
from n4akit.bundle.lower import lower
from n4akit.bundle.lower.trees import LARGEST, doubled
from n4akit.bundle.models import Trees
from n4akit.bundle.runtime import Replay
from numpy.typing import NDArray
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor

from ...conftest import Tecator

Matrix = NDArray[np.float64]

SMALLEST = 2.0**-149
"""Of float32."""

within = st.floats(-LARGEST, LARGEST)


@given(within, st.integers(-3, 3), within)
@example(0.0, 0, -SMALLEST / 2.0)
@example(-0.0, 1, SMALLEST / 2.0)
@example(LARGEST, 0, LARGEST)
@example(1.0 + 2.0**-24, 0, 1.0)
@example(2.0**-126, -1, 2.0**-127)
def test_one_comparison_of_doubles_says_what_rounding_first_would(threshold: float, steps: int, other: float) -> None:
    """Tried where it turns, on the doubles around that, and anywhere."""
    limit = float(doubled(np.array([threshold]))[0])
    near = limit
    for _ in range(abs(steps)):
        near = float(np.nextafter(near, np.copysign(np.inf, steps)))
    with np.errstate(under="ignore"):
        for x in (near, threshold, float(np.float32(threshold)), other):
            if abs(x) <= LARGEST:
                assert (x <= limit) == (float(np.float32(x)) <= threshold)


@pytest.fixture(scope="module")
def X(tecator: Tecator) -> Matrix:
    """Every tenth point, on both sides of 0."""
    return np.ascontiguousarray(tecator.X[:, ::10] - tecator.X[:, ::10].mean(axis=0))


def around_thresholds(trees: Trees, width: int) -> Matrix:
    """Spectra on thresholds as scikit-learn keeps them, on the float32 beside these, half-way, and where we turn."""
    found = landmarks((trees,), width, 400)
    assert found is not None
    single = found.astype(np.float32)
    above, below = (np.nextafter(single, np.float32(way)).astype(np.float64) for way in (np.inf, -np.inf))
    middle = single.astype(np.float64) + (above - single) / 2.0
    rows = [found, single.astype(np.float64), above, below, middle, np.nextafter(middle, np.inf)]
    return np.concatenate([*rows, np.nextafter(middle, -np.inf)])


MODELS: dict[str, Any] = {
    "tree": DecisionTreeRegressor(random_state=0),
    "extra tree": ExtraTreeRegressor(random_state=0),
    "forest": RandomForestRegressor(9, random_state=0),
    "extra trees": ExtraTreesRegressor(9, random_state=0),
    "histogram boosting": HistGradientBoostingRegressor(max_iter=9),
}


@pytest.mark.parametrize("scale", [1.0, 1e-5, 1e30])
@pytest.mark.parametrize("name", MODELS)
def test_no_bit_differs_from_scikit_learn(name: str, scale: float, X: Matrix, tecator: Tecator) -> None:
    fitted = MODELS[name].fit(X * scale, tecator.fat)
    chain = from_sklearn(fitted, probes=X[:9] * scale)
    trees = chain.branches["0"][0].operators[0]
    assert isinstance(trees, Trees)
    rows = np.concatenate([X * scale, around_thresholds(trees, X.shape[1])])
    expected = fitted.predict(rows)
    plan = lower(chain)
    for either in (plan, compile_plan(plan)):
        assert Replay(either).predict(rows)[:, 0].tobytes() == expected.tobytes()


def test_no_bit_of_a_probability_differs(X: Matrix, tecator: Tecator) -> None:
    fitted = RandomForestClassifier(9, random_state=0).fit(X, np.searchsorted([10.0, 30.0], tecator.fat))
    chain = from_sklearn(fitted)
    trees = chain.branches["0"][0].operators[0]
    assert isinstance(trees, Trees)
    rows = around_thresholds(trees, X.shape[1])
    assert Replay(lower(chain), ["proba"])(rows)[0].tobytes() == fitted.predict_proba(rows).tobytes()
