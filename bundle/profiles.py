"""How a model is run, beside the exact profile: asked for when it is loaded, and measured before it may predict."""

from __future__ import annotations

import numpy as np

from .answers import Golden, columns
from .errors import BundleError
from .runtime.errors import N4aError
from .runtime.frame import BOUND
from .runtime.replay import PROFILES, Replay

__all__ = ["FAST_TOLERANCE", "check_profile", "fast_bound"]

FAST_TOLERANCE = 1e-6
"""How far the `fast` answers for the golden rows may be from the exact ones, relative to the largest of each target."""


def check_profile(profile: str, threads: int | None) -> None:
    """Raises ValueError when there is no such profile or number of threads."""
    if profile not in PROFILES:
        raise ValueError(f"profile {profile!r}: expected {' or '.join(map(repr, PROFILES))}")
    if threads is not None and threads < 1:
        raise ValueError(f"threads: {threads} was given, expected 1 or more, or None for one a usable core")


def fast_bound(replay: Replay, golden: Golden) -> float:
    """The largest difference between the answers of a `fast` replay for the golden rows and the exact ones.

    They are given as they are, and so often that they are many: these are not computed alike.

    Raises BundleError where it is too large for any target, and where a row has no answer.
    """
    often = -(-BOUND // len(golden.rows))
    try:
        few = columns(replay.answers(golden.rows))
        many = columns(replay.answers(np.tile(golden.rows, (often, 1))))
    except N4aError as error:
        raise BundleError(f"profile 'fast': golden rows: {error}; load it without this profile") from None
    found = np.stack([few, *many.reshape(often, *few.shape)])
    difference = np.abs(found - golden.compiled).max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.nan_to_num(difference / np.abs(golden.compiled).max(axis=0), nan=0.0)
    if not relative.max() <= FAST_TOLERANCE:
        raise BundleError(
            f"profile 'fast': its answers for the golden rows are up to {difference.max():.3g} from the exact ones, "
            f"{relative.max():.1e} of the largest, expected at most {FAST_TOLERANCE:.0e}; load it without this profile"
        )
    return float(difference.max())
