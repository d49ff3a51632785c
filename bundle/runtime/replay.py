"""Run a plan with numpy, in blocks of rows that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import PlanError
from .inputs import LARGEST, bad_rows, matrix, refuse
from .instructions import INSTRUCTIONS
from .plan import Instruction, Plan

__all__ = ["Opaque", "Replay"]

Matrix = NDArray[np.float64]
Opaque = Mapping[str, Callable[[Matrix], Matrix]]
Call = Callable[[], Any]

BLOCK = 128 * 1024
"""Bytes of the widest register in one block: larger ones leave the second-level cache, smaller ones cost more calls."""

BOUND = 16
"""From so many rows on, calls are bound to the caller's spectra instead of copying these."""

KEPT = 4
"""Frames of one size kept between calls: as many threads predict at once without making their arrays anew."""

SIZES = 8
"""Sizes of frames kept; whoever asks for more sizes than these by turns starts afresh."""


class Replay:
    """A plan made ready to run, for some of its outputs.

    `opaque` maps the digests of pickled artifacts to what they compute; without it a plan that needs one is refused.
    Raises PlanError when the plan cannot be run. Safe to call from several threads.
    """

    def __init__(self, plan: Plan, outputs: Sequence[str] = ("value",), opaque: Opaque | None = None) -> None:
        if len(plan.inputs) != 1:
            raise PlanError(f"this host runs plans of one source, this one has {len(plan.inputs)}")
        missing = [name for name in outputs if name not in plan.outputs]
        if missing:
            raise PlanError(f"the plan has no output {missing[0]!r}, only {', '.join(plan.outputs)}")
        plan.check_values()
        self.plan = plan
        self.outputs = tuple(outputs)
        self.width = plan.inputs[0].width
        self._body = _needed(plan.body, {plan.outputs[name].register for name in outputs})
        self._opaque = opaque or {}
        widest = max([self.width, *(plan.widths[line.out] for line in self._body)])
        self._block = max(1, BLOCK // (8 * widest))
        self._frames: dict[int, list[_Frame]] = {}

    def __call__(self, X: Matrix) -> tuple[Matrix, ...]:
        """The outputs, (n, width) each, for any (n, p) array of floats. Neither spectra nor answers are checked."""
        return self._run(X, checked=False)

    def predict(self, X: Any) -> Matrix:
        """The first output, (n, width), for any acceptable spectra.

        Raises InputError listing every row that holds an unusable value or has no finite answer (a constant row, say).
        """
        x = matrix(X, self.width)
        value = self._run(x, checked=True)[0]
        flat = value.reshape(-1)
        # A dot product sees a NaN or an infinity anywhere, in one call; only then is it worth looking closer.
        if not np.dot(flat, flat) < inf:
            _refuse_unanswered(value)
        return value

    def _run(self, X: Matrix, *, checked: bool) -> tuple[Matrix, ...]:
        with np.errstate(all="ignore"):
            if len(X) <= self._block:
                return self._block_of(X, X, checked)
            parts = [self._block_of(X[i : i + self._block], X, checked) for i in range(0, len(X), self._block)]
            return tuple([np.concatenate(columns) for columns in zip(*parts, strict=True)])

    def _block_of(self, rows: NDArray[Any], X: NDArray[Any], checked: bool) -> tuple[Matrix, ...]:
        frame = self._frame(len(rows))
        try:
            frame.fill(rows)
            # The sum of squares cannot hide a large value, an infinity or a NaN, whatever the order of summation.
            if checked and not np.dot(frame.flat, frame.flat) < LARGEST * LARGEST:
                bad = bad_rows(X)
                if bad:
                    raise refuse(bad, len(X))
            for call in frame.calls:
                call()
            return tuple([result.copy() for result in frame.results])
        finally:
            frame.let_go()
            self._keep(frame)

    def _frame(self, rows: int) -> _Frame:
        # Popping from a list is atomic: two threads never get one frame.
        kept = self._frames.get(rows)
        try:
            return kept.pop() if kept else self._new_frame(rows)
        except IndexError:
            return self._new_frame(rows)

    def _new_frame(self, rows: int) -> _Frame:
        return _Frame(self.plan, self._body, self.outputs, self._opaque, rows)

    def _keep(self, frame: _Frame) -> None:
        if len(self._frames) > SIZES:
            self._frames = {}
        kept = self._frames.setdefault(len(frame.x), [])
        if len(kept) < KEPT:
            kept.append(frame)


class _Frame:
    """A plan bound to arrays for a number of rows: `fill` it, make the `calls`, read the `results`."""

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
            kernel = partial(INSTRUCTIONS[line.op].kernel, **line.params)
            if line.op == "opaque" and line.params["artifact"] in opaque:
                kernel = partial(_call_opaque, opaque[line.params["artifact"]])
            self._lines.append(_Line(partial(kernel, out, arrays.scratch), operands, self.x))
            for name in {*line.inputs, line.out} - {*wanted, source} - set(plan.constants):
                if last.get(name, number) == number:
                    arrays.give_back(registers.pop(name))
        self.results = tuple([registers[name] for name in wanted])
        self._bind(self.x)

    def fill(self, rows: NDArray[Any]) -> None:
        """Take the spectra: many are read where they are, few are copied, which costs less than binding calls to them."""
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
        self.calls = [call for line in self._lines for call in line.bound_to(x)]


class _Line:
    """The calls of one instruction; made again for other spectra only where it reads them."""

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
        return self._scratch.setdefault((width, dtype), np.empty((self.rows, width), dtype))


def _call_opaque(compute: Callable[[Matrix], Matrix], out: Matrix, scratch: Any, a: Matrix) -> list[Call]:
    return [lambda: np.copyto(out, compute(a).reshape(out.shape))]


def _needed(body: Sequence[Instruction], wanted: set[str]) -> list[Instruction]:
    kept = []
    for line in reversed(body):
        if line.out in wanted:
            kept.append(line)
            wanted = wanted | set(line.inputs)
    return kept[::-1]


def _refuse_unanswered(value: Matrix) -> None:
    rows = np.flatnonzero(~np.isfinite(value).all(axis=1))
    if len(rows):
        reason = "no finite result: the spectrum is constant, or its values are out of the range the model can scale"
        raise refuse([(int(i), reason) for i in rows], len(value))
