"""How much memory a loaded bundle takes: the arrays that it keeps alive."""

from __future__ import annotations

import gc
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ["weight"]

SHARED = (type, ModuleType, BuiltinFunctionType, np.ufunc, str, bytes, int, float)
"""What belongs to the program, or holds nothing."""


def weight(model: object) -> int:
    """Bytes of all arrays, each once, that can be reached from an object: what it read, what it prepared, and what its
    golden rows left ready for the next request.
    """
    seen = {id(model)}
    waiting: list[object] = [model]
    total = 0
    while waiting:
        one = waiting.pop()
        if isinstance(one, np.ndarray):
            total += _owned(one)
        for held in _held(one):
            if id(held) not in seen and not isinstance(held, SHARED):
                seen.add(id(held))
                waiting.append(held)
    return total


def _held(one: object) -> list[Any]:
    if isinstance(one, FunctionType):  # not its globals, through which everything can be reached
        return [one.__closure__, one.__defaults__, one.__kwdefaults__]
    if isinstance(one, np.ndarray):
        return [] if one.base is None else [one.base]
    return gc.get_referents(one)


def _owned(array: np.ndarray[Any, Any]) -> int:
    """Views take nothing of their own; an array over bytes or a map stands for them."""
    if array.base is None:
        return array.nbytes
    return 0 if isinstance(array.base, np.ndarray) else array.nbytes
