"""One reading of the spectra in place of two, for the fast profile.

To centre rows, and then to sum squares and products of what is left, reads them twice and writes a copy. Because

    Σ(x − m)² = Σx² − p·m²   and   (x − m)·w = x·w − m·Σw

products of the rows as they are say the same. They are differences of large numbers where the mean is large beside the
spread. Rows that keep less than `SHARE` of their squares are centred after all, so that a constant row is told from one
with a peak as ever; of the others the last ten bits, three digits, may be lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .kernels import Calls, Scratch
from .plan import Instruction, Plan
from .products import dots, matmul, times
from .sums import row_sums

__all__ = ["KERNELS", "TILE", "one_pass"]

Matrix = NDArray[np.float64]

SHARE = 2.0**-10

TILE = 32768
"""Values of rows that are centred at once: many such rows take little memory too."""


def one_pass(plan: Plan, body: Sequence[Instruction], wanted: Sequence[str]) -> list[Instruction]:
    """The same registers but those of rows that are centred only to be squared, summed and multiplied."""
    means = {line.out: line for line in body if _is_mean(plan, line)}
    lines: list[Instruction] = []
    found: dict[str, Instruction] = {}  # the centred registers that are gone, and the line of their squares
    for line in body:
        mean = means.get(line.inputs[1]) if line.op == "sub" and line.out not in wanted else None
        squares = _sums_of_squares(plan, body, line) if mean and mean.inputs[0] == line.inputs[0] else []
        if mean and squares:
            lines[lines.index(mean)] = Instruction("mean", mean.inputs, mean.out)
            lines += [Instruction("sumsq", line.inputs, later.out, {"d": later.params["d"]}) for later in squares]
            found[line.out] = lines[-1]
        elif line.inputs[0] not in found:
            lines.append(line)
        elif line.op == "matmul":
            left = found[line.inputs[0]]
            operands = (*left.inputs, left.out, line.inputs[1])
            lines.append(Instruction("product", operands, line.out, left.params))
    return lines


def _sums_of_squares(plan: Plan, body: Sequence[Instruction], line: Instruction) -> list[Instruction]:
    """The sums of squares of centred rows, if these are read for them and for products alone, and no other line takes
    the mean from a wide register: it is made anew for rows that keep too little.
    """
    readers = [later for later in body if line.out in later.inputs]
    if any(line.inputs[1] in other.inputs and plan.widths[other.out] > 1 for other in body if other is not line):
        return []
    squares = [later for later in readers if _is(later, "sumsq")]
    return squares if all(later.op == "matmul" or later in squares for later in readers) else []


def _is_mean(plan: Plan, line: Instruction) -> bool:
    return _is(line, "sum") and line.params["d"] == plan.widths[line.inputs[0]]


def _is(line: Instruction, f: str) -> bool:
    return line.op == "row" and line.params["f"] == f and line.params.get("parts", 1) == 1


def mean(out: Matrix, scratch: Scratch, x: Matrix) -> Calls:
    """The mean of each row."""
    width = x.shape[1]
    return [*times(x, np.ones(width), out[:, 0]), partial(np.divide, out, np.full((1, 1), float(width)), out)]


def sumsq(out: Matrix, scratch: Scratch, x: Matrix, m: Matrix, d: int) -> Calls:
    """Σ(x − m)² ÷ d of each row, whose mean is m; the mean of rows that keep too little is made anew."""
    taken = np.empty_like(out)
    return [
        dots(x, x, out[:, 0]),
        *_times_square(taken, m, float(x.shape[1])),
        partial(np.subtract, out, taken, out),
        partial(np.multiply, taken, np.full((1, 1), SHARE), taken),
        partial(_sumsq_again, out, x, m, taken),
        partial(np.divide, out, np.full((1, 1), float(d)), out),
    ]


def product(out: Matrix, scratch: Scratch, x: Matrix, m: Matrix, v: Matrix, table: Matrix, d: int) -> Calls:
    """(x − m)·w of each row and each w of the table; v is Σ(x − m)² ÷ d."""
    least, back = np.empty_like(v), np.empty_like(out)
    weights = np.empty((len(table), 1))
    row_sums(table, weights)
    return [
        *matmul(out, scratch, x, table),
        partial(np.multiply, m, weights.T.copy(), back),
        partial(np.subtract, out, back, out),
        *_times_square(least, m, SHARE * x.shape[1] / d),
        partial(_product_again, out, x, m, v, table, least),
    ]


def _times_square(out: Matrix, m: Matrix, factor: float) -> Calls:
    return [partial(np.multiply, m, np.full((1, 1), factor), out), partial(np.multiply, out, m, out)]


def _sumsq_again(out: Matrix, x: Matrix, m: Matrix, least: Matrix) -> None:
    for rows, tile in _tiles(x, out, least):
        # The library's sums are not good enough to know a constant row.
        row_sums(x[rows], m[rows])
        np.divide(m[rows], float(x.shape[1]), m[rows])
        np.subtract(x[rows], m[rows], tile)
        dots(tile, tile, out[rows, 0])()


def _product_again(out: Matrix, x: Matrix, m: Matrix, v: Matrix, table: Matrix, least: Matrix) -> None:
    for rows, tile in _tiles(x, v, least):
        np.subtract(x[rows], m[rows], tile)
        for j, weights in enumerate(table):
            dots(tile, weights, out[rows, j])()


def _tiles(x: Matrix, left: Matrix, least: Matrix) -> Iterator[tuple[slice, Matrix]]:
    """The rows that keep too little, or hold what is no number, a few at a time and their neighbours with them; and an
    array for them.
    """
    enough = left > least
    if enough.all():
        return
    size = min(len(x), max(1, TILE // x.shape[1]))
    tile = np.empty((size, x.shape[1]))
    for start in range(0, len(x), size):
        rows = slice(start, min(start + size, len(x)))
        if not enough[rows].all():
            yield rows, tile[: rows.stop - start]


KERNELS: Mapping[str, Any] = MappingProxyType({"mean": mean, "product": product, "sumsq": sumsq})
"""By word, of lines that no plan holds."""
