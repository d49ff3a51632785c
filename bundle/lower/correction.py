"""What disturbs is fitted and taken away: extended scatter correction, orthogonal signals, baselines through points."""

from __future__ import annotations

import numpy as np

from ..errors import PlanError
from ..preprocessing import EMSC, Remove
from .operate import operate
from .orthonormal import inner, orthonormal, without
from .points import fitted
from .program import Program

__all__: list[str] = []

NOTHING = 2.0**-40
"""A slope this small beside what the nuisances explain is rounding noise: the spectrum has nothing of the reference."""


@operate.register
def emsc(operator: EMSC, program: Program, x: str) -> str:
    p = program.width(x)
    reference = fitted("EMSC", operator.reference, program, x)[0]
    nuisances = fitted("EMSC", operator.nuisances, program, x)
    weights = np.ones(p) if operator.weights is None else fitted("EMSC", operator.weights, program, x)[0]
    # Weights multiply residues, so their squares multiply products.
    weights = weights * weights
    basis = orthonormal(nuisances, weights)
    own = without(reference, basis, weights)
    squares, before = inner(own * weights, own), inner(reference * weights, reference)
    if not squares > before * NOTHING * NOTHING:
        raise PlanError("EMSC: the reference spectrum is explained by what disturbs")
    amounts = program("matmul", x, np.array(basis) * weights)
    left = program("sub", x, program("matmul", amounts, np.array(basis).T))
    slope = program("matmul", left, own * weights / squares)
    # Compared as a spread: what the slope makes of the reference's own, beside the level of the spectrum.
    spread = program("mul", program("map", slope, f="abs"), float(np.sqrt(squares / p)))
    limit = program("mul", program("map", program("row", x, f="sumsq", d=p), f="sqrt"), 2.0**-48)
    slope = program("select", spread, limit, np.nan, slope, f="le")
    return program("add", program("div", left, slope), reference - own)


@operate.register
def remove(operator: Remove, program: Program, x: str) -> str:
    weights = fitted("Remove", operator.weights, program, x)
    loadings = fitted("Remove", operator.loadings, program, x)
    if weights.shape != loadings.shape:
        raise PlanError(f"Remove: {len(weights)} rows of weights, {len(loadings)} loadings, expected one each")
    centred = x
    if operator.center is not None:
        centred = program("sub", x, fitted("Remove", operator.center, program, x))
    if not operator.in_turn:
        return program("sub", x, program("matmul", program("matmul", centred, weights), loadings.T))
    for row, loading in zip(weights, loadings, strict=True):
        part = program("mul", program("matmul", centred, row), loading)
        centred, x = program("sub", centred, part), program("sub", x, part)
    return x
