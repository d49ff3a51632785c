"""What can go wrong while replaying.

N4aError             everything n4akit raises on purpose
├── PlanError        a program that no host may run: unknown word, shapes that do not chain, …
└── InputError       spectra that no prediction may be made from
    ├── AxisError    spectra on an axis that has no way to the model's
    └── SignalError  spectra of a signal that has no way to the model's
"""

from __future__ import annotations

__all__ = ["AxisError", "InputError", "N4aError", "PlanError", "SignalError"]


class N4aError(Exception):
    """Base of every error that n4akit raises on purpose."""


class PlanError(N4aError, ValueError):
    """A plan that cannot be run; the message names the instruction, what was found and what was expected."""


class InputError(N4aError, ValueError):
    """Spectra that cannot be predicted.

    `rows` holds one `(row, reason)` for every refused row, counted from 0; empty when the whole input is refused.
    """

    def __init__(self, message: str, rows: tuple[tuple[int, str], ...] = ()) -> None:
        super().__init__(message)
        self.rows = rows


class AxisError(InputError):
    """The wavelengths of the spectra are not those of the model, and no rule leads from the ones to the others."""


class SignalError(InputError):
    """The spectra are declared to be of another signal than the model's, and no rule leads from one to the other."""
