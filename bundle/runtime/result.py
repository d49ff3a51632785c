"""What a replay answers: the same record in every host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .limits import Limits
from .record import MODEL, Frame, replicates, status

__all__ = ["Result"]

Values = NDArray[np.float64]

BY_ROW = ("values", "value_raw", "flags", "proba", "std", "spread", "lower", "upper", "t2", "q")
"""What a result says of each spectrum; the rest is of all alike."""

ALIKE = tuple([name for name in MODEL if name != "model"])
"""What a record tells of them all; by which name the model goes is not known here."""


@dataclass(frozen=True, eq=False)
class Result:
    """Predictions of n spectra, how far they may be trusted, and how they were made.

    What the bundle cannot tell is None; `absent` says why. Arrays of values, in the targets' units, have the shape (n,)
    for one target and (n, t) for several.
    """

    values: NDArray[Any]
    """What was predicted; of a classifier (n,) labels."""
    flags: tuple[tuple[str, ...], ...]
    """Per row, the codes of what is noteworthy about it (FORMAT.md §13); empty for a row with nothing to say."""
    axis_action: str
    """What was done with the axis: `same`, `axis_unchecked`, or what brought the spectra to the model's points, as in
    `converted from um; interpolated`; FORMAT.md §12 lists all."""
    profile: str
    """`exact`: the same bits in every host; `opaque`: a pickled step took part; `fast`: within `bound`."""
    digest: str
    """Sha256 of the bundle's manifest."""
    targets: Sequence[tuple[str, str]]
    """Names and units."""
    limits: Limits
    """Beside which the flags were decided."""
    classes: Sequence[Any] | None = None
    """What a classifier tells apart, in the order of `proba`."""
    proba: Values | None = None
    """Shape (n, c): the probability of each class, where the model tells them."""
    bound: float | None = None
    """The largest difference of the `fast` profile to the exact one on the model's golden rows, in the units of what it
    answers; None in the other profiles."""
    std: Values | None = None
    """The standard deviation of each value, where the model tells one."""
    spread: Values | None = None
    """The standard deviation of the folds' predictions, where there are several."""
    lower: Values | None = None
    upper: Values | None = None
    """The ends of the interval in which the reference lies with the probability `limits.interval.coverage`."""
    t2: Values | None = None
    """Shape (n,): Hotelling's T², how far a spectrum is from the middle of the calibration."""
    q: Values | None = None
    """Shape (n,): how much of a spectrum has no likeness in the calibration."""
    value_raw: NDArray[Any] = field(default_factory=lambda: np.empty(0))
    """The values before deployment settings."""
    settings: str | None = None
    """The digest of the deployment settings that made `values` of `value_raw`."""
    reasons: Mapping[int, str] = field(default_factory=dict)
    """Why rows, by their number from 0, have no prediction, where that was asked for row by row: their values
    are NaN."""
    absent: Sequence[str] = ()
    """What the bundle cannot tell, and why."""
    signal_action: str = "signal_unchecked"
    """What was done with the signal: `same`, `signal_unchecked`, or what the values were converted from, as in
    `converted from percent reflectance` (FORMAT.md §13)."""

    def rows(self, start: int, stop: int) -> Result:
        """What is said of the spectra from `start` to before `stop`, as if they had been asked alone."""
        found = object.__new__(Result)  # `replace` would take as long as a prediction, for each of many callers
        told = vars(found)
        told.update(vars(self))
        for name in BY_ROW:
            if told[name] is not None:
                told[name] = told[name][start:stop]
        if self.reasons:
            told["reasons"] = {row - start: reason for row, reason in self.reasons.items() if start <= row < stop}
        return found

    @property
    def status(self) -> tuple[str, ...]:
        """Per row `ok`, `warning` or `error`."""
        return tuple(map(status, self.flags))

    def records(self, samples: Sequence[Any] | None = None, **same: Any) -> Iterator[dict[str, Any]]:
        """One record for each spectrum and target, with the keys `COLUMNS`, and `proba`: all there is to say.

        `samples` are identifiers of the n spectra, by default their numbers from 1; what is the `same` in all records
        is added, as `model="fat"`.
        """
        names = range(1, len(self.flags) + 1) if samples is None else samples
        same = {**{name: getattr(self, name) for name in ALIKE}, **same}
        frame = _frame(tuple(self.targets), self.classes and tuple(self.classes), self.limits, *same.items())
        told = [
            _rows(column, len(self.flags))
            for column in (self.values, self.value_raw, self.lower, self.upper, self.spread, self.std)
        ]
        single = [[None] * len(self.flags) if column is None else column.tolist() for column in (self.t2, self.q)]
        proba = [None] * len(self.flags) if self.proba is None else self.proba.tolist()
        rows = zip(names, *told, *single, self.flags, proba, strict=True)
        for row, (sample, *values) in enumerate(rows, 1):
            if row - 1 in self.reasons:
                yield from frame.refused(str(sample), row, self.reasons[row - 1])
                continue
            yield from frame.records(str(sample), row, *values)

    def spread_over(self, rows: Sequence[int], reasons: Mapping[int, str]) -> Result:
        """The same for more spectra: these are its `rows`, and for `reasons` the others have no prediction."""
        n = len(rows) + len(reasons)
        flags: list[tuple[str, ...]] = [("refused",)] * n
        for row, found in zip(rows, self.flags, strict=True):
            flags[row] = found
        arrays: dict[str, Any] = {
            name: _spread_over(column, rows, n)
            for name in BY_ROW
            if name != "flags" and (column := getattr(self, name)) is not None
        }
        return replace(self, flags=tuple(flags), reasons=reasons, **arrays)

    def replicates(self, samples: Sequence[Any]) -> list[dict[str, Any]]:
        """Of each sample with several scans: `sample`, `target`, `count`, `mean`, `sd`, and the `outlying` rows.

        `samples` names the sample of each of the n spectra. Raises ValueError where there are more or fewer, and for
        classes.
        """
        if len(samples) != len(self.flags):
            raise ValueError(f"samples: {len(samples)} names for {len(self.flags)} spectra, expected one for each")
        if self.classes is not None:
            raise ValueError("samples: classes have no mean; ask for replicates of a regression")
        columns = self.values.reshape(len(self.flags), -1).T.tolist()
        found: list[dict[str, Any]] = replicates(samples, [name for name, _ in self.targets], columns)
        return found


@lru_cache(16)  # for many callers of one model, it takes as long as their records
def _frame(
    targets: Sequence[tuple[str, str]], classes: Sequence[Any] | None, limits: Limits, *same: tuple[str, Any]
) -> Any:
    coverage = None if limits.interval is None else limits.interval.coverage
    frame: Any = Frame
    return frame(targets, classes, limits.distances, limits.ranges, coverage, **dict(same))


def _spread_over(found: NDArray[Any], rows: Sequence[int], n: int) -> NDArray[Any]:
    numbers = found.dtype.kind == "f"
    whole: NDArray[Any] = np.full(
        (n, *found.shape[1:]), np.nan if numbers else None, found.dtype if numbers else object
    )
    whole[list(rows)] = found
    return whole


def _rows(column: NDArray[Any] | None, n: int) -> list[Any]:
    """The values of each row, of one target too."""
    return [None] * n if column is None else column.reshape(n, -1).tolist()
