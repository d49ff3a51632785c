"""How many columns an instruction gives for the shapes of its operands; ValueError where they do not chain."""

from __future__ import annotations

from collections.abc import Sequence

from .values import Params, Shape

__all__ = ["banded", "fold", "index", "matmul", "opaque", "order", "row", "same"]


def same(shapes: Sequence[Shape], params: Params) -> int:
    """Equal widths, or width 1 against any width."""
    widths = {shape[-1] for shape in shapes} - {1}
    if len(widths) > 1:
        raise ValueError(f"widths {', '.join(map(str, sorted(widths)))} do not go together")
    return widths.pop() if widths else 1


def row(shapes: Sequence[Shape], params: Params) -> int:
    if params["f"] in ("max", "min", "maxabs") and params["d"] != 1:
        raise ValueError(f"d={params['d']} has no meaning for f={params['f']}")
    return 1


def order(shapes: Sequence[Shape], params: Params) -> int:
    return shapes[1][-1]


def index(shapes: Sequence[Shape], params: Params) -> int:
    return shapes[1][-1]


def banded(shapes: Sequence[Shape], params: Params) -> int:
    (_, width), (rows, taps) = shapes
    for count, start, stride, row in params["runs"]:
        if row >= rows:
            raise ValueError(f"run {[count, start, stride, row]} names row {row} of {rows} rows of taps")
        if start + (count - 1) * stride + taps > width:
            raise ValueError(f"run {[count, start, stride, row]} of {taps} taps leaves a register {width} wide")
    return sum(run[0] for run in params["runs"])


def matmul(shapes: Sequence[Shape], params: Params) -> int:
    (_, width), (rows, columns) = shapes
    if width != columns:
        raise ValueError(f"a register {width} wide meets a table of {columns} columns")
    return rows


def fold(shapes: Sequence[Shape], params: Params) -> int:
    widths = sorted({shape[-1] for shape in shapes})
    if len(widths) > 1:
        raise ValueError(f"registers of widths {', '.join(map(str, widths))} cannot be folded")
    return widths[0]


def opaque(shapes: Sequence[Shape], params: Params) -> int:
    return int(params["width"])
