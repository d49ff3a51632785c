"""The narrow end of a program, computed at once for many blocks of rows.

Where the wide registers of a block have become a few numbers a row, a call takes as long as for the rows of many
blocks, and each one holds the interpreter's lock that other threads wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .frame import Frame
from .plan import Plan
from .program import Program

__all__ = ["Ends", "cut"]

Matrix = NDArray[np.float64]

NARROW = 8
"""Columns of the widest register that is narrow."""

MANY = 2048
"""Rows of which the rest is computed at once: a call takes little longer than for the rows of a block."""


def cut(plan: Plan, program: Program) -> tuple[Program, Program] | None:
    """The lines that wide ones need, and the narrow rest; None where there is no rest, or it reads something wide."""
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
        Program(head, program.given, links, None if program.seen is None else ()),
        Program(rest, links, program.wanted, program.seen),
    )


class Ends:
    """Collects what is left of blocks of `size` rows; computes the rest, and writes it into `answers`, when `MANY` rows
    are reached or it is told to finish. `check` is told first what shows whether the spectra may be used.
    """

    def __init__(
        self,
        plan: Plan,
        rest: Program,
        size: int,
        answers: Sequence[Matrix],
        check: Callable[[Sequence[NDArray[np.float64]]], None],
    ) -> None:
        self._size, self._answers, self._check = size, answers, check
        self._frame = Frame(plan, rest, max(1, MANY // size) * size, bound=False)
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
        for place, start in enumerate(self._starts):
            for answer, result in zip(self._answers, self._frame.results, strict=True):
                answer[start : start + self._size] = result[place * self._size : (place + 1) * self._size]
        self._starts.clear()
