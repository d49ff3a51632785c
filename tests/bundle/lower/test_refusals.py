"""Options and arrays that make no sense are refused by the name of what is wrong, before anything is computed."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.lower import Program, operate
from n4akit.bundle.operators import (
    MSC,
    PLS,
    SNV,
    Affine,
    Clip,
    Detrend,
    GapDerivative,
    Gradient,
    Linear,
    Normalize,
    Operator,
    Project,
    SavitzkyGolay,
    Scale,
    Select,
)

from .agreement import plan_of

INF, NAN = float("inf"), float("nan")
TEN, NINE = np.arange(1.0, 11.0), np.arange(1.0, 10.0)
"""Spectra have ten points here."""

REFUSED: dict[str, tuple[Operator, str]] = {
    "no window": (SavitzkyGolay(0, 0), "window_length=0"),
    "order of the window": (SavitzkyGolay(5, 5), "polyorder=5"),
    "negative order": (SavitzkyGolay(5, -1), "polyorder=-1"),
    "negative derivative": (SavitzkyGolay(5, 2, deriv=-1), "deriv=-1"),
    "unknown mode": (SavitzkyGolay(5, 2, mode="reflect"), "mode='reflect'"),
    "window beyond the spectrum": (SavitzkyGolay(11, 2), "window of 11 points on spectra of 10"),
    "no distance": (SavitzkyGolay(5, 2, delta=0.0), "delta=0.0"),
    "infinite distance": (SavitzkyGolay(5, 2, delta=INF), "delta=inf"),
    "no number beyond the ends": (SavitzkyGolay(5, 2, mode="constant", cval=NAN), "cval=nan"),
    "weights beyond all numbers": (SavitzkyGolay(5, 3, deriv=3, delta=1e-200), "delta=1e-200"),
    "empty segment": (GapDerivative(0, 3), "segment=0"),
    "gap to itself": (GapDerivative(5, 1), "gap=1"),
    "gap without a middle": (GapDerivative(5, 2, deriv=2), "gap=2, deriv=2"),
    "third gap derivative": (GapDerivative(5, 3, deriv=3), "deriv=3"),
    "unknown gap mode": (GapDerivative(5, 3, mode="constant"), "mode='constant'"),
    "gap without a distance": (GapDerivative(5, 3, delta=0.0), "delta=0.0"),
    "gap and no number": (GapDerivative(5, 3, delta=NAN), "delta=nan"),
    "gap weights beyond all numbers": (GapDerivative(5, 3, deriv=2, delta=1e-200), "delta=1e-200"),
    "third order at the ends": (Gradient(edge_order=3), "edge_order=3"),
    "no derivative": (Gradient(deriv=0), "deriv=0"),
    "gradient without a distance": (Gradient(delta=0.0), "delta=0.0"),
    "gradient and no number": (Gradient(delta=NAN), "delta=nan"),
    "gradient and an infinite distance": (Gradient(delta=INF), "delta=inf"),
    "negative degree": (Detrend(-1), "degree=-1"),
    "breakpoint at the start": (Detrend(1, (0,)), r"breakpoints=\(0,\)"),
    "breakpoint at the end": (Detrend(1, (10,)), "between 0 and 10"),
    "breakpoints that go back": (Detrend(1, (5, 3)), r"breakpoints=\(5, 3\)"),
    "nothing left to divide by": (SNV(ddof=10), "ddof=10"),
    "reference of another length": (MSC(NINE), "reference of 9 points on spectra of 10"),
    "flat reference": (MSC(np.full(10, 2.0)), "reference spectrum is constant"),
    "unknown norm": (Normalize("l3"), "norm='l3'"),
    "centre of another length": (Scale(NINE, TEN), "Scale: fitted on 9 points, but it gets 10"),
    "scale of another length": (Scale(TEN, NINE), "Scale: fitted on 9 points, but it gets 10"),
    "min and max of another length": (Affine(NINE, NINE), "Affine: fitted on 9 points, but it gets 10"),
    "range upside down": (Clip(1.0, 0.0), "from 1.0 to 0.0"),
    "range of no number": (Clip(NAN, 1.0), "from nan to 1.0"),
    "no points": (Select(np.array([], dtype=np.int32)), "0 to 9"),
    "a point beyond the end": (Select(np.array([0, 10], dtype=np.int32)), "0 to 9"),
    "a point from behind": (Select(np.array([-1], dtype=np.int32)), "0 to 9"),
    "components of other spectra": (Project(np.ones((2, 9))), "Project: fitted on 9 points, but it gets 10"),
    "coefficients of other spectra": (Linear(np.ones((2, 9)), np.ones(2)), "Linear: fitted on 9 points"),
    "intercepts of other targets": (Linear(np.ones((2, 10)), np.ones(3)), "Linear: fitted on 3 points"),
    "mean of other spectra": (PLS(np.ones((1, 10)), NINE, np.ones(1)), "PLS: fitted on 9 points"),
    "an unknown word": (Operator(), "no lowering is known"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused_by_name(name: str) -> None:
    operator, message = REFUSED[name]
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=10)


def test_the_gradient_needs_three_points() -> None:
    with pytest.raises(PlanError, match="2 points"):
        plan_of(Gradient(), width=2)


def test_a_refused_operator_adds_nothing_to_the_program() -> None:
    program = Program(10)
    with pytest.raises(PlanError):
        operate(SavitzkyGolay(11, 2), program, program.x)
    assert operate(SNV(with_std=False), program, program.x) == "x2"
