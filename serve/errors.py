"""What can go wrong while serving.

N4aError
└── ServeError          a request, of a client or of an operator, that cannot be met as it is
    ├── UnknownModel    no model of that name, or no such version of it, is served
    ├── Unavailable     it could be answered at another time: later, when there is room or the file is whole
    ├── TooLarge        more spectra, or longer ones, than the server takes
    ├── Departed        who asked is no longer there to be told
    ├── BadRequest      a body that cannot be read; names the place
    └── Misuse          a setting or a command that asks for what cannot be; names it
"""

from __future__ import annotations

from ..bundle.errors import N4aError

__all__ = ["BadRequest", "Departed", "Misuse", "ServeError", "TooLarge", "Unavailable", "UnknownModel"]


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


class TooLarge(ServeError, ValueError):
    """More spectra, or longer ones, than the server takes; the message says how many it does."""


class BadRequest(ServeError, ValueError):
    """A body that cannot be read; the message names the place, what was found and what was expected."""


class Misuse(ServeError, ValueError):
    """A setting or a command that asks for what cannot be; the message names it, and what was expected."""
