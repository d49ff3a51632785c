"""The words a plan is written in, one declarative entry each.

From an entry follow the check of a plan, its numpy form, its plain Python twin, and the format document.
A register is a matrix (n rows × w columns) of float64; every instruction treats each row alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import kernels, stdlib

__all__ = ["INSTRUCTIONS", "Entry", "Param", "same_width"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Param:
    """One parameter of an instruction: a word out of `choices`, an integer ≥ `least`, a sha256, or a list of runs."""

    name: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    digest: bool = False

    def complaint(self, value: Any) -> str | None:
        """What is wrong with `value`, or None."""
        if self.choices:
            return None if value in self.choices else f"expected one of {', '.join(self.choices)}"
        if self.least is not None:
            good = type(value) is int and self.least <= value <= 2**31
            return None if good else f"expected an integer from {self.least} to 2147483648"
        if self.digest:
            good = isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
            return None if good else "expected the sha256 of an artifact, 64 lower-case hex digits"
        good = isinstance(value, Sequence) and len(value) > 0 and all(map(_is_run, value))
        return None if good else "expected a list of runs [count ≥ 1, start ≥ 0, stride ≥ 1, row ≥ 0]"


def _is_run(run: Any) -> bool:
    if not isinstance(run, Sequence) or len(run) != 4 or any(type(v) is not int for v in run):
        return False
    return all(least <= value <= 2**31 for value, least in zip(run, (1, 0, 1, 0), strict=True))


@dataclass(frozen=True)
class Entry:
    """One word.

    `slots` names the operands: `row` is a register or a 1×w constant, `table` a k×p constant, `vector` a 1×k constant,
    `index` a constant of column numbers; `rows` (alone) is one register or more. `width` gives the columns of the
    result from the operands' shapes and the parameters, or says in a ValueError why they do not chain. `limits` gives
    the least and the largest value that the last operand, a constant, may hold.
    """

    word: str
    slots: tuple[str, ...]
    width: Callable[[Sequence[Shape], Mapping[str, Any]], int]
    kernel: Callable[..., Any]
    twin: Callable[..., list[float]]
    semantics: str
    params: tuple[Param, ...] = field(default=())
    limits: Callable[[Sequence[Shape]], tuple[float, float]] | None = None


def same_width(shapes: Sequence[Shape], params: Mapping[str, Any]) -> int:
    """Equal widths, or width 1 against any width."""
    widths = {shape[-1] for shape in shapes} - {1}
    if len(widths) > 1:
        raise ValueError(f"widths {', '.join(map(str, sorted(widths)))} do not go together")
    return widths.pop() if widths else 1


def _row(shapes: Sequence[Shape], params: Mapping[str, Any]) -> int:
    if params["f"] in ("max", "min", "maxabs") and params["d"] != 1:
        raise ValueError(f"d={params['d']} has no meaning for f={params['f']}")
    return 1


def _last_width(shapes: Sequence[Shape], params: Mapping[str, Any]) -> int:
    return shapes[1][-1]


def _banded(shapes: Sequence[Shape], params: Mapping[str, Any]) -> int:
    (_, width), (rows, taps) = shapes
    for count, start, stride, row in params["runs"]:
        if row >= rows:
            raise ValueError(f"run {[count, start, stride, row]} names row {row} of {rows} rows of taps")
        if start + (count - 1) * stride + taps > width:
            raise ValueError(f"run {[count, start, stride, row]} of {taps} taps leaves a register {width} wide")
    return sum(run[0] for run in params["runs"])


def _matmul(shapes: Sequence[Shape], params: Mapping[str, Any]) -> int:
    (_, width), (rows, columns) = shapes
    if width != columns:
        raise ValueError(f"a register {width} wide meets a table of {columns} columns")
    return rows


def _fold(shapes: Sequence[Shape], params: Mapping[str, Any]) -> int:
    widths = sorted({shape[-1] for shape in shapes})
    if len(widths) > 1:
        raise ValueError(f"registers of widths {', '.join(map(str, widths))} cannot be folded")
    return widths[0]


def _opaque(shapes: Sequence[Shape], params: Mapping[str, Any]) -> int:
    return int(params["width"])


_PAIR = ("row", "row")
_ENTRIES = (
    Entry("add", _PAIR, same_width, kernels.add, stdlib.add, "a + b, one rounding"),
    Entry("sub", _PAIR, same_width, kernels.sub, stdlib.sub, "a − b, one rounding"),
    Entry("mul", _PAIR, same_width, kernels.mul, stdlib.mul, "a × b, one rounding"),
    Entry("div", _PAIR, same_width, kernels.div, stdlib.div, "a ÷ b, one rounding; x/0 is ±infinity, 0/0 is NaN"),
    Entry("max", _PAIR, same_width, kernels.max_, stdlib.max_, "b if a < b else a"),
    Entry("min", _PAIR, same_width, kernels.min_, stdlib.min_, "b if b < a else a"),
    Entry(
        "select",
        ("row", "row", "row", "row"),
        same_width,
        kernels.select,
        stdlib.select,
        "x if a f b else y, for (a, b, x, y); a comparison with NaN is false",
        (Param("f", choices=("lt", "le", "eq")),),
    ),
    Entry(
        "map",
        ("register",),
        same_width,
        kernels.map_,
        stdlib.map_,
        "f of each value; the square root of a negative value is NaN",
        (Param("f", choices=("sqrt", "abs")),),
    ),
    Entry(
        "row",
        ("register",),
        _row,
        kernels.row,
        stdlib.row,
        "the sum of x (sum), x·x (sumsq) or |x| (abs), divided by d; the largest x (max), smallest x (min) or largest "
        "|x| (maxabs), plus 0.0; NaN anywhere gives NaN",
        (Param("f", choices=("sum", "sumsq", "abs", "max", "min", "maxabs")), Param("d", least=1)),
    ),
    Entry(
        "order",
        ("register", "vector"),
        _last_width,
        kernels.order,
        stdlib.order,
        "the quantiles k of x + 0.0: sorted, v = q·(w−1), t = v − floor v between neighbours a and b, a + (b−a)·t if "
        "t < ½, else b − (b−a)·(1−t); NaN anywhere gives NaN",
        limits=lambda shapes: (0.0, 1.0),
    ),
    Entry(
        "gather",
        ("register", "index"),
        _last_width,
        kernels.gather,
        stdlib.gather,
        "the columns named, counted from 0, in that order, repeats allowed",
        limits=lambda shapes: (0, shapes[0][-1] - 1),
    ),
    Entry(
        "banded",
        ("register", "table"),
        _banded,
        kernels.banded,
        stdlib.banded,
        "for each run [count, start, stride, r]: c0·x[s] + c1·x[s+1] + …, in order, with row r of the taps, for "
        "s = start, start + stride, …",
        (Param("runs"),),
    ),
    Entry(
        "matmul",
        ("register", "table"),
        _matmul,
        kernels.matmul,
        stdlib.matmul,
        "column j is the sum over the stored products x·W[j]",
    ),
    Entry(
        "fold",
        ("rows",),
        _fold,
        kernels.fold,
        stdlib.fold,
        "the registers added in order, then divided by d",
        (Param("d", least=1),),
    ),
    Entry(
        "opaque",
        ("register",),
        _opaque,
        kernels.opaque,
        stdlib.opaque,
        "whatever the pickled artifact computes; run only by a host that was told to load it, never in the exact "
        "profile",
        (Param("artifact", digest=True), Param("width", least=1)),
    ),
)

INSTRUCTIONS: Mapping[str, Entry] = {entry.word: entry for entry in _ENTRIES}
"""Every word of format 1, in the order of the format document."""
