"""What cannot be told as data is carried as a pickle, but only when the caller asks for it."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import FittedStep, from_sklearn, from_steps
from n4akit.bundle.errors import CaptureError, PlanError
from n4akit.bundle.lower import lower
from n4akit.bundle.operators import Linear, Opaque
from n4akit.bundle.runtime import Replay
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, PowerTransformer, StandardScaler

from ...conftest import Tecator

Matrix = NDArray[np.float64]


class Grove(RandomForestRegressor):  # type: ignore[misc]
    """A forest of somebody's own: whatever it may do otherwise, its name is not known."""


class Bend(PowerTransformer):  # type: ignore[misc]
    """A step of the same kind."""


@pytest.fixture
def forest(tecator: Tecator) -> Pipeline:
    """A known step and a model that is not."""
    return make_pipeline(StandardScaler(), Grove(3, random_state=0)).fit(tecator.X, tecator.fat)


def loaded(artifacts: Mapping[str, bytes]) -> dict[str, Callable[[Matrix], Matrix]]:
    def function(data: bytes) -> Callable[[Matrix], Matrix]:
        method = pickle.loads(data)
        return lambda X: method(X).reshape(len(X), -1)

    return {digest: function(data) for digest, data in artifacts.items()}


def test_nothing_is_pickled_unless_asked(forest: Pipeline, five_folds: list[Pipeline]) -> None:
    with pytest.raises(CaptureError, match="opaque=True carries it as a pickle, for those who trust it"):
        from_sklearn(forest)
    assert not from_sklearn(five_folds, opaque=True).opaque, "what is known is told as data even where pickles may be"


def test_an_opaque_model_is_the_object_itself(forest: Pipeline, tecator: Tecator) -> None:
    chain = from_sklearn(forest, opaque=True)
    scale, trees = chain.branches["0"]
    (operator,) = trees.operators
    assert isinstance(operator, Opaque) and operator.width == 1
    assert (
        {hashlib.sha256(data).hexdigest() for data in chain.opaque.values()} == {*chain.opaque} == {operator.artifact}
    )
    assert trees.operator_class == f"{Grove.__module__}.Grove"
    assert (scale.verified, trees.verified) == ("live", "live")
    found = Replay(lower(chain), opaque=loaded(chain.opaque)).predict(tecator.X)[:, 0]
    np.testing.assert_array_equal(found, forest.predict(tecator.X))


def test_the_plan_does_not_run_without_it(forest: Pipeline) -> None:
    plan = lower(from_sklearn(forest, opaque=True))
    with pytest.raises(PlanError, match="opaque"):
        Replay(plan)


def test_an_opaque_step_leads_to_a_model_that_is_told(tecator: Tecator) -> None:
    """The rows that prove the next step have gone through the opaque one."""
    model = make_pipeline(Bend(), Ridge(1e-3)).fit(tecator.X, tecator.fat)
    chain = from_sklearn(model, opaque=True, probes=tecator.X)
    power, ridge = chain.branches["0"]
    assert isinstance(power.operators[0], Opaque) and power.operators[0].width == 100
    assert isinstance(ridge.operators[0], Linear) and ridge.verified == "live"
    found = Replay(lower(chain), opaque=loaded(chain.opaque)).predict(tecator.X)[:, 0]
    assert np.abs(found - model.predict(tecator.X)).max() <= 1e-10 * np.ptp(tecator.fat)


def test_a_shared_opaque_step_is_carried_once(tecator: Tecator) -> None:
    power = Bend().fit(tecator.X)
    Z = power.transform(tecator.X)
    models = {str(k): Ridge(10.0**-k).fit(Z, tecator.fat) for k in range(3)}
    steps = [FittedStep(1, f"{Bend.__module__}.Bend", {}, fitted=power)]
    chain = from_steps(steps, models, probes=tecator.X, opaque=True)
    assert len(chain.opaque) == 1 and [line.op for line in lower(chain).body].count("opaque") == 1


def test_what_cannot_be_pickled_is_refused(tecator: Tecator) -> None:
    generator = (row for row in tecator.X)
    model = Grove(1).fit(tecator.X, tecator.fat)
    model.note = generator
    with pytest.raises(CaptureError, match=r"step 1 \(Grove\): it cannot be pickled: .*generator"):
        from_sklearn(model, opaque=True)


def test_what_has_no_method_for_its_place_is_refused(tecator: Tecator) -> None:
    steps = make_pipeline(StandardScaler(), Bend()).fit(tecator.X)
    with pytest.raises(CaptureError, match=r"bend \(Bend\): it has no predict"):
        from_sklearn(steps, opaque=True)


def test_what_fails_when_it_is_asked_is_refused(tecator: Tecator) -> None:
    def explode(X: Any) -> Any:
        raise RuntimeError("a spark")

    ridge = Ridge().fit(tecator.X, tecator.fat)
    unfitted = Grove(1)
    with pytest.raises(CaptureError, match=r"\(Grove\): its predict fails .* not fitted"):
        from_sklearn(unfitted, opaque=True, n_features=100)
    exploding = Pipeline([("boom", FunctionTransformer(explode)), ("model", ridge)])
    with pytest.raises(CaptureError, match=r"boom \(FunctionTransformer\): "):
        from_sklearn(exploding, opaque=True, n_features=100)
