"""How far spectra and their predictions may be trusted, in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..predictor import Predictor
from ..runtime.result import Result
from .canvas import CALIBRATION, SMALL, STYLES, check_matplotlib, counted, named, new_figure, of_status, say
from .contributions import chosen, draw_contributions
from .distances import draw_distances, name_distances
from .predicted import draw_classes, draw_values, name_spectra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_diagnostics"]

PANEL = 1.4
"""Inches that each target from the third on adds to the height."""


def draw_diagnostics(
    predictor: Predictor,
    X: Any,
    wavelengths: Any,
    *,
    unit: str | None,
    strict: bool,
    samples: Sequence[Any] | None,
    sample: Any,
    figure: Figure | None,
) -> Figure:
    """See `Bundle.plot_diagnostics`."""
    check_matplotlib()
    result = predictor.predict_full(X, wavelengths, unit=unit, strict=strict)
    names = named(samples, len(result.flags))
    row = chosen(result, names, sample)
    targets = len(predictor.targets)
    if figure is None:
        figure = new_figure(5.0 + PANEL * max(0, targets - 2))
    if figure.get_layout_engine() is None:
        figure.set_layout_engine("constrained")  # without one the legend would lie on the panels
    grid = figure.add_gridspec(2, 2, height_ratios=[1.5 * max(1.0, targets / 2.0), 1.0])
    rows = grid[0, 1].subgridspec(targets, 1)
    distances, contributions = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, :])
    places = [figure.add_subplot(rows[target, 0]) for target in range(targets)]

    why = next((words for words in result.absent if words.startswith("t2, q: ")), "").removeprefix("t2, q: ")
    known = draw_distances(distances, result)
    if not known:
        say(distances, f"T² and Q are not known: {why}")
    for target, ax in enumerate(places):
        if predictor.classes is None:
            draw_values(ax, result, target)
        else:
            draw_classes(ax, result, predictor.classes)
        name_spectra(ax, names, given=samples is not None, last=target == targets - 1)
    _entitle(distances, "distance from the calibration")
    _entitle(places[0], _predicted(predictor, result))
    if result.q is None:
        say(contributions, f"What the points contribute to Q is not known: {why}")
    else:
        residual = predictor.contributions(X, wavelengths, unit=unit, strict=strict)[row]
        draw_contributions(contributions, predictor, residual, result, names[row], row)
    _legend(figure, result)
    for ax in figure.axes:
        ax.tick_params(labelsize=SMALL)
        for label in (ax.xaxis.label, ax.yaxis.label):
            label.set_fontsize(SMALL + 1)
    if known:
        figure.draw_without_rendering()  # where there is room for names is known when the panels have their sizes
        name_distances(distances, result, names)
    return figure


def _predicted(predictor: Predictor, result: Result) -> str:
    """What the panel of the predictions shows, and what it cannot show."""
    if predictor.classes is not None:
        return "class" if result.proba is None else "class, over probabilities (grey)"
    interval = result.limits.interval
    lacking = [] if interval is not None else ["no interval: too little validation"]
    if not result.limits.ranges:
        lacking.append("no range: no reference values")
    with_interval = "" if interval is None else f", with {100.0 * interval.coverage:.3g} % interval"
    return "\n".join([f"prediction{with_interval}", *lacking])


def _entitle(ax: Axes, words: str) -> None:
    ax.set_title(words, fontsize=SMALL + 1, loc="left")


def _legend(figure: Figure, result: Result) -> None:
    """One for all panels: how many spectra are of each status, and what the limits and the range look like."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=STYLES[status].marker,
            color=STYLES[status].colour,
            markersize=5,
            label=counted(status, len(rows), result.limits),
        )
        for status, rows in of_status(result).items()
        if len(rows)
    ]
    if result.limits.t2 is not None:
        handles += [
            Line2D([], [], color=STYLES[kind].colour, linestyle=STYLES[kind].line, linewidth=1.0, label=f"{kind} limit")
            for kind in ("warning", "error")
        ]
    if result.limits.ranges:
        handles.append(Patch(facecolor=CALIBRATION, edgecolor="0.6", linewidth=0.8, label="calibration range"))
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=len(handles),
        fontsize=SMALL,
        frameon=False,
        columnspacing=1.2,
        handletextpad=0.5,
    )
