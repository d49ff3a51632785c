"""Spectra over those of the calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..predictor import Predictor
from ..runtime.limits import Envelope, Limits
from ..runtime.result import Result
from .canvas import (
    CALIBRATION,
    INK,
    SMALL,
    STYLES,
    check_matplotlib,
    counted,
    named,
    new_figure,
    of_status,
    worst_first,
)
from .labels import name_lines
from .positions import Positions, positions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_spectra"]

Matrix = NDArray[np.float64]

NAMED = 8
"""Spectra that are named beside the picture, the worst."""
MARKS = 25
"""Marks on one spectrum at most."""
WIDE = 4.0
"""Inches from which on a legend has two columns."""


def draw_spectra(
    predictor: Predictor,
    X: Any,
    wavelengths: Any,
    *,
    unit: str | None,
    strict: bool,
    samples: Sequence[Any] | None,
    ax: Axes | None,
) -> Axes:
    """See `Bundle.plot_spectra`."""
    check_matplotlib()
    result = predictor.predict_full(X, wavelengths, unit=unit, strict=strict)
    spectra = predictor.spectra(X, wavelengths, unit=unit, strict=strict)
    names = named(samples, len(spectra))
    if ax is None:
        ax = new_figure().add_subplot()
    layout = positions(predictor.n_features, predictor.axis, predictor.sources)
    layout.prepare(ax)
    handles = [*_draw_calibration(ax, layout, predictor.limits), *_draw_lines(ax, layout, spectra, result)]
    if predictor.limits.envelope is not None:
        handles += _draw_outside(ax, layout, spectra, result, predictor.limits.envelope)
    _finish(ax, handles, layout, _remarks(predictor, result))
    rows = worst_first(result)[:NAMED]
    rows = [row for row in rows if np.isfinite(spectra[row, layout.order[-1]])]
    ends = spectra[rows, layout.order[-1]].tolist()
    name_lines(ax, ends, [names[row] for row in rows], [STYLES[result.status[row]].colour for row in rows])
    return ax


def _draw_calibration(ax: Axes, layout: Positions, limits: Limits) -> list[Any]:
    if limits.envelope is None:
        return []
    low, high = layout.along(limits.envelope.low), layout.along(limits.envelope.high)
    label = f"calibration ({limits.samples} samples)"
    return [ax.fill_between(layout.x, low, high, facecolor=CALIBRATION, edgecolor="0.6", linewidth=0.8, label=label)]


def _draw_lines(ax: Axes, layout: Positions, spectra: Matrix, result: Result) -> list[Any]:
    """All spectra of one status at once, so that thousands are drawn quickly."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    handles = []
    for order, (status, rows) in enumerate(of_status(result).items(), 3):
        if not len(rows):
            continue
        style = STYLES[status]
        values = layout.along(spectra[rows])
        lines = np.stack([np.broadcast_to(layout.x, values.shape), values], axis=-1)
        look: dict[str, Any] = {"linewidths": style.width, "linestyles": [style.line], "colors": style.colour}
        # Of many ordinary spectra the ones below shine through.
        alpha = 1.0 if status != "ok" else max(0.15, min(0.8, 20.0 / len(rows)))
        ax.add_collection(LineCollection([*lines], **look, alpha=alpha, label=status, zorder=order))
        if layout.few:
            ax.plot(layout.x, values.T, linestyle="none", marker=".", color=style.colour, alpha=alpha, zorder=order)
        handles.append(
            Line2D(
                [],
                [],
                color=style.colour,
                linestyle=style.line,
                linewidth=1.5,
                label=counted(status, len(rows), result.limits),
            )
        )
    return handles


def _draw_outside(ax: Axes, layout: Positions, spectra: Matrix, result: Result, shape: Envelope) -> list[Any]:
    """Mark where spectra that are not ok leave the calibration; the others leave it by little, as new samples may."""
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 4, "markerfacecolor": "white"}
    some = False
    for status, rows in of_status(result).items():
        if status == "ok":
            continue
        outside = (spectra[rows] < shape.low) | (spectra[rows] > shape.high)
        values = layout.along(np.where(outside, spectra[rows], np.nan))
        marks = [(row, column) for row, line in enumerate(values) for column in _marked(line)]
        if marks:
            at, columns = np.array(marks).T
            colour = STYLES[status].colour
            ax.plot(
                layout.x[columns], values[at, columns], **look, markeredgecolor=colour, markeredgewidth=0.8, zorder=7
            )
            some = True
    return [Line2D([], [], **look, markeredgecolor=INK, label="outside the calibration")] if some else []


def _marked(line: Matrix) -> list[int]:
    """The columns that are marked of those that are not NaN: so few that the line between them is still to be seen."""
    seen = np.flatnonzero(np.isfinite(line))
    some = np.linspace(0, len(seen) - 1, min(len(seen), MARKS)).round().astype(np.intp)
    return [*map(int, seen[some])]


def _remarks(predictor: Predictor, result: Result) -> list[str]:
    """What is to be said of the picture as a whole."""
    said = []
    if predictor.limits.envelope is None:
        samples = predictor.limits.samples
        said.append(
            f"nothing to compare with: the bundle does not tell how the {samples} samples of its calibration look"
            if samples
            else "nothing to compare with: the bundle was written without calibration spectra"
        )
    if "axis_unchecked" in result.axis_action:
        said.append("no wavelengths were given: the points are taken for the model's")
    elif result.axis_action != "same":
        said.append(f"brought to the points of the model: {result.axis_action}")
    return said


def _finish(ax: Axes, handles: list[Any], layout: Positions, remarks: list[str]) -> None:
    """Room above the spectra for the legend, and what is written around them."""
    ax.set_ylabel("signal (as given)")
    ax.autoscale_view(scalex=False)
    columns = 2 if ax.bbox.width / ax.figure.dpi > WIDE else 1
    rows = -(-len(handles) // columns)
    low, high = ax.get_ylim()
    room = min(0.5, (rows * 1.5 * SMALL + 6.0) / (ax.bbox.height / ax.figure.dpi * 72.0))
    ax.set_ylim(low, low + (high - low) / (1.0 - room))
    look: dict[str, Any] = {"fontsize": SMALL, "facecolor": "white", "edgecolor": "none", "borderaxespad": 0.3}
    ax.legend(handles=handles, loc="upper left", ncols=columns, **look)
    layout.write_sources(ax)
    if remarks:
        above = 14 if layout.sources else 4
        ax.annotate(
            "\n".join(remarks),
            (0.0, 1.0),
            xycoords="axes fraction",
            xytext=(0, above),
            textcoords="offset points",
            va="bottom",
            fontsize=SMALL,
            color=INK,
        )
