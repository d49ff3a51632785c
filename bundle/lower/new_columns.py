"""What makes other columns of the points: a range of them, some filled in, which are missing, products, bins."""

from __future__ import annotations

import numpy as np

from ..errors import PlanError
from ..operators import Select
from ..preprocessing import Bins, Crop, Fill, Missing, Products
from .operate import operate
from .points import finite, fitted
from .program import Program

__all__: list[str] = []


@operate.register
def crop(operator: Crop, program: Program, x: str) -> str:
    kept = np.arange(program.width(x))[operator.start : operator.stop]
    if not len(kept):
        raise PlanError(f"Crop: nothing of {program.width(x)} points lies from {operator.start} to {operator.stop}")
    return program("gather", x, kept)


@operate.register
def fill(operator: Fill, program: Program, x: str) -> str:
    values = fitted("Fill", operator.values, program, x)
    if np.isnan(operator.missing):
        return program("select", x, x, x, values, f="eq")
    finite("Fill", missing=operator.missing)
    return program("select", x, operator.missing, values, x, f="eq")


@operate.register
def missing(operator: Missing, program: Program, x: str) -> str:
    x = operate(Select(operator.index), program, x)
    if np.isnan(operator.missing):
        return program("select", x, x, 0.0, 1.0, f="eq")
    finite("Missing", missing=operator.missing)
    return program("select", x, operator.missing, 1.0, 0.0, f="eq")


@operate.register
def products(operator: Products, program: Program, x: str) -> str:
    columns, p = np.asarray(operator.columns), program.width(x)
    if columns.ndim != 2 or not columns.size or columns.min() < -1 or columns.max() >= p:
        raise PlanError(f"Products: columns must be a table of numbers from 0 to {p - 1}, or -1 for none")
    result = ""
    for numbers in columns.T:
        factor = program("gather", x, np.maximum(numbers, 0).astype(np.int32))
        if (numbers < 0).any():
            # Where a product has no such factor it is multiplied by 1.
            factor = program("select", np.where(numbers < 0, 1.0, 0.0), 1.0, 1.0, factor, f="eq")
        result = program("mul", result, factor) if result else factor
    return result


@operate.register
def bins(operator: Bins, program: Program, x: str) -> str:
    edges = [np.asarray(row, dtype=np.float64).ravel() for row in operator.edges]
    if len(edges) != program.width(x):
        raise PlanError(f"Bins: fitted on {len(edges)} points, but it gets {program.width(x)}")
    if any((np.diff(row) < 0).any() or not np.isfinite(row).all() for row in edges):
        raise PlanError("Bins: edges must be finite numbers that ascend")
    most = max(map(len, edges))
    number = program("mul", x, 0.0)
    for k in range(most):
        # Above an edge is the next bin; a point with fewer edges counts none.
        edge = np.array([row[k] if k < len(row) else 0.0 for row in edges])
        one = np.array([1.0 if k < len(row) else 0.0 for row in edges])
        number = program("add", number, program("select", edge, x, one, 0.0, f="le"))
    if not operator.one_hot:
        return number
    counts = [len(row) + 1 for row in edges]
    spread = program("gather", number, np.repeat(np.arange(len(edges)), counts).astype(np.int32))
    return program("select", spread, np.concatenate([np.arange(float(n)) for n in counts]), 1.0, 0.0, f="eq")
