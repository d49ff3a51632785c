"""Where the points of a model are drawn: at their wavelengths, or those of several sources side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..ends import Axis, Source
from .canvas import INK, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Positions", "positions", "unit_named"]

Vector = NDArray[np.float64]

HOLE = 10.0
"""Usual steps between neighbours that no line connects: as far apart nothing is interpolated either (FORMAT.md §12)."""
FEW = 20
"""Points up to which each is shown: a line alone would not tell where they are."""
EDGE = 0.03
"""Of the width is left beside the first and the last of them."""
BETWEEN = 0.04
"""Of the width is left between two sources."""

_QUANTITIES = {"nm": "wavelength", "um": "wavelength", "cm-1": "wavenumber"}
_UNITS = {"um": "µm", "cm-1": "cm⁻¹"}


def unit_named(unit: str) -> str:
    """A unit as people write it."""
    return _UNITS.get(unit, unit)


@dataclass(frozen=True, eq=False)
class Positions:
    """Where p points are drawn, from left to right, and what is written there."""

    x: Vector
    """(p,), ascending or, of wavenumbers, descending; with a NaN wherever a line ends."""
    order: NDArray[np.intp]
    """The column of each point from left to right."""
    breaks: NDArray[np.intp]
    """Before which of them a line ends."""
    label: str
    ticks: tuple[Sequence[float], Sequence[str]] | None = None
    """Of several sources, each with its own axis."""
    sources: Sequence[tuple[float, float, str]] = ()
    """From where to where each lies, and its name."""

    @property
    def few(self) -> bool:
        """Whether each point is shown."""
        return len(self.order) <= FEW

    def along(self, values: Any) -> Vector:
        """Values (…, p) of the points from left to right, with a NaN wherever a line ends."""
        return np.insert(np.asarray(values, np.float64)[..., self.order], self.breaks, np.nan, axis=-1)

    def prepare(self, ax: Axes) -> None:
        """Ends, ticks and words of the horizontal axis."""
        left, right = self.x[0], self.x[-1]
        if left == right:
            left, right = left - 0.5, right + 0.5
        elif self.few:
            left, right = left - EDGE * (right - left), right + EDGE * (right - left)
        ax.set_xlim(left, right)
        ax.set_xlabel(self.label, parse_math=False)
        if self.ticks is not None:
            ax.set_xticks(*self.ticks)
        for before, after in zip(self.sources, self.sources[1:], strict=False):
            ax.axvline((before[1] + after[0]) / 2, color="0.6", linewidth=0.8)

    def write_sources(self, ax: Axes) -> None:
        """The name of each source above its points."""
        for start, end, name in self.sources:
            ax.annotate(
                name,
                ((start + end) / 2, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=SMALL,
                color=INK,
                parse_math=False,
            )


def positions(width: int, axis: Axis | None, sources: Sequence[Source] = ()) -> Positions:
    """Of a model with so many points, on this axis, or of several sources."""
    if sources:
        return _side_by_side(sources)
    if axis is None:
        x = np.arange(1.0, width + 1.0)
        return Positions(x, np.arange(width), np.arange(0), "point")
    order = np.argsort(axis.values, kind="stable")
    if axis.unit == "cm-1":  # from left to right as spectroscopists draw it, whichever way the numbers come
        order = order[::-1]
    x = axis.values[order]
    steps = np.abs(np.diff(x))
    breaks = np.flatnonzero(steps > HOLE * np.median(steps)) + 1 if len(steps) else np.arange(0)
    return Positions(np.insert(x, breaks, np.nan), order, breaks, _label(axis))


def _label(axis: Axis | None) -> str:
    if axis is None:
        return "point"
    return f"{_QUANTITIES.get(axis.unit, 'position')} ({unit_named(axis.unit)})"


def _side_by_side(sources: Sequence[Source]) -> Positions:
    parts = [positions(source.width, source.axis) for source in sources]
    gap = max(1.0, round(BETWEEN * sum(source.width for source in sources)))
    ends = np.cumsum([source.width for source in sources])
    starts = [int(end) - source.width for source, end in zip(sources, ends, strict=True)]
    # Points lie side by side here: sources may measure at the same wavelengths, or in units that have none in common.
    places = [np.arange(1.0, source.width + 1.0) + starts[i] + i * gap for i, source in enumerate(sources)]
    ticks: list[float] = []
    labels: list[str] = []
    for place, part, source in zip(places, parts, sources, strict=True):
        at, said = _ticks(place, part, source)
        ticks += at
        labels += said
    breaks = ends[:-1]
    return Positions(
        np.insert(np.concatenate(places), breaks, np.nan),
        np.concatenate([part.order + start for part, start in zip(parts, starts, strict=True)]),
        breaks,
        "  |  ".join(part.label for part in parts),
        (ticks, labels),
        [(float(place[0]), float(place[-1]), source.name) for place, source in zip(places, sources, strict=True)],
    )


def _ticks(place: Vector, part: Positions, source: Source) -> tuple[list[float], list[str]]:
    """A few round positions of a source: where they are drawn, and what is written there."""
    from matplotlib.ticker import MaxNLocator

    x = part.x[np.isfinite(part.x)]
    least, largest = float(x.min()), float(x.max())
    found = np.array(MaxNLocator(nbins=4, integer=source.axis is None).tick_values(least, largest))
    inside = found[(found >= least) & (found <= largest)]
    rising = slice(None) if x[0] <= x[-1] else slice(None, None, -1)
    return [*map(float, np.interp(inside, x[rising], place[rising]))], [f"{value:.10g}" for value in inside]
