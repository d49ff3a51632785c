"""What operators answer once they are lowered: alone and before a linear model, faithful and compiled."""

from __future__ import annotations

import numpy as np
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import Program, operate
from n4akit.bundle.operators import Linear, Operator
from n4akit.bundle.runtime import Output, Plan, Replay
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def plan_of(*operators: Operator, width: int) -> Plan:
    """The faithful plan of operators that follow each other."""
    program = Program(width)
    x = program.x
    for operator in operators:
        x = operate(operator, program, x)
    return program.plan({"value": Output(x)})


def answers(*operators: Operator, X: Matrix) -> Matrix:
    """What the faithful plan of the operators makes of the spectra."""
    return Replay(plan_of(*operators, width=X.shape[1]))(X)[0]


def disagreement(found: Matrix, expected: Matrix) -> float:
    """The largest difference, relative to the range of what is expected; infinite where the shapes or NaNs differ."""
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - expected).max() / (np.ptp(expected) or 1.0))


def assert_agrees(*operators: Operator, X: Matrix, expected: Matrix, within: float) -> None:
    """The operators give what is expected; so do the plans, compiled too, where a model of two targets comes after."""
    coef = np.random.default_rng(0).normal(size=(2, expected.shape[1]))
    predicted = expected @ coef.T + [1.0, -1.0]
    model = Linear(coef, np.array([1.0, -1.0]))
    for last, wanted in (((), expected), ((model,), predicted)):
        plan = plan_of(*operators, *last, width=X.shape[1])
        for name, candidate in (("faithful", plan), ("compiled", compile_plan(plan))):
            worst = disagreement(Replay(candidate)(X)[0], wanted)
            assert worst <= within, f"{name}, {len(last)} models after: {worst:.3g} of the range"
