"""What all pictures share: matplotlib when it is there, the look of each status, words where there is nothing to draw.

Figures are made without pyplot, which keeps those it made and chooses how all of them are shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, MissingPackage
from ..runtime.limits import Limits
from ..runtime.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "CALIBRATION",
    "INK",
    "SMALL",
    "STYLES",
    "Style",
    "check_matplotlib",
    "counted",
    "named",
    "new_figure",
    "of_status",
    "say",
    "short",
    "worst_first",
]

SIZE = 7.0, 5.0
"""Inches of a figure that is made here."""
SMALL = 8.0
"""Points of what is written inside a picture."""
LONGEST = 20
"""Characters of a name, in a picture."""
INK, CALIBRATION = "0.15", "0.85"
"""Greys of what is written, and of where the calibration lies."""


@dataclass(frozen=True)
class Style:
    """How one status looks: by colour, by line and by marker, so that no reader depends on colours."""

    colour: str
    line: Any
    width: float
    marker: str


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "ok": Style("#4477AA", "solid", 0.7, "o"),
        "warning": Style("#E08A00", (0, (5, 2)), 1.2, "^"),
        "error": Style("#A50F3C", (0, (6, 2, 1, 2)), 1.5, "X"),
    }
)
"""In the order in which they are drawn: what matters most lies on top."""


def check_matplotlib() -> None:
    """Raises MissingPackage when matplotlib is not installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise MissingPackage(f"pictures: {error}; pip install 'n4akit[plot]' brings matplotlib, which draws") from error


def new_figure(height: float = SIZE[1]) -> Figure:
    """An empty figure, of which pyplot knows nothing."""
    from matplotlib.figure import Figure

    return Figure(figsize=(SIZE[0], height), layout="constrained")


def named(samples: Sequence[Any] | None, count: int) -> list[str]:
    """The names of so many spectra, by default their numbers from 1. Raises InputError for more or fewer names."""
    names = [*range(1, count + 1)] if samples is None else [*samples]
    if len(names) != count:
        raise InputError(f"samples: {len(names)} names for {count} spectra, expected one for each")
    return [*map(str, names)]


def short(name: str) -> str:
    """A name as it fits into a picture."""
    return (
        textwrap.shorten(name, LONGEST, placeholder="…")
        if " " in name
        else name[:LONGEST] + "…" * (len(name) > LONGEST)
    )


def of_status(result: Result) -> dict[str, NDArray[np.intp]]:
    """The rows of each status, in the order of `STYLES`."""
    found = np.array(result.status)
    return {status: np.flatnonzero(found == status) for status in STYLES}


def counted(status: str, count: int, limits: Limits) -> str:
    """How many spectra are of a status, for a legend: `ok` is only said where there is something to compare with."""
    unknown = status == "ok" and limits.envelope is None and limits.t2 is None and not limits.ranges
    return f"{'not judged' if unknown else status}: {count}"


def worst_first(result: Result) -> list[int]:
    """The rows with something to say, errors first, and among them those that are farthest beyond their limits."""
    order = [*STYLES]
    status = result.status
    far = np.zeros(len(status))
    for distance, limit in ((result.t2, result.limits.t2), (result.q, result.limits.q)):
        if distance is not None and limit is not None and limit.error > 0.0:
            far = np.maximum(far, distance / limit.error)
    flagged = [row for row, codes in enumerate(result.flags) if codes]
    return sorted(flagged, key=lambda row: (-order.index(status[row]), -far[row]))


def say(ax: Axes, words: str) -> None:
    """Words in the middle of a panel that has nothing else to show."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color(CALIBRATION)
    ax.text(
        0.5,
        0.5,
        textwrap.fill(words, 38),
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=SMALL,
        color=INK,
    )
