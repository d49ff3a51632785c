"""Where in a chain spectra are compared with the calibration, and how they look there."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chain import Chain
from ..landmarks import SPECTRAL
from ..lower import operate
from ..lower.program import Program
from ..operators import MSC, SNV, Normalize, Operator, Operators, RobustSNV
from ..preprocessing import EMSC, Remove
from ..runtime.plan import Output
from ..runtime.replay import Replay

__all__ = ["place", "seen_at"]

ROWWISE = (SNV, RobustSNV, MSC, EMSC, Normalize, Remove)
"""What takes out of each spectrum what differs between samples that are the same: scatter, path length."""


def place(chain: Chain) -> int:
    """After how many steps spectra are compared: the last that corrects each by itself; 0 where none does.

    Only steps count that do the same in all branches and that make a spectrum of a spectrum. What is linear after that,
    filters and scalings, hides some deviations and adds none.
    """
    branches = list(chain.branches.values())
    found = 0
    for number, step in enumerate(branches[0][:-1], 1):
        shared = all(
            len(branch) >= number and _alike(branch[number - 1].operators, step.operators) for branch in branches
        )
        if not shared or not all(isinstance(operator, SPECTRAL) for operator in step.operators):
            break
        if any(isinstance(operator, ROWWISE) for operator in step.operators):
            found = number
    return found


def _alike(some: Operators, others: Operators) -> bool:
    """Whether operators do the same: are of the same kinds, with the same numbers."""
    return some is others or [*map(_meaning, some)] == [*map(_meaning, others)]


def _meaning(operator: Operator) -> tuple[Any, ...]:
    said = [getattr(operator, field.name) for field in fields(operator)]  # type: ignore[arg-type]
    return type(operator), *(value.tobytes() if isinstance(value, np.ndarray) else repr(value) for value in said)


def seen_at(chain: Chain, after: int, spectra: Any) -> NDArray[np.float64]:
    """Spectra (n, p) as they are after so many steps: (n, w). Raises InputError naming each that cannot be used."""
    program = Program(chain.n_features, missing=chain.missing)
    x = program.x
    for step in next(iter(chain.branches.values()))[:after]:
        for operator in step.operators:
            x = operate(operator, program, x)
    return Replay(program.plan({"value": Output(x)})).predict(spectra)
