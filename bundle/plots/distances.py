"""The panel of T² against Q, with the limits of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..runtime.limits import Limit
from ..runtime.result import Result
from .canvas import STYLES, of_status, worst_first
from .labels import name_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_distances", "name_distances"]

Vector = NDArray[np.float64]

NAMED = 8
"""Spectra that are named, the worst."""
FAR = 5.0
"""Times its warning limit from where on a distance would press all others together, were its axis not logarithmic."""


def draw_distances(ax: Axes, result: Result) -> bool:
    """Whether there is something to draw: the bundle knows the distances and their limits."""
    if result.t2 is None or result.q is None or result.limits.t2 is None or result.limits.q is None:
        return False
    points = np.stack([_drawn(result.t2, result.limits.t2), _drawn(result.q, result.limits.q)], axis=1)
    for status, rows in of_status(result).items():
        style = STYLES[status]
        ax.plot(*points[rows].T, style.marker, color=style.colour, markersize=4.5, label=status, zorder=3)
    ax.set_xscale("log" if _far(result.t2, result.limits.t2) else "linear")
    ax.set_yscale("log" if _far(result.q, result.limits.q) else "linear")
    for kind in ("warning", "error"):
        style = STYLES[kind]
        look = {"color": style.colour, "linestyle": style.line, "linewidth": 1.0, "zorder": 2}
        ax.axvline(getattr(result.limits.t2, kind), **look)
        ax.axhline(getattr(result.limits.q, kind), **look)
    ax.set_xlim(_ends(points[:, 0], result.limits.t2))
    ax.set_ylim(_ends(points[:, 1], result.limits.q))
    ax.set_xlabel("Hotelling's T²")
    ax.set_ylabel("Q (squared residual)")
    return True


def name_distances(ax: Axes, result: Result, names: Sequence[str]) -> None:
    """Name the worst spectra. The panel must have its final size."""
    if result.t2 is None or result.q is None or result.limits.t2 is None or result.limits.q is None:
        return
    points = np.stack([_drawn(result.t2, result.limits.t2), _drawn(result.q, result.limits.q)], axis=1)
    outlying = [row for row in worst_first(result) if _beyond(result, row)]
    name_points(ax, points, outlying[:NAMED], names)


def _beyond(result: Result, row: int) -> bool:
    return any(code.startswith(("t2_", "q_")) for code in result.flags[row])


def _far(distances: Vector, limit: Limit) -> bool:
    return bool(limit.warning > 0.0 and max(float(distances.max()), limit.error) > FAR * limit.warning)


def _ends(drawn: Vector, limit: Limit) -> tuple[float, float]:
    """From where to where an axis goes, so that all distances and both limits are on it."""
    largest = max(float(drawn.max()), limit.error)
    if not _far(drawn, limit):
        return 0.0, largest * 1.06 or 1.0
    least = min(float(drawn.min()), limit.warning)
    beside = (largest / least) ** 0.05
    return least / beside, largest * beside


def _drawn(distances: Vector, limit: Limit) -> Vector:
    """The distances as they are drawn: on a logarithmic axis nothing has no place, and lies far below what is usual."""
    return np.maximum(distances, limit.warning * 1e-4) if _far(distances, limit) else distances
