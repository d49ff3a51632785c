"""Make golden rows: spectra around what a chain was fitted on, and what its plans answer for them.

They are measured spectra where the writer was given some, else made from the fitted state: around the centre that the
chain learnt, by multiples of the scale it learnt, with `+ − × ÷` alone, so that every machine makes the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import Golden, columns
from .chain import Chain
from .errors import InputError, WriteError
from .operators import MSC, PLS, Operator, Project, Scale
from .preprocessing import EMSC, BoxCox, Pointwise, Quantiles, Remove, YeoJohnson
from .runtime.errors import PlanError
from .runtime.plan import Plan
from .runtime.replay import Opaque, Replay

__all__ = ["COUNT", "make", "synthesise"]

Matrix = NDArray[np.float64]

COUNT = 6
"""Rows in a bundle, unless fewer were measured."""

BENDING = (BoxCox, Pointwise, Quantiles, YeoJohnson)
"""Operators after which values are of another kind than before, many of them undefined for values below 0."""

STEPS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
"""The multiples of the scale at which synthetic rows lie."""


def make(
    chain: Chain, faithful: Plan, compiled: Plan, calibration: Any = None, *, opaque: Opaque | None = None
) -> Golden:
    """Golden rows of a chain and the answers of its plans.

    `calibration` is spectra (n, p), of which some are chosen that spread over the range of predictions; without it the
    rows are synthetic. Raises WriteError when a plan has no finite answer for them.
    """
    quick, slow = (Replay(plan, plan.answers, opaque) for plan in (compiled, faithful))
    try:
        if calibration is None:
            rows, origin = synthesise(chain), "synthetic"
        else:
            rows, origin = _chosen(calibration, quick), "measured"
        return Golden(rows, origin, columns(slow.answers(rows)), columns(quick.answers(rows)))
    except (InputError, PlanError) as error:
        hint = (
            "give spectra of the calibration set as calibration=" if calibration is None else "check the spectra given"
        )
        raise WriteError(f"golden rows: {error}; {hint}") from error


def _chosen(calibration: Any, replay: Replay) -> Matrix:
    values = replay.predict(calibration)[:, 0]
    ranks = np.argsort(values, kind="stable")
    count = min(COUNT, len(values))
    places = [i * (len(values) - 1) // max(1, count - 1) for i in range(count)]
    return np.ascontiguousarray(np.asarray(calibration)[ranks[places]], dtype=np.float64)


def synthesise(chain: Chain) -> Matrix:
    """Rows of `chain.n_features` points around the centre that the chain learnt, no two alike and none constant."""
    centre, scale = _learnt(chain)
    points = np.arange(chain.n_features)
    rows = []
    for number, step in enumerate(STEPS):
        # From 0.5 to 1.5, another texture in each row: no operator finds a row flat, or a point left out.
        texture = 0.5 + ((points * (74 * number + 111) + 11 * number) % 101) / 101.0
        rows.append(centre + step * (scale * texture))
    return np.ascontiguousarray(rows)


def _learnt(chain: Chain) -> tuple[Matrix, Matrix]:
    """Centre and scale of the first operator that knows them for every point; a smooth hump where none does."""
    for step in next(iter(chain.branches.values())):
        for operator in step.operators:
            centre, scale = _landmarks(operator)
            if centre is not None and len(centre) == chain.n_features:
                return centre, _spread(centre) if scale is None else scale
            if isinstance(operator, BENDING):
                # What is learnt after it says nothing of the spectra before it: a logarithm has no use for its mean.
                return _hump(chain.n_features)
    return _hump(chain.n_features)


def _hump(points: int) -> tuple[Matrix, Matrix]:
    """A spectrum that may be an absorbance or a reflectance: between 0.4 and 1, and above 0 wherever rows lie."""
    t = (np.arange(points) + 0.5) / points
    hump = 0.4 + 0.4 * t + 0.8 * (t * (1.0 - t))
    return hump, _spread(hump)


def _landmarks(operator: Operator) -> tuple[Matrix | None, Matrix | None]:
    if isinstance(operator, Scale | Project):
        return operator.center, operator.scale
    if isinstance(operator, PLS):
        return operator.x_mean, None
    if isinstance(operator, MSC | EMSC):
        return operator.reference, None
    if isinstance(operator, Remove):
        return operator.center, None
    return None, None


def _spread(centre: Matrix) -> Matrix:
    width = float(centre.max() - centre.min()) / 10.0 or float(np.abs(centre).max()) / 10.0 or 1.0
    return np.full(len(centre), width)
