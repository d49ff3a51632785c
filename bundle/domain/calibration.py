"""What an exporter may know beside the chain: its calibration spectra, and how it did on samples it had not seen.

n counts spectra, p points, t targets.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["Calibration", "Validation", "ordinals"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """The spectra (n, p) that a model was calibrated on, or others like them; `references` (n,) or (n, t) are their
    measured values in the targets' units.

    Spectra of one sample have one of `groups`: replicates are not taken for samples. With `carry` some of the spectra
    become golden rows and travel in the file; without it only what is computed from all of them does: their principal
    components, the least and largest value at each point, limits. `held_out` says that no model of the chain was fitted
    on them, so that their errors tell what to expect.
    """

    spectra: Any
    references: Any = None
    groups: Sequence[Hashable] | None = None
    carry: bool = True
    held_out: bool = False

    @classmethod
    def of(cls, given: Any) -> Calibration | None:
        """The calibration that is meant: one, or spectra alone."""
        return given if given is None or isinstance(given, Calibration) else cls(given)

    def known(self, targets: int) -> Matrix | None:
        """The references (n, t). Raises InputError where they do not fit the spectra and the targets."""
        if self.references is None:
            return None
        known = table("calibration.references", self.references, targets)
        if len(known) != len(self.spectra):
            raise InputError(
                f"calibration.references: {len(known)} for {len(self.spectra)} spectra, expected one for each"
            )
        return known


@dataclass(frozen=True, eq=False)
class Validation:
    """Measured values of samples, and what models that had not seen these predicted, as in cross-validation: (n,) or
    (n, t) each, in the targets' units. `groups` as of Calibration.
    """

    references: Any
    predictions: Any
    groups: Sequence[Hashable] | None = None

    def tables(self, targets: int) -> tuple[Matrix, Matrix]:
        """References and predictions (n, t). Raises InputError where they do not fit each other and the targets."""
        known = table("validation.references", self.references, targets)
        found = table("validation.predictions", self.predictions, targets)
        if known.shape != found.shape:
            raise InputError(
                f"validation: {len(known)} references and {len(found)} predictions, expected as many of each"
            )
        return known, found


def table(what: str, given: Any, targets: int) -> Matrix:
    """Finite numbers (n, t), of (n,) where there is one target. Raises InputError."""
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: {error}; expected numbers, {targets} for each spectrum") from None
    if values.ndim == 1 and targets == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != targets or not len(values):
        raise InputError(f"{what}: shape {values.shape}, expected (n, {targets})")
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0].tolist()
        raise InputError(
            f"{what}: row {row + 1}, target {column + 1} is {values[row, column]}; leave out samples without a value"
        )
    return np.ascontiguousarray(values)


def ordinals(what: str, groups: Sequence[Hashable] | None, count: int) -> NDArray[np.intp]:
    """The number of each spectrum's sample, from 0 in the order of their first spectra."""
    if groups is None:
        return np.arange(count)
    if len(groups) != count:
        raise InputError(f"{what}: {len(groups)} groups for {count} spectra, expected one for each")
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(group, len(seen)) for group in groups])
