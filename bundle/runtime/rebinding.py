"""The calls of an instruction that reads spectra where they are: bound anew for each block, which must cost little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import FunctionType
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
        self._loose: list[_Loose] | None = None

    def calls(self, x: Matrix) -> list[Call]:
        """The calls for spectra, C-contiguous and of as many rows as ever."""
        if self._loose is not None:
            return [call.on(x) for call in self._loose]
        calls = self._kernel(*[x if operand is self._place else operand for operand in self._operands])
        loose = [_loosen(call, x) for call in calls]
        if None not in loose:
            self._loose = [call for call in loose if call is not None]
        return calls


@dataclass(frozen=True)
class _Loose:
    """A call without the spectra: which of its arguments are these, which are views, of what shape, offset, strides."""

    function: Callable[..., Any]
    arguments: Sequence[Any]
    named: dict[str, Any]
    whole: Sequence[int]
    views: Sequence[tuple[int, tuple[int, ...], int, tuple[int, ...]]]

    def on(self, x: Matrix) -> Call:
        arguments = list(self.arguments)
        for place in self.whole:
            arguments[place] = x
        for place, shape, offset, strides in self.views:
            arguments[place] = np.ndarray(shape, np.float64, x, offset, strides)
        return partial(self.function, *arguments, **self.named)


def _loosen(call: Call, x: Matrix) -> _Loose | None:
    """None where there may be another way from the call to the spectra than its arguments."""
    if not isinstance(call, partial) or not _forgetful(call.func):
        return None
    arguments, views = list(call.args), []
    whole = [place for place, value in enumerate(arguments) if value is x]
    for place, value in enumerate(arguments):
        if place in whole:
            arguments[place] = None
        elif isinstance(value, np.ndarray) and np.may_share_memory(value, x):
            if value.dtype != np.float64:
                return None
            views.append((place, value.shape, _address(value) - _address(x), value.strides))
            arguments[place] = None
        elif not _apart(value, x):
            return None
    if not all(_apart(value, x) for value in call.keywords.values()):
        return None
    return _Loose(call.func, arguments, call.keywords, whole, views)


def _forgetful(function: Any) -> bool:
    """Whether it is a universal function, a method of one, or a function of a module: none holds an array."""
    if isinstance(function, FunctionType):
        return function.__closure__ is None
    return isinstance(getattr(function, "__self__", function), np.ufunc)


def _apart(value: Any, x: Matrix) -> bool:
    if isinstance(value, np.ndarray):
        return not np.may_share_memory(value, x)
    return value is None or isinstance(value, int)


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
