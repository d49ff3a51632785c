"""What is done point by point with fitted numbers: centring, scaling, clipping, choosing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..operators import Affine, Clip, Scale, Select
from .operate import operate
from .program import Program

__all__ = ["fitted"]


def fitted(name: str, values: NDArray[np.float64], program: Program, x: str) -> NDArray[np.float64]:
    """Fitted numbers as one row, or as a table, that fits register `x`."""
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if table.shape[1] != program.width(x):
        raise PlanError(f"{name}: fitted on {table.shape[1]} points, but it gets {program.width(x)}")
    return table


@operate.register
def scale(operator: Scale, program: Program, x: str) -> str:
    if operator.center is not None:
        x = program("sub", x, fitted("Scale", operator.center, program, x))
    if operator.scale is not None:
        # Divided, as scikit-learn does: multiplying by the reciprocal rounds twice.
        x = program("div", x, fitted("Scale", operator.scale, program, x))
    return x


@operate.register
def affine(operator: Affine, program: Program, x: str) -> str:
    # One number may stand for all points.
    scale, offset = (
        v if np.size(v) == 1 else fitted("Affine", v, program, x) for v in (operator.scale, operator.offset)
    )
    return program("add", program("mul", x, scale), offset)


@operate.register
def clip(operator: Clip, program: Program, x: str) -> str:
    if not operator.least <= operator.largest:
        raise PlanError(f"Clip: from {operator.least} to {operator.largest}, expected an ascending range")
    if operator.least > -np.inf:
        x = program("max", x, operator.least)
    return program("min", x, operator.largest) if operator.largest < np.inf else x


@operate.register
def select(operator: Select, program: Program, x: str) -> str:
    index, p = np.asarray(operator.index), program.width(x)
    if index.ndim != 1 or not len(index) or index.min() < 0 or index.max() >= p:
        raise PlanError(f"Select: point numbers must be one or more of 0 to {p - 1}")
    return program("gather", x, index.astype(np.int32))
