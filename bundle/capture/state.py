"""A fitted object as capture sees it: the name of its class, its attributes, and the object itself if there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ends import Axis
from ..errors import CaptureError
from .remains import Remains

__all__ = ["State"]

MISSING = object()

HARMLESS = {"copy", "n_jobs"}
"""Options that change how a class computes, never what."""


@dataclass(frozen=True, eq=False)
class State:
    """What is known of one step. The class is never imported: its attributes say what it does."""

    where: str
    """How a message names the step."""
    name: str
    """Qualified class name."""
    values: Mapping[str, Any]
    live: Any = None
    """The fitted object; None for a stateless step that is known by class and parameters alone."""
    width: int | None = None
    """Points that reach the step, where they are known: not of a step inside another one."""
    axis: Axis | None = None
    """The points of the spectra that reach it, where they are known."""
    _read: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, fitted: Any, where: str) -> State:
        """The state of a live object."""
        name = f"{type(fitted).__module__}.{type(fitted).__qualname__}"
        values = vars(fitted) if hasattr(fitted, "__dict__") else {}
        live = None if isinstance(fitted, Remains) else fitted
        return cls(f"{where} ({type(fitted).__qualname__})", name, values, live)

    def get(self, *names: str, default: Any = MISSING) -> Any:
        """The first attribute of these names that is there; CaptureError when none is and there is no default."""
        for name in names:
            if name in self.values:
                self._read.add(name)
                return self.values[name]
        if default is MISSING:
            raise CaptureError(f"{self.where}: it has no attribute {names[0]!r}; is it fitted?")
        return default

    def whole(self, *names: str, default: Any = MISSING) -> int:
        """An option that is a whole number."""
        value = self.get(*names, default=default)
        try:
            return index(value)
        except TypeError:
            raise self.refuse(f"{names[0]}={value!r}, expected a whole number") from None

    def wholes(self, name: str, *, default: Any = MISSING) -> tuple[int, ...]:
        """An option that is a row of whole numbers."""
        values = self.get(name, default=default)
        try:
            return tuple(map(index, values))
        except TypeError:
            raise self.refuse(f"{name}={values!r}, expected whole numbers") from None

    def real(self, *names: str, default: Any = MISSING) -> float:
        """An option that is a number."""
        value = self.get(*names, default=default)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise self.refuse(f"{names[0]}={value!r}, expected a number") from None

    def flag(self, name: str, *, default: bool) -> bool:
        """An option that is yes or no."""
        return bool(self.expect(name, False, True, default=default))

    def unread(self) -> list[str]:
        """Options that no reader asked for, although they may say what is computed."""
        # chemotools keeps the former names of its options, with this for a value, where nobody used them.
        unused = [name for name, value in self.values.items() if not (isinstance(value, str) and value == "deprecated")]
        return sorted({*unused} - self._read - HARMLESS)

    def ignore(self, *names: str) -> None:
        """Say that these options change nothing here."""
        self._read.update(names)

    def vector(self, *names: str) -> NDArray[np.float64]:
        """A fitted attribute as one row of finite float64 numbers."""
        return self.finite(names[0], np.ravel(self._numbers(*names)))

    def table(self, *names: str) -> NDArray[np.float64]:
        """A fitted attribute as rows of finite float64 numbers."""
        return self.finite(names[0], np.atleast_2d(self._numbers(*names)))

    def _numbers(self, *names: str) -> NDArray[np.float64]:
        value = self.get(*names)
        try:
            return np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise self.refuse(f"{names[0]} is a {type(value).__name__}, expected an array of numbers") from None

    def finite(self, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values, or CaptureError when one of them is not finite."""
        if not np.isfinite(values).all():
            raise CaptureError(f"{self.where}: {name} holds values that are not finite")
        # Copied in one memory order, so that the bytes do not depend on how the object came to be.
        return np.array(values, dtype=np.float64, order="C")

    def expect(self, name: str, *allowed: Any, default: Any = MISSING) -> Any:
        """An option, which must be one of these values to mean what the operator means."""
        value = self.get(name, default=default)
        if not any(value is choice or value == choice for choice in allowed):
            supported = " or ".join(map(repr, allowed))
            raise CaptureError(f"{self.where}: {name}={value!r} is not supported, only {supported}")
        return value

    def refuse(self, reason: str) -> CaptureError:
        """The error that says why this step cannot be told as data."""
        return CaptureError(f"{self.where}: {reason}")
