"""What shows that spectra may be used, without another look at every value.

A plan that centres rows and sums their squares has looked already: an infinity, a NaN or a huge value would be seen in
these two numbers per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .plan import Instruction, Plan

__all__ = ["SMALL", "below", "evidence"]

SMALL = 2.0**900
"""Evidence whose squares sum to less is below 2**450, and what it stands for below 2**482, d being at most 2**31: far
from `LARGEST`, whatever was rounded."""

PIECE = 8192
"""Values in one dot product: from 10,000 on numpy's linear algebra wakes its threads, and waits for them, for
milliseconds where the other processors are busy."""


def evidence(plan: Plan, body: Sequence[Instruction], name: str) -> tuple[str, ...] | None:
    """Registers of one column that are finite and small only if every value of register `name` is; None without such.

    Σx², Σ|x| and max|x| show it of x; and because |x| ≤ |x ± m| + |m|, so do these of x ± m, together with m.
    """
    for line in body:
        if name not in line.inputs:
            continue
        if line.op == "row" and line.params["f"] in ("sumsq", "abs", "maxabs"):
            return (line.out,)
        if line.op in ("sub", "add"):
            other = line.inputs[1 - line.inputs.index(name)]
            if other != name and plan.widths.get(other) == 1:
                found = evidence(plan, body, line.out)
                if found is not None:
                    return (*found, other)
    return None


def below(values: NDArray[Any], limit: float) -> bool:
    """Whether the squares of flat `values` sum to less than `limit`, piece by piece; NaN and infinity are never below.

    A sum of squares cannot hide a large value, an infinity or a NaN, whatever the order of summation.
    """
    if len(values) <= PIECE:
        return bool(np.dot(values, values) < limit)
    pieces = [values[start : start + PIECE] for start in range(0, len(values), PIECE)]
    return all(np.dot(piece, piece) < limit for piece in pieces)
