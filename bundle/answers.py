"""Golden rows: reference spectra with the answers they must get, to the last bit, before a model may be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import canonical
from .schema import items, real, record

__all__ = ["ORIGINS", "TOLERANCE", "Golden", "columns", "differences", "document", "restore"]

Matrix = NDArray[np.float64]

ORIGINS = ("measured", "synthetic")

TOLERANCE = 2.0**-30
"""How far the answers of an opaque chain may be from the recorded ones, relative to the largest of these."""


@dataclass(frozen=True, eq=False)
class Golden:
    """k spectra of p points, where they come from, and what both plans answer: a columns.

    These are the columns of the output `value`, then those of the other outputs by name.
    """

    rows: Matrix
    """Shape (k, p)."""
    origin: str
    """`measured`: somebody's spectra; `synthetic`: made from the fitted state."""
    faithful: Matrix
    """Shape (k, a)."""
    compiled: Matrix
    """Shape (k, a)."""

    @property
    def difference(self) -> float:
        """The largest difference between the answers of the two plans, in their units."""
        with np.errstate(over="ignore"):
            return float(np.abs(self.faithful - self.compiled).max())


def document(golden: Golden) -> bytes:
    """The content of `golden.json`: for each plan and row, all its answers."""
    return canonical.encode({"faithful": _hexes(golden.faithful), "compiled": _hexes(golden.compiled)})


def _hexes(values: Matrix) -> list[list[str]]:
    return [[value.hex() for value in row] for row in values.tolist()]


def restore(data: bytes, rows: Matrix, origin: str, columns: int) -> Golden:
    """Golden rows from the content of `golden.json`. Raises ValueError unless it fits the rows and their answers."""
    answers = canonical.decode(data)
    table = items(items(real, columns, columns), len(rows), len(rows))
    problems = [*record({"faithful": table, "compiled": table})("answers", answers)]
    if problems:
        raise ValueError("; ".join(problems))
    faithful, compiled = (
        np.array([[canonical.real(v) for v in row] for row in answers[kind]]) for kind in ("faithful", "compiled")
    )
    if not (np.isfinite(faithful).all() and np.isfinite(compiled).all()):
        raise ValueError("an expected value is not finite")
    return Golden(rows, origin, faithful, compiled)


def columns(answers: Sequence[Matrix]) -> Matrix:
    """All outputs of a replay side by side."""
    return np.ascontiguousarray(np.concatenate(answers, axis=1))


def differences(kind: str, found: Matrix, expected: Matrix, profile: str) -> Iterator[str]:
    """Each golden row whose answer is not the expected one: to the last bit, or within TOLERANCE for opaque chains."""
    if profile == "exact":
        wrong = found.view(np.uint64) != expected.view(np.uint64)
    else:
        with np.errstate(over="ignore"):
            wrong = ~(np.abs(found - expected) <= TOLERANCE * np.abs(expected).max())
    for row, column in np.argwhere(wrong).tolist():
        yield (
            f"golden row {row + 1}: the {kind} plan answers {found[row, column]!s}, expected {expected[row, column]!s} "
            f"({float(found[row, column]).hex()} instead of {float(expected[row, column]).hex()})"
        )
