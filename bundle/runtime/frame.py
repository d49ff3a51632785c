"""A plan bound to arrays: the numpy calls for a number of rows, made once and then repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import PlanError
from .evidence import evidence
from .instructions import INSTRUCTIONS
from .plan import Instruction, Plan

__all__ = ["Frame", "Kernel", "Opaque", "kernel"]

Matrix = NDArray[np.float64]
Opaque = Mapping[str, Callable[[Matrix], Matrix]]
Call = Callable[[], Any]
Kernel = Callable[..., list[Call]]

BOUND = 32
"""From so many rows on, binding calls to the caller's spectra costs less than copying these."""


def kernel(line: Instruction, opaque: Opaque, special: Mapping[str, Kernel]) -> Kernel:
    """What gives the calls of an instruction: a pickled step, the `special` kernel of its word, or the exact one."""
    if line.op == "opaque" and line.params["artifact"] in opaque:
        return partial(_opaque, opaque[line.params["artifact"]])
    return partial(special.get(line.op, INSTRUCTIONS[line.op].kernel), **line.params)


class Frame:
    """`fill` it with spectra, make the `calls`, read the `results`; for one thread at a time.

    `kernels` holds one kernel for each line of `body`.
    """

    def __init__(
        self, plan: Plan, body: Sequence[Instruction], kernels: Sequence[Kernel], outputs: Sequence[str], rows: int
    ) -> None:
        source = plan.inputs[0]
        wanted = [plan.outputs[name].register for name in outputs]
        # A pickled step sees no value that was not checked, a few spectra are looked at sooner than their evidence, and
        # what is missing would hide in this what is wrong.
        before = rows < BOUND or source.missing or any(line.op == "opaque" for line in body)
        seen = None if before else evidence(plan, body, source.name)
        kept = {*wanted, *(seen or ()), source.name}
        arrays = _Arrays(rows)
        self.x = arrays.take(source.width)
        registers: dict[str, Matrix] = {source.name: self.x}
        last = {name: number for number, line in enumerate(body) for name in line.inputs}
        self.calls: list[Call] = []
        self._readers: list[_Reader] = []
        for number, (line, make) in enumerate(zip(body, kernels, strict=True)):
            operands = [
                plan.constants[name].array if name in plan.constants else registers[name] for name in line.inputs
            ]
            out = registers[line.out] = arrays.take(plan.widths[line.out])
            made = make(out, arrays.scratch, *operands)
            if source.name in line.inputs:
                here = slice(len(self.calls), len(self.calls) + len(made))
                self._readers.append(_Reader(here, partial(make, out, arrays.scratch), operands))
            self.calls += made
            for name in {*line.inputs, line.out} - kept - set(plan.constants):
                if last.get(name, number) == number:
                    arrays.give_back(registers.pop(name))
        self.evidence = None if seen is None else [registers[name].reshape(-1) for name in seen]
        """What shows that the spectra were fit to be used, once the calls are made; None: it takes a look at them."""
        self.missing = source.missing
        """Whether values of the spectra may be missing."""
        self.size = arrays.size
        """Bytes of its arrays; those of `x` are touched only where spectra are copied."""
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
        self.spectra = x.reshape(-1)
        self.results = [x if result is self.x else result for result in self._results]
        for reader in self._readers:
            operands = [x if operand is self.x else operand for operand in reader.operands]
            self.calls[reader.place] = reader.kernel(*operands)


@dataclass(frozen=True)
class _Reader:
    """An instruction that reads the spectra: its calls, and where they stand, are made anew for others."""

    place: slice
    kernel: Kernel
    operands: Sequence[Matrix]


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


def _opaque(compute: Callable[[Matrix], Matrix], out: Matrix, scratch: Any, a: Matrix) -> list[Call]:
    def call() -> None:
        # A copy, because what is pickled may change its argument in place.
        answer = np.asarray(compute(a.copy()))
        if answer.size != out.size:
            raise PlanError(f"a pickled step answered with shape {answer.shape}, expected {out.shape}")
        np.copyto(out, answer.reshape(out.shape))

    return [call]
