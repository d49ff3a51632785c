"""A plan bound to arrays: the numpy calls for a number of rows, made once and then repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import PlanError
from .instructions import INSTRUCTIONS
from .plan import Instruction, Plan

__all__ = ["Frame", "Opaque"]

Matrix = NDArray[np.float64]
Opaque = Mapping[str, Callable[[Matrix], Matrix]]
Call = Callable[[], Any]

BOUND = 16
"""From so many rows on, binding calls to the caller's spectra costs less than copying these."""


class Frame:
    """`fill` it with spectra, make the `calls`, read the `results`; for one thread at a time."""

    def __init__(
        self, plan: Plan, body: Sequence[Instruction], outputs: Sequence[str], opaque: Opaque, rows: int
    ) -> None:
        source = plan.inputs[0].name
        wanted = [plan.outputs[name].register for name in outputs]
        arrays = _Arrays(rows)
        self.x = np.empty((rows, plan.inputs[0].width))
        registers: dict[str, Matrix] = {source: self.x}
        last = {name: number for number, line in enumerate(body) for name in line.inputs}
        self._lines: list[_Line] = []
        for number, line in enumerate(body):
            operands = [
                plan.constants[name].array if name in plan.constants else registers[name] for name in line.inputs
            ]
            out = registers[line.out] = arrays.take(plan.widths[line.out])
            self._lines.append(_Line(partial(_kernel(line, opaque), out, arrays.scratch), operands, self.x))
            for name in {*line.inputs, line.out} - {*wanted, source} - set(plan.constants):
                if last.get(name, number) == number:
                    arrays.give_back(registers.pop(name))
        self._results = [registers[name] for name in wanted]
        self._bind(self.x)

    def fill(self, rows: NDArray[Any]) -> None:
        """Take the spectra: many are read where they are, a few are copied."""
        flags = rows.flags
        if len(rows) >= BOUND and rows.dtype == self.x.dtype and flags.c_contiguous and flags.aligned:
            self._bind(rows)
        else:
            np.copyto(self.x, rows)

    def let_go(self) -> None:
        """Forget the caller's spectra."""
        if self._bound is not self.x:
            self._bind(self.x)

    def _bind(self, x: Matrix) -> None:
        self._bound = x
        self.flat = x.reshape(-1)
        self.results = tuple([x if result is self.x else result for result in self._results])
        self.calls = [call for line in self._lines for call in line.bound_to(x)]


class _Line:
    """The calls of one instruction; made anew for other spectra only where it reads them."""

    def __init__(self, kernel: Callable[..., list[Call]], operands: Sequence[Matrix], source: Matrix) -> None:
        self._kernel = kernel
        self._operands = operands
        self._source = source
        self._calls = kernel(*operands)
        self._reads = any(operand is source for operand in operands)

    def bound_to(self, x: Matrix) -> list[Call]:
        if not self._reads or x is self._source:
            return self._calls
        return self._kernel(*[x if operand is self._source else operand for operand in self._operands])


class _Arrays:
    """Arrays of one number of rows, used again once their register has met its last reader."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._free: dict[int, list[Matrix]] = {}
        self._scratch: dict[tuple[int, type], NDArray[Any]] = {}

    def take(self, width: int) -> Matrix:
        free = self._free.get(width)
        return free.pop() if free else np.empty((self.rows, width))

    def give_back(self, array: Matrix) -> None:
        self._free.setdefault(array.shape[1], []).append(array)

    def scratch(self, width: int, dtype: type = np.float64, /) -> NDArray[Any]:
        # One per width and kind for the whole plan: nothing in it outlives the instruction.
        if (width, dtype) not in self._scratch:
            self._scratch[width, dtype] = np.empty((self.rows, width), dtype)
        return self._scratch[width, dtype]


def _kernel(line: Instruction, opaque: Opaque) -> Callable[..., list[Call]]:
    if line.op == "opaque" and line.params["artifact"] in opaque:
        return partial(_opaque, opaque[line.params["artifact"]])
    return partial(INSTRUCTIONS[line.op].kernel, **line.params)


def _opaque(compute: Callable[[Matrix], Matrix], out: Matrix, scratch: Any, a: Matrix) -> list[Call]:
    def call() -> None:
        # A copy, because what is pickled may change its argument in place.
        answer = np.asarray(compute(a.copy()))
        if answer.size != out.size:
            raise PlanError(f"a pickled step answered with shape {answer.shape}, expected {out.shape}")
        np.copyto(out, answer.reshape(out.shape))

    return [call]
