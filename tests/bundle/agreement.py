"""What it is to agree: classes are the same, numbers differ by no more than capture tolerates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from n4akit.bundle import Bundle, load
from n4akit.bundle.capture import TOLERANCE
from n4akit.bundle.errors import CaptureError, InputError
from n4akit.bundle.writer import Draft, write_draft

from .zoo import Animal, X_new

__all__ = ["carried", "differences", "names_what_it_refuses", "same"]


def carried(draft: Draft, folder: Path) -> Bundle:
    """The bundle of a draft, written, proven and read."""
    return load(write_draft(draft, folder / "chain.n4a"))


def differences(bundle: Bundle, expected: dict[str, Any]) -> list[str]:
    """The methods by which a bundle answers otherwise for the new rows."""
    return [method for method, values in expected.items() if not _told(bundle, method, values)]


def _told(bundle: Bundle, method: str, expected: Any) -> bool:
    try:
        return same(getattr(bundle, method)(X_new), expected)
    except InputError as error:
        # Of a classifier the label may be all that could be captured; it says so.
        return method == "predict_proba" and "no probabilities" in str(error)


def same(found: Any, expected: Any) -> bool:
    """Labels exactly and in their own type; numbers within TOLERANCE of the largest."""
    expected = expected[:, 0] if expected.ndim == 2 and expected.shape[1] == 1 else expected
    if found.shape != expected.shape:
        return False
    if expected.dtype.kind != "f":
        return bool(found.dtype == expected.dtype and (found == expected).all())
    return bool(np.abs(found - expected).max() <= TOLERANCE * np.abs(expected).max())


def names_what_it_refuses(animal: Animal, error: CaptureError) -> bool:
    """Whether a refusal names a class that is in the estimator, and says something about it."""
    name, _, reason = str(error).partition(": ")
    found = re.search(r"\w+(?=\)?$)", name)
    return found is not None and found[0] in animal.classes and len(reason) > 10
