"""Make golden rows: spectra around what a chain was fitted on, and what its plans answer for them.

They are measured spectra where the writer was given some, else made from the fitted state.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import Golden, columns
from .chain import Chain
from .errors import InputError, WriteError
from .landmarks import landmarks
from .runtime.errors import PlanError
from .runtime.plan import Plan
from .runtime.replay import Opaque, Replay
from .surroundings import COUNT, around, gapped, hump

__all__ = ["COUNT", "make", "synthesise"]

Matrix = NDArray[np.float64]


def make(
    chain: Chain, faithful: Plan, compiled: Plan, calibration: Any = None, *, opaque: Opaque | None = None
) -> Golden:
    """Golden rows of a chain and the answers of its plans.

    `calibration` is spectra (n, p), of which some are chosen that spread over the range of predictions; without it the
    rows are synthetic. Where values may be missing, some rows lack some. Raises WriteError when a plan has no finite
    answer for them.
    """
    quick, slow = (Replay(plan, plan.answers, opaque) for plan in (compiled, faithful))
    try:
        if calibration is None:
            rows, origin = synthesise(chain), "synthetic"
        else:
            rows, origin = _chosen(calibration, quick), "measured"
        if chain.missing:
            rows = _with_gaps(rows, (quick, slow))
        return Golden(rows, origin, columns(slow.answers(rows)), columns(quick.answers(rows)))
    except (InputError, PlanError) as error:
        hint = (
            "give spectra of the calibration set as calibration=" if calibration is None else "check the spectra given"
        )
        raise WriteError(f"golden rows: {error}; {hint}") from error


def _with_gaps(rows: Matrix, replays: Iterable[Replay]) -> Matrix:
    """The rows; and if none of them lacks a value, the same again with missing ones, as far as these have answers."""
    if np.isnan(rows).any():
        return rows
    more = gapped(rows)
    for replay in replays:
        more = more[np.isfinite(columns(replay(more))).all(axis=1)]
    return np.concatenate([rows, more])


def _chosen(calibration: Any, replay: Replay) -> Matrix:
    values = replay.predict(calibration)[:, 0]
    ranks = np.argsort(values, kind="stable")
    count = min(COUNT, len(values))
    places = [i * (len(values) - 1) // max(1, count - 1) for i in range(count)]
    return np.ascontiguousarray(np.asarray(calibration)[ranks[places]], dtype=np.float64)


def synthesise(chain: Chain) -> Matrix:
    """Rows of `chain.n_features` points around what the chain learnt, no two alike and none constant.

    They lie around the centre of the first operator that knows one, between reference spectra or on either side of
    thresholds; around a smooth hump where nothing was learnt of every point.
    """
    first = next(iter(chain.branches.values()))
    operators = tuple(operator for step in first for operator in step.operators)
    found = landmarks(operators, chain.n_features)
    return around(hump(chain.n_features)) if found is None else found
