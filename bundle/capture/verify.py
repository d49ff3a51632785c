"""Every capture is proven: what was read must compute what the live object computes, on rows that exercise it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import CaptureError, PlanError
from ..landmarks import landmarks
from ..lower import Program, operate
from ..operators import Operators
from ..runtime import Output, Replay
from .registry import Reading
from .state import State

__all__ = [
    "LANDMARKS",
    "SPREAD_TOLERANCE",
    "TOLERANCE",
    "apply",
    "ask",
    "prove",
    "proven_spread",
    "synthetic_rows",
    "tolerance",
]

Matrix = NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest difference to the live object that is accepted, relative to the largest value it answers with."""

SPREAD_TOLERANCE = 1e-6
"""The same for standard deviations: the root of a difference has half of the digits."""

SINGLE = 2.0**-24
"""What one rounding to float32 adds to it, for an object whose answers lie behind such."""

ROWS = 6

LANDMARKS = 64
"""Rows around the fitted state of trees: a small tree is compared on either side of every threshold."""


def prove(state: State, reading: Reading, rows: Matrix, method: str) -> str:
    """How the reading was proven: `live`, `live-single` where the object answers in float32, or `invariants` where
    there is no object or it misreads its own state.

    The object is asked for the rows, and for others around the fitted state. Raises CaptureError, naming the step and
    the difference, when it answers differently.
    """
    if state.live is None:
        return "invariants"
    limit = tolerance(reading)
    for probes, ours in _answered(state, reading, rows):
        theirs = ask(state, probes, reading.asked_by or method)
        if ours.shape != theirs.shape:
            raise state.refuse(f"{method} answers with shape {theirs.shape}, what was read from it with {ours.shape}")
        difference, scale = float(np.abs(ours - theirs).max()), float(np.abs(theirs).max())
        if difference <= limit * scale:
            continue
        if reading.misread and _close(apply(reading.misread, probes, state.where), theirs):
            # Its numbers are consistent and say what was meant; the running version takes them for another version's.
            return "invariants"
        raise state.refuse(
            f"what was read from it differs from its {method} by {difference:.3g}, expected at most {limit:g} of "
            f"the largest answer {scale:.3g}; this version or option of the class is not supported"
        )
    return "live-single" if reading.singles else "live"


def tolerance(reading: Reading) -> float:
    """The largest difference to the live object that is accepted, relative to the largest of its answers."""
    return TOLERANCE + reading.singles * SINGLE


def proven_spread(state: State, reading: Reading, rows: Matrix) -> Operators:
    """What tells the standard deviation of each answer, where the object tells the same within SPREAD_TOLERANCE.

    Nothing where there is no object, or where its covariance is so ill-conditioned that two ways to compute it differ:
    then nobody knows how far the answer may be off.
    """
    if state.live is None or not reading.spread:
        return ()
    for probes, _ in _answered(state, reading, rows):
        ours = _replay(reading.spread, probes, state.where)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn warns of negative variances, and takes 0 for them as we do
            theirs = np.asarray(state.live.predict(probes.copy(), return_std=True)[1]).reshape(len(probes), -1)
        if ours.shape != theirs.shape or not np.abs(ours - theirs).max() <= SPREAD_TOLERANCE * np.abs(theirs).max():
            return ()
    return reading.spread


def _answered(state: State, reading: Reading, rows: Matrix) -> Iterator[tuple[Matrix, Matrix]]:
    """Rows with what the reading answers: those given, then those around the fitted state that have an answer."""
    yield rows, apply(reading.operators, rows, state.where)
    around = landmarks(reading.operators, rows.shape[1], LANDMARKS)
    if around is not None:
        answers = _replay(reading.operators, around, state.where)
        good = np.isfinite(answers).all(axis=1)
        if good.any():
            yield around[good], answers[good]


def _close(ours: Matrix, theirs: Matrix) -> bool:
    return bool(np.abs(ours - theirs).max() <= TOLERANCE * np.abs(theirs).max())


def ask(state: State, rows: Matrix, method: str) -> Matrix:
    """What the live object's own method makes of the rows, as a table."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # an imputer warns of the points that it leaves out, as it was trained to do
            answer = np.asarray(getattr(state.live, method)(rows.copy()))
        classes = getattr(state.live, "classes_", None)
        if method == "predict" and classes is not None:
            answer = np.searchsorted(classes, answer)
        return np.asarray(answer, dtype=np.float64).reshape(len(rows), -1)
    except Exception as error:  # the object's own code may raise anything
        raise state.refuse(f"its {method} fails on the rows it is checked with: {error}") from error


def apply(operators: Operators, rows: Matrix, where: str) -> Matrix:
    """What the operators make of the rows, by the same instructions that will predict."""
    answer = _replay(operators, rows, where)
    if not np.isfinite(answer).all():
        raise CaptureError(f"{where}: it gives no finite answer for the rows it is checked with; give probes=spectra")
    return answer


def _replay(operators: Operators, rows: Matrix, where: str) -> Matrix:
    program = Program(rows.shape[1])
    x = program.x
    try:
        for operator in operators:
            x = operate(operator, program, x)
        return Replay(program.plan({"value": Output(x)}))(rows)[0]
    except PlanError as error:
        raise CaptureError(f"{where}: {error}") from error


def synthetic_rows(width: int) -> Matrix:
    """Spectrum-like rows (6, width) between 0 and 2, none constant, the same on every machine."""
    u = np.arange(width) / max(width - 1, 1)
    rows = [0.2 + 0.5 * u + (0.1 + 0.1 * k) * np.abs((u * (k + 1.5) + 0.13 * k) % 1.0 - 0.5) * 4.0 for k in range(ROWS)]
    return np.array([row + 0.01 * ((np.arange(width) * (k + 3)) % 7) for k, row in enumerate(rows)])
