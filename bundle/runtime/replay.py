"""Run a plan with numpy, in blocks of rows that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import PlanError
from .frame import Frame, Opaque
from .inputs import LARGEST, bad_rows, matrix, refuse
from .plan import Instruction, Plan

__all__ = ["Opaque", "Replay"]

Matrix = NDArray[np.float64]

BLOCK = 768 * 1024
"""Bytes of the widest register in one block: larger ones leave the second-level cache, smaller ones cost more calls."""

KEPT = 8
"""Frames kept between calls: each thread that predicts at once needs one for whole blocks and one for the rest."""

FEW = 4
BUFFER = 512
"""Elements of numpy's buffer for more than a few rows: at its own 8192, numpy copies several rows together wherever
one operand is narrower or has one row, which takes longer than the arithmetic."""


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
        self._lock = Lock()
        # The frame for one row is made at once: what numpy cannot run is refused before it may predict.
        self._frames = [Frame(plan, self._body, self.outputs, self._opaque, rows=1)]

    def __call__(self, X: Matrix) -> tuple[Matrix, ...]:
        """The outputs, (n, width) each, for any (n, p) array of floats. Neither spectra nor answers are checked."""
        with np.errstate(all="ignore"):
            return self._run(X, checked=False)

    def predict(self, X: Any) -> Matrix:
        """The first output, (n, width), for any acceptable spectra; raises what `answers` raises."""
        return self.answers(X)[0]

    def answers(self, X: Any) -> tuple[Matrix, ...]:
        """The outputs, (n, width) each, for any acceptable spectra.

        Raises InputError listing every row that holds an unusable value, or whose first output is not finite: a
        constant row, say.
        """
        x = matrix(X, self.width)
        with np.errstate(all="ignore"):
            found = self._run(x, checked=True)
            flat = found[0].reshape(-1)
            # A dot product sees a NaN or an infinity anywhere, in one call; only then is it worth looking closer.
            if not np.dot(flat, flat) < inf:
                _refuse_unanswered(found[0])
        return found

    def _run(self, X: Matrix, *, checked: bool) -> tuple[Matrix, ...]:
        n, block = len(X), self._block
        if n <= FEW:
            return self._blocks(X, X, n, checked)
        size = np.setbufsize(BUFFER)
        try:
            if n <= block:
                return self._blocks(X, X, n, checked)
            whole = n - n % block
            parts = [self._blocks(X[:whole], X, block, checked)]
            if whole < n:
                parts.append(self._blocks(X[whole:], X, n - whole, checked))
            return tuple([np.concatenate(columns) for columns in zip(*parts, strict=True)])
        finally:
            np.setbufsize(size)

    def _blocks(self, rows: Matrix, X: Matrix, size: int, checked: bool) -> tuple[Matrix, ...]:
        """The outputs for `rows`, a whole number of blocks of `size` rows of `X`."""
        frame = self._frame(size)
        try:
            if len(rows) == size:
                _run_block(frame, rows, X, checked)
                return tuple([result.copy() for result in frame.results])
            answers = tuple([np.empty((len(rows), result.shape[1])) for result in frame.results])
            for start in range(0, len(rows), size):
                block = slice(start, start + size)
                _run_block(frame, rows[block], X, checked)
                for answer, result in zip(answers, frame.results, strict=True):
                    answer[block] = result
            return answers
        finally:
            frame.let_go()
            self._keep(frame)

    def _frame(self, rows: int) -> Frame:
        with self._lock:
            for number, frame in enumerate(self._frames):
                if len(frame.x) == rows:
                    return self._frames.pop(number)
        return Frame(self.plan, self._body, self.outputs, self._opaque, rows)

    def _keep(self, frame: Frame) -> None:
        with self._lock:
            self._frames.append(frame)
            if len(self._frames) > KEPT:
                del self._frames[0]


def _run_block(frame: Frame, rows: NDArray[Any], X: NDArray[Any], checked: bool) -> None:
    """Leave the outputs for `rows` of X in the frame; should one be bad, all bad rows of X are named at once."""
    frame.fill(rows)
    # The sum of squares cannot hide a large value, an infinity or a NaN, whatever the order of summation.
    if checked and not np.dot(frame.flat, frame.flat) < LARGEST * LARGEST:
        bad = bad_rows(X)
        if bad:
            raise refuse(bad, len(X))
    for call in frame.calls:
        call()


def _needed(body: Sequence[Instruction], wanted: set[str]) -> list[Instruction]:
    kept, wanted = [], set(wanted)
    for line in reversed(body):
        if line.out in wanted:
            kept.append(line)
            wanted.update(line.inputs)
    return kept[::-1]


def _refuse_unanswered(value: Matrix) -> None:
    rows = np.flatnonzero(~np.isfinite(value).all(axis=1))
    if len(rows):
        reason = "no finite result: the spectrum is constant, or its values are out of the range the model can scale"
        raise refuse([(int(i), reason) for i in rows], len(value))
