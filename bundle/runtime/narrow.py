"""The narrow end of a program, computed at once for many blocks of rows.

Where the wide registers of a block have become a few numbers a row, a call takes as long as for the rows of many
blocks, and each one holds the interpreter's lock that other threads wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .frame import Frame
from .program import Program

__all__ = ["Ends", "cut"]

Matrix = NDArray[np.float64]

NARROW = 8
"""Columns of the widest register that is narrow."""


def cut(program: Program) -> tuple[Program, Program] | None:
    """The lines that wide ones need, and the narrow rest; None where there is no rest, or it reads something wide."""
    plan = program.plan
    made = {line.out for line, _ in program.lines}
    needed: set[str] = set()
    for line, _ in reversed(program.lines):
        wide = any(plan.widths.get(name, 1) > NARROW for name in (line.out, *line.inputs))
        if wide or line.op == "opaque" or line.out in needed:
            needed |= {line.out, *line.inputs}
    head = [pair for pair in program.lines if pair[0].out in needed]
    rest = [pair for pair in program.lines if pair[0].out not in needed]
    read = {*program.wanted, *(name for line, _ in rest for name in line.inputs)} - set(plan.constants)
    links = sorted((read | set(program.seen or ())) - {line.out for line, _ in rest})
    if not head or not rest or not set(links) <= made or any(plan.widths[name] > NARROW for name in links):
        return None
    # What shows that spectra may be used is looked at with the rest.
    return (
        Program(plan, head, program.given, links, None if program.seen is None else ()),
        Program(plan, rest, links, program.wanted, program.seen, program.enough),
    )


class Ends:
    """Collects what is left of blocks of `size` rows. When the frame is full, or it is told to finish, `check` is told
    what shows whether the spectra may be used, the rest is computed, and for each block `put` is told the results.
    """

    def __init__(
        self,
        frame: Frame,
        size: int,
        check: Callable[[Sequence[NDArray[np.float64]]], None],
        put: Callable[[int, Sequence[Matrix]], None],
    ) -> None:
        self._frame, self._size, self._check, self._put = frame, size, check, put
        self._starts: list[int] = []

    def add(self, start: int, left: Sequence[Matrix]) -> None:
        """What is left of the block that begins with row `start`."""
        place = len(self._starts) * self._size
        for whole, part in zip(self._frame.given, left, strict=True):
            whole[place : place + self._size] = part
        self._starts.append(start)
        if place + 2 * self._size > self._frame.rows:
            self.finish()

    def finish(self) -> None:
        """Answer for all blocks that were added; what lies behind them is computed for nothing."""
        rows = len(self._starts) * self._size
        self._check([seen[:rows] for seen in self._frame.evidence or ()])
        for call in self._frame.calls:
            call()
        for place, start in zip(range(0, rows, self._size), self._starts, strict=True):
            self._put(start, [result[place : place + self._size] for result in self._frame.results])
        self._starts.clear()
