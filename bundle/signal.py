"""What spectra are said to be, as callers say it: checked, and how they become what the model was trained on."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .errors import SignalError
from .runtime.signals import Conversion, SignalMismatch, conversion_to

__all__ = ["conversion"]


def conversion(own: str | None, declared: Any, strict: bool) -> Conversion:
    """What is done with spectra that are `declared` to be of a signal, for a model of its `own`; None: not known.

    Raises SignalError where nothing leads from the one to the other, and when `strict` for any but the model's own.
    """
    if declared is not None and not isinstance(declared, str):
        raise SignalError(f"signal: {declared!r:.80}, expected text, as in 'absorbance'")
    return _conversion(own, declared, strict)


@lru_cache(maxsize=64)
def _conversion(own: str | None, declared: str | None, strict: bool) -> Conversion:
    try:
        found: Conversion = conversion_to(own, declared, strict)
    except SignalMismatch as error:
        raise SignalError(str(error)) from None
    return found
