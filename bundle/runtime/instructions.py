"""The words a plan is written in, one declarative entry each.

From an entry follow the check of a plan, its numpy form, its plain Python twin, and the format document.
A register is a matrix (n rows × w columns) of float64; every instruction treats each row alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import kernels, shapes, stdlib
from .entry import Entry, Param
from .values import Within

__all__ = ["INSTRUCTIONS"]

_PAIR = ("row", "row")
_ENTRIES = (
    Entry("add", _PAIR, shapes.same, kernels.add, stdlib.add, "a + b, one rounding"),
    Entry("sub", _PAIR, shapes.same, kernels.sub, stdlib.sub, "a − b, one rounding"),
    Entry("mul", _PAIR, shapes.same, kernels.mul, stdlib.mul, "a × b, one rounding"),
    Entry("div", _PAIR, shapes.same, kernels.div, stdlib.div, "a ÷ b, one rounding; x/0 is ±infinity, 0/0 is NaN"),
    Entry("max", _PAIR, shapes.same, kernels.max_, stdlib.max_, "b if a < b else a"),
    Entry("min", _PAIR, shapes.same, kernels.min_, stdlib.min_, "b if b < a else a"),
    Entry(
        "select",
        ("row", "row", "row", "row"),
        shapes.same,
        kernels.select,
        stdlib.select,
        "x if a f b else y, for (a, b, x, y); a comparison with NaN is false",
        (Param("f", choices=("lt", "le", "eq")),),
    ),
    Entry(
        "map",
        ("register",),
        shapes.same,
        kernels.map_,
        stdlib.map_,
        "f of each value; the square root and the logarithm of a negative value are NaN, log 0 is −infinity; exp and "
        "log as below",
        (Param("f", choices=("sqrt", "abs", "floor", "exp", "log")),),
    ),
    Entry(
        "row",
        ("register",),
        shapes.row,
        kernels.row,
        stdlib.row,
        "the sum of x (sum), x·x (sumsq) or |x| (abs), divided by d; the largest x (max), smallest x (min) or largest "
        "|x| (maxabs), plus 0.0; NaN anywhere gives NaN",
        (Param("f", choices=("sum", "sumsq", "abs", "max", "min", "maxabs")), Param("d", least=1)),
    ),
    Entry(
        "order",
        ("register", "vector"),
        shapes.order,
        kernels.order,
        stdlib.order,
        "the quantiles k of x + 0.0: sorted, v = q·(w−1), t = v − floor v between neighbours a and b, a + (b−a)·t if "
        "t < ½, else b − (b−a)·(1−t); NaN anywhere gives NaN",
        values=(Within(1, lambda shapes, params: (0.0, 1.0)),),
    ),
    Entry(
        "gather",
        ("register", "index"),
        shapes.index,
        kernels.gather,
        stdlib.gather,
        "the columns named, counted from 0, in that order, repeats allowed",
        values=(Within(1, lambda shapes, params: (0, shapes[0][-1] - 1)),),
    ),
    Entry(
        "banded",
        ("register", "table"),
        shapes.banded,
        kernels.banded,
        stdlib.banded,
        "for each run [count, start, stride, r]: c0·x[s] + c1·x[s+1] + …, in order, with row r of the taps, for "
        "s = start, start + stride, …",
        (Param("runs", each=(("count", 1), ("start", 0), ("stride", 1), ("row", 0))),),
    ),
    Entry(
        "matmul",
        ("register", "table"),
        shapes.matmul,
        kernels.matmul,
        stdlib.matmul,
        "column j is the sum over the stored products x·W[j]",
    ),
    Entry(
        "fold",
        ("rows",),
        shapes.fold,
        kernels.fold,
        stdlib.fold,
        "the registers added in order, then divided by d",
        (Param("d", least=1),),
    ),
    Entry(
        "opaque",
        ("register",),
        shapes.opaque,
        kernels.opaque,
        stdlib.opaque,
        "whatever the pickled artifact computes; run only by a host that was told to load it, never in the exact "
        "profile",
        (Param("artifact", digest=True), Param("width", least=1)),
    ),
)

INSTRUCTIONS: Mapping[str, Entry] = {entry.word: entry for entry in _ENTRIES}
"""Every word of format 1, in the order of the format document."""
