"""What an error means for whoever called the command: an exit code and one line."""

from __future__ import annotations

__all__ = ["exit_code"]


def exit_code(error: Exception) -> tuple[int, str]:
    """The exit code of an error, and how to say it; what nobody expected keeps its class name."""
    from ...bundle import BundleError, InputError, N4aError

    if isinstance(error, BundleError):
        return 5, str(error)
    if isinstance(error, InputError):
        return 4, str(error)
    if isinstance(error, KeyError) and isinstance(error, N4aError):
        return 2, str(error.args[0])
    if isinstance(error, N4aError):
        return 1, str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return 4, f"{error.filename}: {error.strerror}"
    return 1, f"unexpected {type(error).__name__}: {error}; please report this"
