"""What can go wrong around a bundle.

N4aError                     everything n4akit raises on purpose (runtime)
├── PlanError, InputError    see bundle.runtime.errors
├── CaptureError             a fitted object that cannot be told as operators; names the step
├── BundleError              a file that is no intact bundle
├── BadSettings              a file beside a bundle that is no intact settings for it
├── UnknownVersion           a version of settings that there is not
├── MissingPackage           what was asked for needs a package that is not installed
└── WriteError               a bundle or script that must not be handed over
"""

from __future__ import annotations

from .runtime.errors import AxisError, InputError, N4aError, PlanError, SignalError

__all__ = [
    "AxisError",
    "BadSettings",
    "BundleError",
    "CaptureError",
    "InputError",
    "MissingPackage",
    "N4aError",
    "PlanError",
    "SignalError",
    "UnknownVersion",
    "WriteError",
]


class CaptureError(N4aError, ValueError):
    """A fitted estimator, or one of its options, that cannot be carried as data; the message names the step."""


class BundleError(N4aError, ValueError):
    """A file that is not an intact bundle of a known format; `problems` lists everything found wrong."""

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems or (message,)


class BadSettings(N4aError, ValueError):
    """Settings beside a bundle that may not be applied to it; `problems` lists everything found wrong."""

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems or (message,)


class UnknownVersion(N4aError, KeyError):
    """Settings have no version of that number; the message says which there are."""

    def __str__(self) -> str:
        return str(self.args[0])


class MissingPackage(N4aError, ImportError):
    """What was asked for needs a package that is not installed; the message says how to install it."""


class WriteError(N4aError, ValueError):
    """What was to be written failed its own proof, or does not fit its format; nothing was left at the path."""
