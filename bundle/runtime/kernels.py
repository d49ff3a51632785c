"""The instructions in numpy: each gives the calls that compute its result into `out`, every row alone.

Only `+ − × ÷ √`, floor, powers of two, comparisons, copies and the one sum: the bits depend on no batch, no machine
and no numpy version.
The calls are bound to their arrays once and then repeated: allocating anew would cost more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import PlanError
from .exp_log import exp_calls, log_calls
from .sums import sum_calls
from .tiles import beside, tiles

__all__ = [
    "Scratch",
    "add",
    "argmax",
    "banded",
    "concat",
    "div",
    "fold",
    "gather",
    "map_",
    "matmul",
    "max_",
    "min_",
    "mul",
    "opaque",
    "order",
    "row",
    "select",
    "sub",
]

Matrix = NDArray[np.float64]
Calls = list[Callable[[], Any]]


class Scratch(Protocol):
    """Lends a working array of a width and kind; what it held before is undefined."""

    def __call__(self, width: int, dtype: type = np.float64, /) -> NDArray[Any]: ...


def add(out: Matrix, scratch: Scratch, a: Matrix, b: Matrix) -> Calls:
    return [partial(np.add, a, b, out)]


def sub(out: Matrix, scratch: Scratch, a: Matrix, b: Matrix) -> Calls:
    return [partial(np.subtract, a, b, out)]


def mul(out: Matrix, scratch: Scratch, a: Matrix, b: Matrix) -> Calls:
    return [partial(np.multiply, a, b, out)]


def div(out: Matrix, scratch: Scratch, a: Matrix, b: Matrix) -> Calls:
    return [partial(np.divide, a, b, out)]


def max_(out: Matrix, scratch: Scratch, a: Matrix, b: Matrix) -> Calls:
    # Not np.maximum: what it answers for ±0 and NaN depends on the order of the arguments.
    return select(out, scratch, a, b, b, a, f="lt")


def min_(out: Matrix, scratch: Scratch, a: Matrix, b: Matrix) -> Calls:
    return select(out, scratch, b, a, b, a, f="lt")


COMPARE: dict[str, Callable[..., Any]] = {"lt": np.less, "le": np.less_equal, "eq": np.equal}


def select(out: Matrix, scratch: Scratch, a: Matrix, b: Matrix, x: Matrix, y: Matrix, f: str) -> Calls:
    holds = scratch(max(a.shape[1], b.shape[1]), np.bool_)
    return [partial(COMPARE[f], a, b, holds), partial(np.copyto, out, y), partial(np.copyto, out, x, where=holds)]


PLAIN: dict[str, Callable[..., Any]] = {"sqrt": np.sqrt, "abs": np.absolute, "floor": np.floor}
MADE = {"exp": exp_calls, "log": log_calls}


def map_(out: Matrix, scratch: Scratch, a: Matrix, f: str) -> Calls:
    return [partial(PLAIN[f], a, out)] if f in PLAIN else MADE[f](a, out)


def row(out: Matrix, scratch: Scratch, a: Matrix, f: str, d: int, parts: int = 1) -> Calls:
    values = a
    calls: Calls = []
    if f == "sumsq":
        values = scratch(a.shape[1])
        calls.append(partial(np.multiply, a, a, values))
    elif f in ("abs", "maxabs"):
        values = scratch(a.shape[1])
        calls.append(partial(np.absolute, a, values))
    values, out = _parts(values, parts), out.reshape(-1, 1)
    # Never in place: numpy takes longer to see that it may than to divide. Arrays, because making one of a Python
    # number takes as long.
    found = np.empty_like(out)
    if f in ("sum", "sumsq", "abs"):
        return [*calls, *sum_calls(values, found), partial(np.divide, found, np.full((1, 1), float(d)), out)]
    reduce: Callable[..., Any] = np.minimum.reduce if f == "min" else np.maximum.reduce
    return [*calls, partial(reduce, values, 1, None, found, True), partial(np.add, found, np.zeros((1, 1)), out)]


def _parts(a: Matrix, parts: int) -> Matrix:
    """Each part of each row as a row of its own."""
    return a if parts == 1 else a.reshape(len(a) * parts, a.shape[1] // parts)


def argmax(out: Matrix, scratch: Scratch, a: Matrix, parts: int = 1) -> Calls:
    values, out = _parts(a, parts), out.reshape(-1, 1)
    first, largest, unknown = np.empty(len(out), np.intp), np.empty_like(out), np.empty(out.shape, np.bool_)
    return [
        partial(values.argmax, 1, first),
        partial(np.copyto, out[:, 0], first),
        # numpy's largest is NaN where there is one.
        partial(np.maximum.reduce, values, 1, None, largest, True),
        partial(np.isnan, largest, unknown),
        partial(np.copyto, out, np.array(np.nan), where=unknown),
    ]


def order(out: Matrix, scratch: Scratch, a: Matrix, k: Matrix, f: str = "quantile") -> Calls:
    return [partial(_quantiles if f == "quantile" else _weighted_medians, a, k[0], out)]


def _quantiles(a: Matrix, k: NDArray[np.float64], out: Matrix) -> None:
    ranked = np.sort(a + 0.0, axis=1)
    v = k * float(a.shape[1] - 1)
    i = v.astype(np.intp)
    t = v - i
    low = ranked.take(i, axis=1)
    high = ranked.take(np.minimum(i + 1, a.shape[1] - 1), axis=1)
    step = high - low
    quantiles = np.where(t < 0.5, low + step * t, high - step * (1.0 - t))
    # NaN sorts last, so that one anywhere is seen in the last column; it makes the whole row unknown.
    np.copyto(out, np.where(np.isnan(ranked[:, -1:]), np.nan, quantiles))


def _weighted_medians(a: Matrix, weights: NDArray[np.float64], out: Matrix) -> None:
    a = a + 0.0
    ranks = np.argsort(a, axis=1, kind="stable")
    ranked = np.take_along_axis(a, ranks, axis=1)
    reached = np.add.accumulate(weights.take(ranks), axis=1)
    middle = np.argmax(reached >= 0.5 * reached[:, -1:], axis=1)
    np.copyto(out, np.take_along_axis(ranked, middle[:, None], axis=1))
    np.copyto(out, np.nan, where=np.isnan(ranked[:, -1:]))


def gather(out: Matrix, scratch: Scratch, a: Matrix, index: NDArray[np.int32]) -> Calls:
    # The column numbers were checked with the plan; the mode only spares a copy of `out`.
    return [partial(np.take, a, index, 1, out, "clip")]


def banded(out: Matrix, scratch: Scratch, a: Matrix, taps: Matrix, runs: Sequence[Sequence[int]]) -> Calls:
    calls: Calls = []
    q = 0
    for count, start, stride, rows in _windows(runs):
        # Either one row of taps slides over `count` windows, or several rows of taps look at one window.
        c = taps[rows]
        stop = start + (count - 1) * stride + 1
        width = max(count, len(rows))
        y, product = out[:, q : q + width], scratch(width)
        calls.append(partial(np.multiply, a[:, start:stop:stride], c[:, 0], y))
        for j in range(1, taps.shape[1]):
            calls.append(partial(np.multiply, a[:, start + j : stop + j : stride], c[:, j], product))
            calls.append(partial(np.add, y, product, y))
        q += width
    return calls


def _windows(runs: Sequence[Sequence[int]]) -> list[tuple[int, int, int, list[int]]]:
    """Join neighbouring single windows that start at one position, as the edges of a smoothing filter do."""
    joined: list[tuple[int, int, int, list[int]]] = []
    for count, start, stride, r in runs:
        if count == 1 and joined and joined[-1][:2] == (1, start):
            joined[-1][3].append(r)
        else:
            joined.append((count, start, stride, [r]))
    return joined


def matmul(out: Matrix, scratch: Scratch, a: Matrix, table: Matrix) -> Calls:
    # The calls are what a few rows and a long table take: two for each column below, four for each row and tile here.
    if 2 * len(a) * tiles(table) < len(table):
        return beside(out, a, table, np.multiply, sum_calls)
    products = scratch(a.shape[1])
    calls: Calls = []
    for j in range(len(table)):
        calls += [partial(np.multiply, a, table[j : j + 1], products), *sum_calls(products, out[:, j : j + 1])]
    return calls


def concat(out: Matrix, scratch: Scratch, *rows: Matrix) -> Calls:
    ends = np.cumsum([r.shape[1] for r in rows]).tolist()
    return [partial(np.copyto, out[:, end - r.shape[1] : end], r) for r, end in zip(rows, ends, strict=True)]


def fold(out: Matrix, scratch: Scratch, *rows: Matrix, d: int, parts: int = 1) -> Calls:
    width = out.shape[1]
    if len(rows) == 1 and parts > 1:
        # Added up one after the other, as below, in one call.
        sums = np.empty((len(out), parts, width))
        whole = rows[0].reshape(sums.shape)
        return [
            partial(np.add.accumulate, whole, 1, None, sums),
            partial(np.divide, sums[:, -1], np.full((1, 1), float(d)), out),
        ]
    pieces = [r[:, start : start + width] for r in rows for start in range(0, r.shape[1], width)]
    calls: Calls = [partial(np.copyto, out, pieces[0])]
    calls += [partial(np.add, out, piece, out) for piece in pieces[1:]]
    return [*calls, partial(np.divide, out, np.full((1, 1), float(d)), out)]


def opaque(out: Matrix, scratch: Scratch, a: Matrix, artifact: str, width: int) -> Calls:
    raise PlanError(
        f"a step of this model is a pickled object (artifact {artifact}), and pickles run code when they are loaded; "
        "if you trust who made the file, load it with allow_opaque=True"
    )
