"""What can go wrong while serving.

N4aError
└── ServeError          a request, of a client or of an operator, that cannot be met as it is
    ├── UnknownModel    no model of that name, or no such version of it, is served
    ├── Unavailable     it could be answered at another time: later, when there is room or the file is whole
    ├── Departed        who asked is no longer there to be told
    ├── BadRequest      a body that cannot be read; names the place
    ├── TooLarge        more spectra, longer ones, or a larger body than the server takes
    ├── Unsupported     a body of a type or an encoding that is not known here
    ├── NotAcceptable   an answer in a form that there is not
    ├── OutsideDomain   spectra that the model has an answer for, but not one to rely on
    └── Misuse          a setting or a command that asks for what cannot be; names it
"""

from __future__ import annotations

from ..bundle.errors import N4aError

__all__ = [
    "BadRequest",
    "Departed",
    "Misuse",
    "NotAcceptable",
    "OutsideDomain",
    "ServeError",
    "TooLarge",
    "Unavailable",
    "UnknownModel",
    "Unsupported",
]


class ServeError(N4aError):
    """A request, of a client or of an operator, that cannot be met as it is."""


class UnknownModel(ServeError, KeyError):
    """No model of that name, or no such version of it, is served."""

    def __str__(self) -> str:
        return str(self.args[0])


class Unavailable(ServeError):
    """It could be answered at another time, perhaps after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Departed(ServeError):
    """Who asked is no longer there to be told."""


class BadRequest(ServeError, ValueError):
    """A body that cannot be read; the message names the place, what was found and what was expected."""


class TooLarge(ServeError, ValueError):
    """More spectra, longer ones, or a larger body than the server takes; the message says how much it does."""


class Unsupported(ServeError, ValueError):
    """A body of a type or an encoding that is not known here; the message says which are."""


class NotAcceptable(ServeError, ValueError):
    """An answer was asked for in a form that there is not; the message says which there are."""


class OutsideDomain(ServeError, ValueError):
    """Spectra that the model has an answer for, but not one to rely on; `rows` are pairs of row and reason."""

    def __init__(self, message: str, rows: tuple[tuple[int, str], ...] = ()) -> None:
        super().__init__(message)
        self.rows = rows


class Misuse(ServeError, ValueError):
    """A setting or a command that asks for what cannot be; the message names it, and what was expected."""
