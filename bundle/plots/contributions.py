"""The panel of what each point of one spectrum adds to its Q."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..ends import Axis
from ..errors import InputError
from ..predictor import Predictor
from ..runtime.result import Result
from .canvas import INK, SMALL, STYLES, short
from .positions import Positions, positions, unit_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["chosen", "draw_contributions"]


def chosen(result: Result, names: Sequence[str], sample: Any) -> int:
    """The row whose contributions are drawn: of the named sample, or of all, the one with the largest Q.

    Raises InputError when no spectrum has that name.
    """
    rows = [row for row, name in enumerate(names) if sample is None or name == str(sample)]
    if not rows:
        raise InputError(f"sample {sample!r:.80}: expected one of {', '.join(names[:9])}{', …' * (len(names) > 9)}")
    q = result.q
    return rows[0] if q is None else max(rows, key=lambda row: float(q[row]))


def draw_contributions(
    ax: Axes, predictor: Predictor, residual: NDArray[np.float64], result: Result, name: str, row: int
) -> None:
    """The shares of Q of one spectrum, upwards where it has more than the calibration would have there.

    `residual` (w,) is what `Predictor.contributions` tells of it.
    """
    at_points = len(residual) == predictor.n_features
    layout = (
        positions(predictor.n_features, predictor.axis, predictor.sources)
        if at_points
        else positions(len(residual), None)
    )
    total = float(np.square(residual).sum())
    shares = np.sign(residual) * np.square(residual) * (100.0 / total if total > 0.0 else 0.0)
    colour = STYLES[result.status[row]].colour
    ax.fill_between(layout.x, 0.0, layout.along(shares), step="mid", facecolor=colour, edgecolor=colour, linewidth=0.8)
    if total > 0.0:
        _name_largest(ax, layout, shares, predictor.axis if at_points else None)
    ax.axhline(0.0, color="0.4", linewidth=0.8)
    layout.prepare(ax)
    layout.write_sources(ax)
    if not at_points:
        ax.set_xlabel("point, as the preprocessing leaves them")
    ax.set_ylabel("share of Q (%),\nwith its sign")
    ax.set_title(
        _title(result, name, row), fontsize=SMALL + 1, loc="left", pad=16 if layout.sources else 6, parse_math=False
    )


def _name_largest(ax: Axes, layout: Positions, shares: NDArray[np.float64], axis: Axis | None) -> None:
    """Say where the largest share is, on that side of it where there is more room."""
    largest = int(np.abs(shares).argmax())
    at = int(np.nanargmax(np.abs(layout.along(shares))))
    words = f"point {largest + 1}" if axis is None else _position(axis, largest)
    left_half = at < len(layout.x) / 2
    ax.annotate(
        words,
        (layout.x[at], shares[largest]),
        xytext=(6 if left_half else -6, 0),
        textcoords="offset points",
        ha="left" if left_half else "right",
        va="top" if shares[largest] > 0.0 else "bottom",
        fontsize=SMALL,
        color=INK,
    )


def _position(axis: Axis, point: int) -> str:
    """Where a point is, with as many digits as tell it from its neighbours."""
    steps = np.abs(np.diff(axis.values))
    least = float(steps.min()) if len(steps) else 1.0
    digits = max(0, -int(np.floor(np.log10(least)))) if least > 0.0 else 3
    return f"{axis.values[point]:.{digits}f} {unit_named(axis.unit)}"


def _title(result: Result, name: str, row: int) -> str:
    said = f"contributions of the points to Q of {short(name)}"
    if result.q is None or result.limits.q is None:
        return said
    limit = result.limits.q
    return f"{said}: {result.q[row]:.3g} (warning {limit.warning:.3g}, error {limit.error:.3g})"
