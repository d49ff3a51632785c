"""From an operator to its instructions: one function per operator, registered by the families beside this file."""

from __future__ import annotations

from functools import singledispatch

from ..errors import PlanError
from ..operators import Operator
from .program import Program

__all__ = ["operate"]


@singledispatch
def operate(operator: Operator, program: Program, x: str) -> str:
    """Add the instructions of `operator` on register `x`; returns the register of the result.

    Raises PlanError where the operator's arrays or options do not fit the register.
    """
    raise PlanError(f"{type(operator).__name__}: no lowering is known for this operator")
