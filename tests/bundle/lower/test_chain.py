"""From a chain to its faithful plan: every step of every fold, shared ones once, and the mean in order."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.errors import PlanError
from n4akit.bundle.lower import lower
from n4akit.bundle.operators import PLS, SNV, Linear, Opaque, Operator, SavitzkyGolay, Scale, Select
from n4akit.bundle.runtime import Plan, Replay

from ...conftest import Tecator
from .agreement import Matrix, answers

P = 100


def step(index: int, *operators: Operator) -> Step:
    return Step(index, "Named", "some.where.Named", {}, operators)


def model(fold: int, width: int = P, targets: int = 1) -> PLS:
    rng = np.random.default_rng(fold)
    return PLS(rng.normal(size=(targets, width)), rng.normal(size=width), rng.normal(size=targets))


def shared_preprocessing(folds: int, targets: int = 1) -> Chain:
    """SNV and a derivative that all folds share, then one model per fold."""
    first, second = step(1, SNV()), step(2, SavitzkyGolay(9, 2, deriv=1))
    branches = {f"f{k}": (first, second, step(3, model(k, targets=targets))) for k in range(folds)}
    return Chain(P, branches, tuple(Target(f"t{k}") for k in range(targets)))


def predict(chain: Chain, X: Matrix) -> Matrix:
    return Replay(lower(chain)).predict(X)


def words(plan: Plan) -> list[str]:
    return [line.op for line in plan.body]


@pytest.mark.parametrize("folds", [1, 3, 10])
@pytest.mark.parametrize("targets", [1, 3])
def test_folds_are_summed_in_order_then_divided(folds: int, targets: int, tecator: Tecator) -> None:
    chain = shared_preprocessing(folds, targets)
    X = answers(SNV(), SavitzkyGolay(9, 2, deriv=1), X=tecator.X)
    total = np.zeros((len(X), targets))
    for fold in range(folds):
        total = total + answers(model(fold, targets=targets), X=X)
    np.testing.assert_array_equal(predict(chain, tecator.X), total / folds)


def test_a_single_model_is_not_averaged() -> None:
    assert "fold" not in words(lower(shared_preprocessing(1)))


def test_shared_steps_are_computed_once() -> None:
    plan = lower(shared_preprocessing(5))
    assert words(plan).count("banded") == 1 and words(plan).count("matmul") == 5


def test_each_line_tells_its_step_and_the_fold_it_belongs_to() -> None:
    plan = lower(shared_preprocessing(2))
    stamps = {(line.op, line.step, line.fold) for line in plan.body}
    assert {("row", 1, None), ("banded", 2, None), ("matmul", 3, "f0"), ("matmul", 3, "f1")} <= stamps
    value = next(line for line in plan.body if line.out == plan.outputs["value"].register)
    assert value.op == "fold" and (value.step, value.fold) == (None, None)


def test_preprocessing_of_its_own_belongs_to_the_fold(tecator: Tecator) -> None:
    """Each fold has its own scaler: both are computed, none is mistaken for the other."""
    scales = [Scale(np.full(P, 1.0 + k), np.full(P, 2.0 + k)) for k in range(2)]
    chain = Chain(P, {str(k): (step(1, scale), step(2, model(k))) for k, scale in enumerate(scales)}, (Target("y"),))
    assert {line.fold for line in lower(chain).body if line.step == 1} == {"0", "1"}
    expected = [answers(scale, model(k), X=tecator.X) for k, scale in enumerate(scales)]
    np.testing.assert_array_equal(predict(chain, tecator.X), (expected[0] + expected[1]) / 2)


def test_a_step_that_occurs_twice_in_a_branch_is_done_twice(tecator: Tecator) -> None:
    smooth = step(1, SavitzkyGolay(9, 2))
    chain = Chain(P, {"0": (smooth, smooth, step(2, model(0)))}, (Target("y"),))
    expected = answers(SavitzkyGolay(9, 2), SavitzkyGolay(9, 2), model(0), X=tecator.X)
    np.testing.assert_array_equal(predict(chain, tecator.X), expected)


def test_a_step_may_hold_several_operators_or_none(tecator: Tecator) -> None:
    pick = Select(np.arange(0, P, 2, dtype=np.int32))
    chain = Chain(P, {"0": (step(1), step(2, SNV(), pick), step(3, model(0, P // 2)))}, (Target("y"),))
    expected = answers(SNV(), pick, model(0, P // 2), X=tecator.X)
    np.testing.assert_array_equal(predict(chain, tecator.X), expected)


def test_several_targets_are_named() -> None:
    assert lower(shared_preprocessing(2, targets=3)).outputs["value"].names == ("t0", "t1", "t2")
    assert lower(shared_preprocessing(2, targets=1)).outputs["value"].names == ()


def test_an_opaque_step_is_asked_for_by_its_digest(tecator: Tecator) -> None:
    chain = Chain(
        P, {"0": (step(1, Opaque("a" * 64, 3)), step(2, Linear(np.ones((1, 3)), np.zeros(1))))}, (Target("y"),)
    )
    plan = lower(chain)
    doubled = Replay(plan, opaque={"a" * 64: lambda X: 2.0 * X[:, :3]}).predict(tecator.X)
    np.testing.assert_allclose(doubled[:, 0], 2.0 * tecator.X[:, :3].sum(axis=1), rtol=1e-15)
    with pytest.raises(PlanError, match="a" * 64):
        Replay(plan)


def test_what_does_not_fit_is_refused_with_the_step() -> None:
    narrowed = step(1, Select(np.arange(7, dtype=np.int32)))
    chain = Chain(P, {"0": (narrowed, step(2, model(0)))}, (Target("y"),))
    with pytest.raises(PlanError, match=r"step 2 \(Named\): PLS: fitted on 100 points, but it gets 7"):
        lower(chain)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((step(1, SNV()),), "fold f7: the last step Named gives 100 values, expected 1, one per target"),
        ((step(1, model(0, targets=2)),), "gives 2 values, expected 1"),
        ((), r"the last step \(none\) gives 100 values"),
    ],
)
def test_a_branch_that_does_not_end_in_its_targets_is_refused(steps: tuple[Step, ...], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        lower(Chain(P, {"f7": steps}, (Target("y"),)))
