"""Small chains with their two plans, made by hand: no estimator and no lowering takes part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from n4akit.bundle.chain import Axis, Chain, Step, Target
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower.program import Program
from n4akit.bundle.operators import PLS, SNV, Operator
from n4akit.bundle.runtime.plan import Output, Plan
from n4akit.bundle.writer import draft, write_draft


class Model(NamedTuple):
    """A chain and its plans."""

    chain: Chain
    faithful: Plan
    compiled: Plan


def step(index: int, operator: Operator, verified: str = "live") -> Step:
    name = type(operator).__name__
    params = {"copy": True, "tol": 1e-6, "missing": float("nan"), "$odd": (1, None, "ü\n")}
    return Step(index, name, f"made.by.hand.{name}", params, (operator,), verified)


def make_model(width: int = 12, folds: int = 2, targets: int = 1, seed: int = 0, axis: bool = True) -> Model:
    """SNV, then one PLS per fold; the plan is written line by line."""
    rng = np.random.default_rng(seed)
    models = [
        PLS(rng.normal(size=(targets, width)), rng.normal(size=width), rng.normal(size=targets)) for _ in range(folds)
    ]
    first = step(1, SNV())
    branches = {str(fold): (first, step(2, model)) for fold, model in enumerate(models)}
    chain = Chain(
        width,
        branches,
        tuple(Target(f"target {number}", "%") for number in range(targets)),
        Axis(np.linspace(850.0, 1050.0, width), "nm") if axis else None,
        provenance={"run_id": "r1", "seed": 2**63, "rmse": 0.125},
        environment={"python": "3.11"},
    )
    faithful = lowered_by_hand(width, models, chain.targets)
    return Model(chain, faithful, compile_plan(faithful))


def lowered_by_hand(width: int, models: list[PLS], targets: tuple[Target, ...]) -> Plan:
    program = Program(width)
    program.step = 1
    centred = program("sub", "x", program("row", "x", f="sum", d=width))
    scaled = program("div", centred, program("map", program("row", centred, f="sumsq", d=width), f="sqrt"))
    program.step = 2
    values = []
    for fold, model in enumerate(models):
        program.fold = str(fold)
        product = program("matmul", program("sub", scaled, model.x_mean), model.coef)
        values.append(program("add", product, model.intercept))
    program.step = program.fold = None
    value = program("fold", *values, d=len(values)) if len(values) > 1 else values[0]
    names = tuple(target.name for target in targets) if len(targets) > 1 else ()
    return program.plan({"value": Output(value, names)})


@pytest.fixture
def model() -> Model:
    """Two folds, twelve points, one target, with an axis."""
    return make_model()


@pytest.fixture
def models() -> Callable[..., Model]:
    """Makes models of other sizes: width, folds, targets, seed, axis."""
    return make_model


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    """The bundle of `model`."""
    return write_draft(draft(*model), tmp_path / "model.n4a")


@pytest.fixture
def spectra() -> np.ndarray:
    """Twenty spectra of twelve points."""
    return np.random.default_rng(7).normal(size=(20, 12)) + np.linspace(0.0, 1.0, 12)
