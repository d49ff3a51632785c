"""The panels of what was predicted: values with their intervals over the range of the references, or classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..ends import Classes
from ..runtime.result import Result
from .canvas import CALIBRATION, SMALL, STYLES, of_status, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_classes", "draw_values", "name_spectra"]

FEW = 12
"""So many spectra, or classes, are all named along an axis."""


def draw_values(ax: Axes, result: Result, target: int) -> None:
    """The predictions of one target, in the order of the spectra."""
    name, unit = result.targets[target]
    ax.set_ylabel(f"{short(name)} ({unit})" if unit else short(name), parse_math=False)
    if result.limits.ranges:
        ax.axhspan(*result.limits.ranges[target], facecolor=CALIBRATION, edgecolor="0.6", linewidth=0.8, zorder=0)
    values, lower, upper = (_column(column, target) for column in (result.values, result.lower, result.upper))
    for status, rows in of_status(result).items():
        style = STYLES[status]
        ends: Any = None
        if lower is not None and upper is not None:
            ends = np.stack([values - lower, upper - values])[:, rows]
        if len(rows):
            ax.errorbar(
                rows + 1,
                values[rows],
                ends,
                fmt=style.marker,
                color=style.colour,
                markersize=_size(len(values)),
                elinewidth=0.9,
                label=status,
            )


def draw_classes(ax: Axes, result: Result, classes: Classes) -> None:
    """The class of each spectrum, over the probability of each class where the model tells it."""
    labels = [*classes.all().tolist()]
    numbers = np.array([labels.index(label) for label in result.values.tolist()])
    if result.proba is not None:
        edges = np.arange(len(numbers) + 1) + 0.5, np.arange(len(labels) + 1) - 0.5
        ax.pcolormesh(
            *edges, result.proba.T, cmap="Greys", vmin=0.0, vmax=2.5, zorder=0
        )  # no darker than markers stand
    for status, rows in of_status(result).items():
        style = STYLES[status]
        ax.plot(rows + 1, numbers[rows], style.marker, color=style.colour, markersize=_size(len(numbers)), label=status)
    shown = np.arange(0, len(labels), -(-len(labels) // FEW))
    ax.set_yticks(shown, [short(str(labels[number])) for number in shown], parse_math=False)
    ax.set_ylim(-0.5, len(labels) - 0.5)


def name_spectra(ax: Axes, names: Sequence[str], *, given: bool, last: bool) -> None:
    """The spectra along the horizontal axis, by name where there are few and names were given; `last` is the lowest of
    panels upon each other, which alone says them.
    """
    from matplotlib.ticker import MaxNLocator

    ax.set_xlim(0.3, len(names) + 0.7)
    if given and len(names) <= FEW:
        upright = max(map(len, names)) <= 3
        turn: dict[str, Any] = {} if upright else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        ax.set_xticks(range(1, len(names) + 1), [short(name) for name in names], parse_math=False, **turn)
        ax.tick_params(axis="x", labelsize=SMALL)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, steps=[1, 2, 5, 10], min_n_ticks=1))
        ax.set_xlabel("spectrum, in the order given" if last else "")
    ax.tick_params(labelbottom=last)


def _size(count: int) -> float:
    """Of markers in points: thousands are drawn upon each other."""
    return 4.0 if count <= 200 else 2.0


def _column(values: NDArray[Any] | None, target: int) -> Any:
    return None if values is None else values.reshape(len(values), -1)[:, target]
