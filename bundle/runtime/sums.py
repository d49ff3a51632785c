"""The one sum: numpy's pairwise sum of a row, in segments of 8192 columns, added in order.

numpy 1.26 cuts a row reduction at 8192 elements and numpy 2 does not; with the segments both give the same bits.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import stdlib

__all__ = ["SEGMENT", "row_sums", "sum_calls"]

SEGMENT = 8192

Matrix = NDArray[np.float64]
Call = Callable[[], Any]
Sums = Callable[[Matrix, Matrix], Call]

total: Callable[[Sequence[float]], float] = stdlib.total
add_reduce: Callable[..., Any] = np.add.reduce


def row_sums(x: Matrix, out: Matrix) -> None:
    """Write the sum of each row of `x`, C-contiguous (n, w), into `out`, (n, 1)."""
    for call in sum_calls(x, out):
        call()


def sum_calls(x: Matrix, out: Matrix) -> list[Call]:
    """The calls that do what `row_sums` does, bound to these arrays, to be made as often as `x` changes."""
    sums = _segment_sums()
    if x.shape[1] <= SEGMENT:
        return [sums(x, out)]
    calls = [sums(x[:, :SEGMENT], out)]
    for start in range(SEGMENT, x.shape[1], SEGMENT):
        part = np.empty((len(x), 1))
        calls += [sums(x[:, start : start + SEGMENT], part), partial(np.add, out, part, out)]
    return calls


@cache
def _segment_sums() -> Sums:
    # Should a numpy ever sum in another order, the elementwise form gives the same bits, only slower.
    for sums in (_reduce, _reduce_buffered):
        if _agrees(sums):
            return sums
    return _elementwise


def _reduce(x: Matrix, out: Matrix) -> Call:
    return partial(add_reduce, x, 1, None, out, True)


def _reduce_buffered(x: Matrix, out: Matrix) -> Call:
    return partial(_with_whole_buffer, x, out)


def _with_whole_buffer(x: Matrix, out: Matrix) -> None:
    # numpy 1.26 cuts a row where its buffer ends, and anybody may have set a smaller one.
    size = np.setbufsize(SEGMENT)
    try:
        add_reduce(x, 1, None, out, True)
    finally:
        np.setbufsize(size)


def _agrees(sums: Sums) -> bool:
    """Whether `sums` gives the defined bits, on widths around every branch of the defined order and any buffer size."""
    size = np.setbufsize(16)
    try:
        return _agrees_now(sums)
    finally:
        np.setbufsize(size)


def _agrees_now(sums: Sums) -> bool:
    for width in (1, 2, 7, 8, 9, 16, 127, 128, 129, 136, 255, 1000, SEGMENT):
        # Values of many magnitudes, so that another order cannot give the same bits by luck.
        steps = (np.arange(3 * width) * 7919) % 104729
        x = np.ldexp(steps - 52364.0, steps % 41 - 20).reshape(3, width)
        expected = struct.pack("=3d", *[total(row) for row in x.tolist()])
        if _sums_of(sums, x) != expected or _sums_of(sums, np.repeat(x, 2, axis=0)[::2]) != expected:
            return False
    return _sums_of(sums, np.full((1, 9), -0.0)) == struct.pack("=d", 0.0)


def _sums_of(sums: Sums, x: Matrix) -> bytes:
    out = np.empty((len(x), 1))
    sums(x, out)()
    return out.tobytes()


def _elementwise(x: Matrix, out: Matrix) -> Call:
    """The defined order written with column additions alone."""
    return lambda: np.add(0.0, _pairwise(x), out)


def _pairwise(x: Matrix) -> Matrix:
    width = x.shape[1]
    if width < 8:
        return _in_order(np.full((len(x), 1), -0.0), x)
    if width <= 128:
        whole = width - width % 8
        r = x[:, :8].copy()
        for j in range(8, whole, 8):
            r += x[:, j : j + 8]
        r = r[:, 0::2] + r[:, 1::2]
        r = r[:, 0::2] + r[:, 1::2]
        return _in_order(r[:, 0:1] + r[:, 1:2], x[:, whole:])
    half = width // 2
    half -= half % 8
    return _pairwise(x[:, :half]) + _pairwise(x[:, half:])


def _in_order(start: Matrix, x: Matrix) -> Matrix:
    for j in range(x.shape[1]):
        start = start + x[:, j : j + 1]
    return start
