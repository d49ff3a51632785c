"""Many spectra brought to the signals of a model: the numpy twin of `signals.converted_row`, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exp_log import exp_calls, log_calls
from .inputs import LOOKED_AT, bad_rows, matrix, refuse
from .signals import LN_10, Conversion

__all__ = ["Conversions"]

Matrix = NDArray[np.float64]


def _made(calls: Callable[..., Any], values: Matrix) -> Matrix:
    out = np.empty_like(values)
    for call in calls(values, out):
        call()
    return out


_STEPS: dict[str, Callable[[Matrix], Matrix]] = {
    "from percent": lambda x: x / 100.0,
    "to percent": lambda x: x * 100.0,
    "to absorbance": lambda x: _made(log_calls, x) / -LN_10,
    "from absorbance": lambda x: _made(exp_calls, x * -LN_10),
}


class Conversions:
    """Conversions, each of so many columns, ready to be applied to spectra. Safe to call from several threads.

    Columns that are not `used` may hold anything. Where values may be `missing` NaN is one. `why` says what makes the
    number of columns.
    """

    def __init__(
        self, blocks: Sequence[tuple[Conversion, int]], used: Collection[int], why: str, *, missing: bool = False
    ) -> None:
        ends = np.cumsum([width for _, width in blocks]).tolist()
        self._parts = [(slice(end - width, end), c) for (c, width), end in zip(blocks, ends, strict=True) if c.steps]
        self._count: int = ends[-1]
        self._used = np.isin(np.arange(self._count), list(used))
        self._why = why
        self._missing = missing

    def __call__(self, X: Any) -> Matrix:
        """Spectra (n, columns) with their values converted; what is in a column that is not used is lost.

        Raises InputError for what are no spectra of so many columns, and naming every row that holds an unusable value,
        or one that nothing converts.
        """
        spectra = matrix(X, self._count, self._why)
        out = np.empty(spectra.shape)
        for rows in self._blocks(len(out)):
            out[rows] = self._looked_at(spectra[rows])
            for columns, conversion in self._parts:
                values = np.ascontiguousarray(out[rows, columns])
                if not self._fit(values, conversion).all():
                    raise refuse(self._bad_rows(spectra), len(spectra))
                out[rows, columns] = _converted(values, conversion)
        return out

    def _blocks(self, n: int) -> Iterator[slice]:
        size = max(1, LOOKED_AT // self._count)
        return (slice(start, start + size) for start in range(0, n, size))

    def _looked_at(self, spectra: NDArray[Any]) -> NDArray[Any]:
        # Every conversion takes a one.
        return np.where(self._used, spectra, 1.0)

    def _fit(self, values: NDArray[Any], conversion: Conversion) -> NDArray[np.bool_]:
        inside = (values >= conversion.least) & (values <= conversion.largest)
        return np.asarray(inside | np.isnan(values) if self._missing else inside)

    def _bad_rows(self, spectra: NDArray[Any]) -> list[tuple[int, str]]:
        found: dict[int, str] = {}
        for rows in self._blocks(len(spectra)):
            values = self._looked_at(spectra[rows])
            found.update((rows.start + row, reason) for row, reason in bad_rows(values, self._missing))
            for columns, conversion in self._parts:
                wrong = ~self._fit(values[:, columns], conversion)
                for row in np.flatnonzero(wrong.any(axis=1)).tolist():
                    point = columns.start + int(np.argmax(wrong[row]))
                    reason = conversion.complaint(point + 1, str(values[row, point]))
                    found.setdefault(rows.start + row, reason)
        return sorted(found.items())


def _converted(values: Matrix, conversion: Conversion) -> Matrix:
    gaps = np.isnan(values)
    with np.errstate(all="ignore"):  # of what is missing, which then is missing again
        for step in conversion.steps:
            values = _STEPS[step](values)
    values[gaps] = np.nan
    return values
