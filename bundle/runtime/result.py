"""What a replay answers: the same record in every host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Result"]


@dataclass(frozen=True, eq=False)
class Result:
    """Predictions of n spectra and how they were made."""

    values: NDArray[Any]
    """Shape (n,) for one target, (n, t) for several, in the targets' units; of a classifier (n,) labels."""
    flags: tuple[tuple[str, ...], ...]
    """Per row, the codes of what is noteworthy about it: `constant_row`, `coarse_axis` (FORMAT.md §12); empty for a row
    with nothing to say."""
    axis_action: str
    """What was done with the axis: `same`, `axis_unchecked`, or what brought the spectra to the model's points, as in
    `converted from um; interpolated`; FORMAT.md §12 lists all."""
    profile: str
    """`exact`: the same bits in every host; `opaque`: a pickled step took part; `fast`: within `bound`."""
    digest: str
    """Sha256 of the bundle's manifest."""
    proba: NDArray[np.float64] | None = None
    """Shape (n, c): the probability of each class, where the model tells them."""
    bound: float | None = None
    """The largest difference of the `fast` profile to the exact one on the model's golden rows, in the units of what it
    answers; None in the other profiles."""
    std: NDArray[np.float64] | None = None
    """The standard deviation of each value, of the same shape and in the same units, where the model tells one."""
    signal_action: str = "signal_unchecked"
    """What was done with the signal: `same`, `signal_unchecked`, or what the values were converted from, as in
    `converted from percent reflectance` (FORMAT.md §13)."""
