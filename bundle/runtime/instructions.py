"""The words a plan is written in, one declarative entry each.

From an entry follow the check of a plan, its numpy form, its plain Python twin, and the format document.
A register is a matrix (n rows × w columns) of float64; every instruction treats each row alone.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from . import kernels, missing, neighbours, polynomials, shapes, stdlib, trees
from .entry import Entry, Param
from .values import Check, Within, ascending

__all__ = ["INSTRUCTIONS"]

LARGEST = sys.float_info.max
PARTS = Param("parts", least=1, default=1)
"""Several registers side by side in one: what the first reads is the first of so many equal parts."""

_PAIR = ("row", "row")
_ENTRIES = (
    Entry("add", _PAIR, shapes.same, kernels.add, stdlib.add, "a + b, one rounding"),
    Entry("sub", _PAIR, shapes.same, kernels.sub, stdlib.sub, "a − b, one rounding"),
    Entry("mul", _PAIR, shapes.same, kernels.mul, stdlib.mul, "a × b, one rounding"),
    Entry("div", _PAIR, shapes.same, kernels.div, stdlib.div, "a ÷ b, one rounding; x/0 is ±infinity, 0/0 is NaN"),
    Entry("max", _PAIR, shapes.same, kernels.max_, stdlib.max_, "b if a < b else a", missing=missing.first),
    Entry("min", _PAIR, shapes.same, kernels.min_, stdlib.min_, "b if b < a else a", missing=missing.first),
    Entry(
        "select",
        ("row", "row", "row", "row"),
        shapes.same,
        kernels.select,
        stdlib.select,
        "x if a f b else y, for (a, b, x, y); a comparison with NaN is false",
        (Param("f", choices=("lt", "le", "eq")),),
        missing=missing.compared,
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
        "|x| (maxabs), plus 0.0; NaN anywhere gives NaN; of each part by itself",
        (Param("f", choices=("sum", "sumsq", "abs", "max", "min", "maxabs")), Param("d", least=1), PARTS),
    ),
    Entry(
        "argmax",
        ("register",),
        shapes.argmax,
        kernels.argmax,
        stdlib.argmax,
        "the place of the first largest value, counted from 0; NaN anywhere gives NaN; of each part by itself",
        (PARTS,),
    ),
    Entry(
        "order",
        ("register", "vector"),
        shapes.order,
        kernels.order,
        stdlib.order,
        "the quantiles k of x + 0.0: sorted, v = q·(w−1), t = v − floor v between neighbours a and b, a + (b−a)·t if "
        "t < ½, else b − (b−a)·(1−t) (quantile); or of x + 0.0, sorted, equal ones in the order of their columns, the "
        "first value at which the sum of the weights k, added in that order, is ≥ ½ of the whole sum (wmedian); NaN "
        "anywhere gives NaN",
        (Param("f", choices=("quantile", "wmedian"), default="quantile"),),
        (Within(1, lambda shapes, params: (0.0, 1.0 if params["f"] == "quantile" else LARGEST)),),
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
        "pieces",
        ("register", "vector", "table"),
        shapes.pieces,
        polynomials.pieces,
        stdlib.pieces,
        "for each [column, first, count], x being that column: q is the last of the `count` breaks from place `first` "
        "on that is ≤ x, or the first if none is; t = x − break q; with row q of the coefficients ((c0·t + c1)·t + "
        "c2)…; NaN gives NaN",
        (Param("cols", each=(("column", 0), ("first", 0), ("count", 1))),),
        (Check(1, ascending),),
    ),
    Entry(
        "forest",
        ("register", "index", "vector", "index", "table", "index"),
        shapes.forest,
        trees.forest,
        stdlib.forest,
        "for (x, feature, threshold, kids, value, root): from each root, go from node i to node kids[2i + 1] if "
        "x[feature i] > threshold i, else to kids[2i], until that is i itself; for each group of so many trees, the "
        "rows of values at their ends, added in the order of the trees; group beside group; NaN anywhere in x gives "
        "NaN",
        (Param("groups", least=1, many=True),),
        (
            Check(trees.ROOT, trees.tree_starts),
            Check(trees.FEATURE, trees.tree_columns),
            Check(trees.KIDS, trees.tree_kids),
        ),
    ),
    Entry(
        "dist",
        ("register", "table"),
        shapes.dist,
        neighbours.dist,
        stdlib.dist,
        "column j is, over the differences of x and row j, the sum of squares (l2), the sum of absolute values (l1) or "
        "the largest absolute value (max); NaN anywhere gives NaN",
        (Param("f", choices=("l2", "l1", "max")),),
    ),
    Entry(
        "nearest",
        ("register", "table"),
        shapes.nearest,
        neighbours.nearest,
        stdlib.nearest,
        "of the k smallest distances, equal ones in the order of their columns: the same rows of the table, each times "
        "its weight, added in that order, divided by the sum of the weights; a weight is 1 (uniform) or 1 ÷ d "
        "(distance), but if one of these is infinite, 1 for the infinite ones and 0 for the others; NaN anywhere gives "
        "NaN",
        (Param("k", least=1), Param("f", choices=("uniform", "distance"))),
    ),
    Entry(
        "concat",
        ("rows",),
        shapes.concat,
        kernels.concat,
        stdlib.concat,
        "the columns of all, in order",
    ),
    Entry(
        "fold",
        ("rows",),
        shapes.fold,
        kernels.fold,
        stdlib.fold,
        "the rows, or the parts of the first, then those of the second, …, added in order, then divided by d",
        (Param("d", least=1), PARTS),
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
        missing=missing.nowhere,
    ),
)

INSTRUCTIONS: Mapping[str, Entry] = {entry.word: entry for entry in _ENTRIES}
"""Every word of format 1, in the order of the format document."""
