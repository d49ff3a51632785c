"""What can go wrong while serving.

N4aError
└── ServeError          a request that cannot be answered as it is
    ├── UnknownModel    no model of that name is served
    └── BadRequest      a body that cannot be read; names the place
"""

from __future__ import annotations

from ..bundle.errors import N4aError

__all__ = ["BadRequest", "ServeError", "UnknownModel"]


class ServeError(N4aError):
    """A request that the server cannot answer as it is."""


class UnknownModel(ServeError, KeyError):
    """No model of that name is served."""

    def __str__(self) -> str:
        return str(self.args[0])


class BadRequest(ServeError, ValueError):
    """A body that cannot be read; the message names the place, what was found and what was expected."""
