"""Names beside what they name, none upon another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .canvas import INK, SMALL, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["apart", "name_lines", "name_points"]

Vector = NDArray[np.float64]
Box = tuple[float, float, float, float]

HIGH = 1.25
"""Height of a line of text, as a part of its size in points."""
MARKER = 3.0
"""Points from the middle of a marker to its edge."""
NEAR = 8.0
"""Points up to which a name is so near its marker that no line connects them."""
_TURNS = (0, 4, 2, 6, 1, 3, 5, 7)  # eighths: beside rather than above, above rather than across
AROUND = [
    (reach * float(np.cos(turn * np.pi / 4)), reach * float(np.sin(turn * np.pi / 4)))
    for reach in (6.0, 14.0, 22.0, 32.0, 44.0)
    for turn in _TURNS
]
"""Points from a marker to its name, the best place first."""


def apart(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """The same places in the same order, moved as little as may be until neighbours are at least so far apart, from
    `low` to `high` where there is room.
    """
    order = np.argsort(places, kind="stable")
    steps = least * np.arange(len(places))
    # What stands too close is moved as one block around its own middle (isotonic regression).
    blocks: list[list[float]] = []
    for value in np.array(places, np.float64)[order] - steps:
        blocks.append([float(value)])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    level = np.array([np.mean(block) for block in blocks for _ in block])
    top = high - least * max(0, len(places) - 1)
    back = np.empty(len(places))
    back[order] = np.maximum(np.minimum(level, top), low) + steps
    return [*map(float, back)]


def name_lines(ax: Axes, ends: Sequence[float], names: Sequence[str], colours: Sequence[str]) -> None:
    """Names to the right of a panel, each connected with the end of its line there."""
    height = ax.bbox.height / ax.figure.dpi * 72.0
    low, high = ax.get_ylim()
    parts = [(end - low) / (high - low) for end in ends]
    for part, place, name, colour in zip(
        parts, apart(parts, HIGH * SMALL / height, 0.0, 1.0), names, colours, strict=True
    ):
        ax.annotate(
            short(name),
            (1.0, part),
            xycoords="axes fraction",
            xytext=(1.045, place),
            textcoords="axes fraction",
            va="center",
            fontsize=SMALL,
            color=INK,
            parse_math=False,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 0},
        )


def name_points(ax: Axes, points: Vector, rows: Sequence[int], names: Sequence[str]) -> None:
    """Names beside the markers of some `rows` of points (n, 2), where they cover little else. None is written upon
    another: where there is no room, the later one is left out.

    The panel must have its final size.
    """
    scale = ax.figure.dpi / 72.0
    pixels = (ax.transData.transform(points) / scale).tolist()
    left, bottom, right, top = (float(value) / scale for value in ax.bbox.extents)
    taken: list[Box] = [(x - MARKER, y - MARKER, x + MARKER, y + MARKER) for x, y in pixels]
    for row in rows:
        name = short(names[row])
        x, y = pixels[row]
        width = _width(name)
        costs = []
        for place, (dx, dy) in enumerate(AROUND):
            box = _box(x + dx, y + dy, dx, dy, width)
            inside = left <= box[0] and bottom <= box[1] and box[2] <= right and box[3] <= top
            crossed = 0 if place < len(_TURNS) else _crossed(x, y, dx, dy, taken)
            costs.append((not inside, _covered(box, taken) + crossed, place, box))
        *_, best, box = min(costs)
        if _covered(box, taken[len(pixels) :]):
            continue  # neither of two names upon each other could be read
        taken.append(box)
        _write(ax, tuple(points[row]), AROUND[best], name)


def _write(ax: Axes, point: tuple[float, float], away: tuple[float, float], name: str) -> None:
    from matplotlib.patheffects import withStroke

    far = np.hypot(*away) > NEAR
    written = ax.annotate(
        name,
        point,
        xytext=away,
        textcoords="offset points",
        ha=("left", "center", "right")[1 - _side(away[0])],
        va=("bottom", "center", "top")[1 - _side(away[1])],
        fontsize=SMALL,
        color=INK,
        parse_math=False,
        zorder=5,
        arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.5, "shrinkA": 0, "shrinkB": MARKER}
        if far
        else None,
    )
    written.set_path_effects([withStroke(linewidth=2.0, foreground="white")])  # the limits' lines run behind names
    written.set_in_layout(False)  # or the panel would give way, and what was measured would no longer hold


def _side(offset: float) -> int:
    """Whether a name begins (1) at its place, ends (-1) there or has its middle (0) there."""
    return 0 if abs(offset) < 1.0 else 1 if offset > 0.0 else -1


def _width(name: str) -> float:
    """Of a name in points; no renderer takes part, which a figure only has when it is drawn."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    return float(TextToPath().get_text_width_height_descent(name, FontProperties(size=SMALL), False)[0])


def _box(x: float, y: float, dx: float, dy: float, width: float) -> Box:
    """What a name covers that begins, ends or has its middle at a place."""
    height = HIGH * SMALL
    left = x - width * (1 - _side(dx)) / 2
    bottom = y - height * (1 - _side(dy)) / 2
    return left, bottom, left + width, bottom + height


def _covered(box: Box, taken: Sequence[Box]) -> int:
    """How many of the boxes that are taken another one covers."""
    return sum(box[0] < one[2] and one[0] < box[2] and box[1] < one[3] and one[1] < box[3] for one in taken)


def _crossed(x: float, y: float, dx: float, dy: float, taken: Sequence[Box]) -> int:
    """How often a line from a marker to its name meets a box that is taken, beyond the marker itself."""
    parts = [part for part in (0.4, 0.6, 0.8) if part * np.hypot(dx, dy) > 2 * MARKER]
    return sum(_covered((x + part * dx, y + part * dy) * 2, taken) for part in parts)
