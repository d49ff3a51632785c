"""How many columns an instruction gives for the shapes of its operands; ValueError where they do not chain."""

from __future__ import annotations

from collections.abc import Sequence

from .values import Params, Shape

__all__ = [
    "argmax",
    "banded",
    "concat",
    "dist",
    "fold",
    "forest",
    "index",
    "matmul",
    "nearest",
    "opaque",
    "order",
    "pieces",
    "row",
    "same",
]


def same(shapes: Sequence[Shape], params: Params) -> int:
    """Equal widths, or width 1 against any width."""
    widths = {shape[-1] for shape in shapes} - {1}
    if len(widths) > 1:
        raise ValueError(f"widths {', '.join(map(str, sorted(widths)))} do not go together")
    return widths.pop() if widths else 1


def row(shapes: Sequence[Shape], params: Params) -> int:
    if params["f"] in ("max", "min", "maxabs") and params["d"] != 1:
        raise ValueError(f"d={params['d']} has no meaning for f={params['f']}")
    return argmax(shapes, params)


def argmax(shapes: Sequence[Shape], params: Params) -> int:
    _part(shapes[0][-1], params)
    return int(params["parts"])


def _part(width: int, params: Params) -> int:
    """Columns of one part."""
    if width % params["parts"]:
        raise ValueError(f"{width} columns cannot be cut into {params['parts']} equal parts")
    return int(width // params["parts"])


def order(shapes: Sequence[Shape], params: Params) -> int:
    if params["f"] == "quantile":
        return shapes[1][-1]
    if shapes[0] != shapes[1]:
        raise ValueError(f"a register {shapes[0][-1]} wide meets {shapes[1][-1]} weights")
    return 1


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


def concat(shapes: Sequence[Shape], params: Params) -> int:
    return sum(shape[-1] for shape in shapes)


def fold(shapes: Sequence[Shape], params: Params) -> int:
    widths = sorted({shape[-1] for shape in shapes})
    if len(widths) > 1:
        raise ValueError(f"registers of widths {', '.join(map(str, widths))} cannot be folded")
    return _part(widths[0], params)


def pieces(shapes: Sequence[Shape], params: Params) -> int:
    (_, width), (_, breaks), (rows, _) = shapes
    if breaks != rows:
        raise ValueError(f"{breaks} breaks meet {rows} rows of coefficients")
    for column, first, count in params["cols"]:
        if column >= width:
            raise ValueError(f"{[column, first, count]} names column {column} of {width}")
        if first + count > breaks:
            raise ValueError(f"{[column, first, count]} goes beyond {breaks} breaks")
    return len(params["cols"])


def forest(shapes: Sequence[Shape], params: Params) -> int:
    _, (nodes,), (_, thresholds), (kids,), (values, columns), (trees,) = shapes
    if not nodes == thresholds == values or kids != 2 * nodes:
        raise ValueError(
            f"{nodes} features, {thresholds} thresholds, {kids} kids and {values} rows of values, expected one of each "
            "and two kids for a node"
        )
    if sum(params["groups"]) != trees:
        raise ValueError(f"groups of {sum(params['groups'])} trees, but {trees} roots")
    return len(params["groups"]) * columns


def dist(shapes: Sequence[Shape], params: Params) -> int:
    return matmul(shapes, params)


def nearest(shapes: Sequence[Shape], params: Params) -> int:
    (_, width), (rows, columns) = shapes
    if width != rows:
        raise ValueError(f"{width} distances meet a table of {rows} rows")
    if params["k"] > rows:
        raise ValueError(f"k={params['k']} of {rows} rows")
    return columns


def opaque(shapes: Sequence[Shape], params: Params) -> int:
    return int(params["width"])
