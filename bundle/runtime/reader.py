"""The calls of an instruction that reads spectra where they are: made anew for each block, which must cost little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reader"]

Matrix = NDArray[np.float64]
Call = Callable[[], Any]


class Reader:
    """`kernel` gives the calls for `operands`, among which `place` stands for the spectra."""

    def __init__(self, kernel: Callable[..., list[Call]], operands: Sequence[Matrix], place: Matrix) -> None:
        self._kernel, self._operands, self._place = kernel, operands, place
        self._made: list[Call] | None = None
        """Calls whose only way to the spectra is `place` as an argument; None as long as there are none."""

    def calls(self, x: Matrix) -> list[Call]:
        """The calls for spectra of as many rows as ever."""
        if self._made is not None:
            return [_put(call, self._place, x) for call in self._made]
        calls = self._kernel(*[x if operand is self._place else operand for operand in self._operands])
        if all(_plain(call, x) for call in calls):
            self._made = [_put(call, x, self._place) for call in calls]
        return calls


def _plain(call: Call, x: Matrix) -> bool:
    """Whether a call is a universal function, or its reduction, that is given no part and no other view of `x`."""
    if not isinstance(call, partial) or not isinstance(getattr(call.func, "__self__", call.func), np.ufunc):
        return False
    return all(value is x or _apart(value, x) for value in (*call.args, *call.keywords.values()))


def _apart(value: Any, x: Matrix) -> bool:
    if isinstance(value, np.ndarray):
        return not np.may_share_memory(value, x)
    return value is None or isinstance(value, int)


def _put(call: Call, old: Matrix, new: Matrix) -> Call:
    """The same call with another array."""
    assert isinstance(call, partial)
    return partial(call.func, *[new if value is old else value for value in call.args], **call.keywords)
