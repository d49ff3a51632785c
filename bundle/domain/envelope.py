"""What raw spectra of a calibration look like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..runtime.limits import Envelope
from ..runtime.verdict import longest

__all__ = ["envelope"]


def envelope(spectra: NDArray[np.float64]) -> Envelope:
    """The envelope of spectra (n, p)."""
    least, largest = spectra.min(axis=1), spectra.max(axis=1)
    middle, span = (least + largest) * 0.5, largest - least
    stretch = max(longest(row) for row in spectra.tolist())
    return Envelope(
        np.ascontiguousarray(spectra.min(axis=0)),
        np.ascontiguousarray(spectra.max(axis=0)),
        (float(middle.min()), float(middle.max())),
        (float(span.min()), float(span.max())),
        stretch,
    )
