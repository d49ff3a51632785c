"""Every capture is proven: what was read must compute what the live object computes, on rows that exercise it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import CaptureError, PlanError
from ..lower import Program, operate
from ..operators import Operator
from ..runtime import Output, Replay
from .registry import Reading
from .state import State

__all__ = ["TOLERANCE", "apply", "ask", "prove", "synthetic_rows"]

Matrix = NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest difference to the live object that is accepted, relative to the largest value it answers with."""

ROWS = 6


def prove(state: State, reading: Reading, rows: Matrix, method: str) -> str:
    """How the reading was proven: `live`, or `invariants` where there is no object or it misreads its own state.

    Raises CaptureError, naming the step and the difference, when the live object answers differently.
    """
    if state.live is None:
        return "invariants"
    ours, theirs = apply(reading.operators, rows, state.where), ask(state, rows, method)
    if ours.shape != theirs.shape:
        raise state.refuse(f"{method} answers with shape {theirs.shape}, what was read from it with {ours.shape}")
    difference, scale = float(np.abs(ours - theirs).max()), float(np.abs(theirs).max())
    if difference <= TOLERANCE * scale:
        return "live"
    if reading.misread and _close(apply(reading.misread, rows, state.where), theirs):
        # Its numbers are consistent and say what was meant; the running version takes them for another version's.
        return "invariants"
    raise state.refuse(
        f"what was read from it differs from its {method} by {difference:.3g}, expected at most {TOLERANCE:g} of the "
        f"largest answer {scale:.3g}; this version or option of the class is not supported"
    )


def _close(ours: Matrix, theirs: Matrix) -> bool:
    return bool(np.abs(ours - theirs).max() <= TOLERANCE * np.abs(theirs).max())


def ask(state: State, rows: Matrix, method: str) -> Matrix:
    """What the live object's own method makes of the rows, as a table."""
    try:
        answer = np.asarray(getattr(state.live, method)(rows.copy()))
        classes = getattr(state.live, "classes_", None)
        if method == "predict" and classes is not None:
            answer = np.searchsorted(classes, answer)
        return np.asarray(answer, dtype=np.float64).reshape(len(rows), -1)
    except Exception as error:  # the object's own code may raise anything
        raise state.refuse(f"its {method} fails on the rows it is checked with: {error}") from error


def apply(operators: tuple[Operator, ...], rows: Matrix, where: str) -> Matrix:
    """What the operators make of the rows, by the same instructions that will predict."""
    program = Program(rows.shape[1])
    x = program.x
    try:
        for operator in operators:
            x = operate(operator, program, x)
        answer = Replay(program.plan({"value": Output(x)}))(rows)[0]
    except PlanError as error:
        raise CaptureError(f"{where}: {error}") from error
    if not np.isfinite(answer).all():
        raise CaptureError(f"{where}: it gives no finite answer for the rows it is checked with; give probes=spectra")
    return answer


def synthetic_rows(width: int) -> Matrix:
    """Spectrum-like rows (6, width) between 0 and 2, none constant, the same on every machine."""
    u = np.arange(width) / max(width - 1, 1)
    rows = [0.2 + 0.5 * u + (0.1 + 0.1 * k) * np.abs((u * (k + 1.5) + 0.13 * k) % 1.0 - 0.5) * 4.0 for k in range(ROWS)]
    return np.array([row + 0.01 * ((np.arange(width) * (k + 3)) % 7) for k, row in enumerate(rows)])
