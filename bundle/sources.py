"""What reaches a model: spectra of one source, or of several side by side, each brought to the points of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .axis import KEPT, UNCHECKED, Points
from .ends import Axis, Source
from .errors import AxisError, InputError, SignalError
from .runtime.alignment import Alignment
from .runtime.conversions import Conversions
from .runtime.grid import Grid
from .runtime.inputs import OF_AXIS, OF_MODEL
from .runtime.signals import Conversion
from .signal import conversion

__all__ = ["Arrival", "Sources"]


@dataclass(frozen=True, eq=False)
class Arrival:
    """How spectra on certain axes, of certain signals, come to the points of a model."""

    action: str
    """What is done with the axis, see FORMAT.md §12; of several sources with each, in order, where it differs."""
    coarse: bool
    """Whether the spectra are on a grid so coarse that this must be said."""
    widths: tuple[int, ...]
    """The columns that the spectra of each source have."""
    grid: Grid | None
    """What brings them to the points, None where they are on these."""
    signal_action: str
    """What is done with the values, see FORMAT.md §13; of several sources as the other."""
    conversions: Conversions | None
    """What does that, before the grid, None where they are taken as they are."""


class Sources:
    """The blocks of points that a model reads; `sources` is empty where it is one block. `signal` tells what the values
    are of those that do not say it. Some models handle `missing` values.
    """

    def __init__(
        self,
        width: int,
        axis: Axis | None,
        sources: Sequence[Source],
        *,
        signal: str | None = None,
        missing: bool = False,
    ) -> None:
        self._missing = missing
        self._sources = tuple(sources)
        self._points = [Points(source.width, source.axis) for source in sources] or [Points(width, axis)]
        self._signals = [source.signal or signal for source in sources] or [signal]
        self._arrival = lru_cache(maxsize=KEPT)(self._arriving)
        self._undeclared = self._conversions(None, False)
        self._unasked = self._arriving(tuple([UNCHECKED for _ in self._points]), self._undeclared)

    def arrival(self, wavelengths: Any, unit: str | None, strict: bool, signal: Any = None) -> Arrival:
        """What is to be done with spectra on these axes, of this signal or of these. Raises AxisError and SignalError
        where there is nothing that helps.
        """
        if wavelengths is None and unit is None and not strict and signal is None:
            return self._unasked
        if not self._sources:
            given = [wavelengths]
        elif wavelengths is None:
            given = [None] * len(self._sources)
        elif isinstance(wavelengths, list | tuple) and len(wavelengths) == len(self._sources):
            given = list(wavelengths)
        else:
            raise AxisError(f"axis: expected a list of those of {self._named()}")
        alignments = tuple([self._align(i, one, unit, strict) for i, one in enumerate(given)])
        undeclared = signal is None and not strict
        return self._arrival(alignments, self._undeclared if undeclared else self._conversions(signal, strict))

    def spectra(self, X: Any, arrival: Arrival) -> Any:
        """The spectra of all sources side by side, at the points of the model."""
        joined = self._joined(X, arrival.widths)
        if arrival.conversions is not None:
            joined = arrival.conversions(joined)
        return joined if arrival.grid is None else arrival.grid(joined)

    def _align(self, place: int, wavelengths: Any, unit: str | None, strict: bool) -> Alignment:
        try:
            return self._points[place].align(wavelengths, unit, strict)
        except AxisError as error:
            raise AxisError(self._of_source(place, "axis", error)) from None

    def _conversions(self, signal: Any, strict: bool) -> tuple[Conversion, ...]:
        given = signal if self._sources and isinstance(signal, list | tuple) else [signal] * len(self._signals)
        if len(given) != len(self._signals):
            raise SignalError(f"signal: {len(given)} were given, expected one, or a list of those of {self._named()}")
        return tuple([self._convert(i, one, strict) for i, one in enumerate(given)])

    def _convert(self, place: int, signal: Any, strict: bool) -> Conversion:
        try:
            return conversion(self._signals[place], signal, strict)
        except SignalError as error:
            raise SignalError(self._of_source(place, "signal", error)) from None

    def _of_source(self, place: int, what: str, error: Exception) -> str:
        """The message of an error, naming the source where there are several."""
        said = str(error)
        return f"{what} of {self._sources[place].name!r}: {said.removeprefix(f'{what}: ')}" if self._sources else said

    def _arriving(self, alignments: tuple[Alignment, ...], conversions: tuple[Conversion, ...]) -> Arrival:
        action = _told([alignment.action for alignment in alignments])
        moves = any(alignment.columns is not None for alignment in alignments)
        whole = _side_by_side(action, alignments, [points.width for points in self._points])
        widths = tuple(
            points.width if alignment.count is None else alignment.count
            for points, alignment in zip(self._points, alignments, strict=True)
        )
        blocks, why = list(zip(conversions, widths, strict=True)), OF_AXIS if moves else OF_MODEL
        converts = any(conversion.steps for conversion in conversions)
        return Arrival(
            action,
            whole.coarse,
            widths,
            Grid(whole, missing=self._missing) if moves else None,
            _told([conversion.action for conversion in conversions]),
            Conversions(blocks, whole.used, why, missing=self._missing) if converts else None,
        )

    def _joined(self, X: Any, widths: Sequence[int]) -> Any:
        """The spectra of all sources side by side, where they are given one by one."""
        if not self._sources or not isinstance(X, list | tuple) or not X or np.ndim(X[0]) != 2:
            return X
        if len(X) != len(self._sources):
            raise InputError(f"spectra: of {len(X)} sources, expected {self._named()}")
        blocks = [np.asarray(block) for block in X]
        for block, source, width in zip(blocks, self._sources, widths, strict=True):
            if block.ndim != 2 or block.shape[1] != width or len(block) != len(blocks[0]):
                raise InputError(
                    f"spectra: source {source.name!r} has the shape {block.shape}, expected "
                    f"({len(blocks[0])}, {width}); the sources are {self._named()}"
                )
        return np.concatenate(blocks, axis=1)

    def _named(self) -> str:
        return ", ".join(f"{source.name!r} of {source.width} points" for source in self._sources)


def _told(actions: Sequence[str]) -> str:
    """What was done with each source, once if it is the same."""
    return actions[0] if len({*actions}) == 1 else " | ".join(actions)


def _side_by_side(action: str, alignments: Sequence[Alignment], widths: Sequence[int]) -> Alignment:
    """The alignment of several blocks as one."""
    columns: list[int] = []
    between: list[list[Any]] = []
    start = 0
    for alignment, width in zip(alignments, widths, strict=True):
        between += [[len(columns) + point, start + high, share] for point, high, share in alignment.between]
        columns += [start + column for column in alignment.columns or range(width)]
        start += width if alignment.count is None else alignment.count
    return Alignment(action, start, columns, between, any(alignment.coarse for alignment in alignments))
