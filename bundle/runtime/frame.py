"""A plan bound to arrays: the numpy calls for a number of rows, made once and then repeated."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .program import Call, Program
from .rebinding import Reader

__all__ = ["BOUND", "Frame", "in_place"]

Matrix = NDArray[np.float64]

BOUND = 32
"""From so many rows on, binding calls to the caller's spectra costs less than copying these."""


def in_place(X: NDArray[Any]) -> bool:
    """Whether rows of X may be read where they are."""
    return X.dtype == np.float64 and X.flags.c_contiguous and X.flags.aligned


class Frame:
    """`fill` it, make the `calls`, read the `results`; for one thread at a time.

    A `bound` frame reads the one register it is given where it is, which must be `in_place`; another has an array for
    each, in `given`.
    """

    def __init__(self, program: Program, rows: int, *, bound: bool) -> None:
        plan, lines, given, wanted = program.plan, program.lines, program.given, program.wanted
        # A few spectra are looked at sooner than their evidence.
        seen = None if rows < BOUND else program.seen
        kept = {*wanted, *(seen or ()), *given}
        arrays = _Arrays(rows)
        self.program, self.rows, self.bound = program, rows, bound
        self._place: Matrix = np.empty((0, 0))  # stands for what is not there yet
        registers = {name: self._place if bound else arrays.take(plan.widths[name]) for name in given}
        self.given = list(registers.values())
        last = {name: number for number, (line, _) in enumerate(lines) for name in line.inputs}
        self._parts: list[list[Call] | Reader] = []
        for number, (line, make) in enumerate(lines):
            operands = [
                plan.constants[name].array if name in plan.constants else registers[name] for name in line.inputs
            ]
            out = registers[line.out] = arrays.take(plan.widths[line.out])
            calls = partial(make, out, arrays.scratch)
            here = bound and given[0] in line.inputs
            self._parts.append(Reader(calls, operands, self._place) if here else calls(*operands))
            for name in {*line.inputs, line.out} - kept - set(plan.constants):
                if last.get(name, number) == number:
                    arrays.give_back(registers.pop(name))
        self.evidence = None if seen is None else [registers[name].reshape(-1) for name in seen]
        """What shows that the spectra were fit to be used, once the calls are made; None: it takes a look at them."""
        self.size = arrays.size
        """Bytes of its arrays."""
        self._results = [registers[name] for name in wanted]
        self.let_go()
        if not bound:
            self._bind(self.given[0])

    def fill(self, rows: NDArray[Any]) -> None:
        """Take the spectra."""
        if self.bound:
            self._bind(rows)
        else:
            np.copyto(self.given[0], rows)

    def let_go(self) -> None:
        """Forget the caller's spectra."""
        if self.bound:
            self.calls: list[Call] = []
            self.results: list[Matrix] = []
            self.spectra = self._place

    def _bind(self, x: Matrix) -> None:
        self.spectra = x.reshape(-1)
        self.results = [x if result is self._place else result for result in self._results]
        self.calls = []
        for part in self._parts:
            self.calls += part.calls(x) if isinstance(part, Reader) else part


class _Arrays:
    """Arrays of one number of rows, used again once their register has met its last reader."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.size = 0
        self._free: dict[int, list[Matrix]] = {}
        self._scratch: dict[tuple[int, type], NDArray[Any]] = {}

    def take(self, width: int) -> Matrix:
        free = self._free.get(width)
        return free.pop() if free else self._new(width, np.float64)

    def give_back(self, array: Matrix) -> None:
        self._free.setdefault(array.shape[1], []).append(array)

    def scratch(self, width: int, dtype: type = np.float64, /) -> NDArray[Any]:
        # One per width and kind for the whole plan: nothing in it outlives the instruction.
        if (width, dtype) not in self._scratch:
            self._scratch[width, dtype] = self._new(width, dtype)
        return self._scratch[width, dtype]

    def _new(self, width: int, dtype: type) -> NDArray[Any]:
        array: NDArray[Any] = np.empty((self.rows, width), dtype)
        self.size += array.nbytes
        return array
