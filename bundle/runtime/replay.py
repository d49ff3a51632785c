"""Run a plan with numpy, in blocks of rows that stay in the processor's cache."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import fast
from .errors import PlanError
from .evidence import SMALL, below
from .frame import Frame, in_place
from .inputs import LARGEST, bad_rows, matrix, refuse, unanswered
from .narrow import Ends, cut
from .plan import Plan
from .pool import Pool
from .program import PROFILES, Engine, Opaque, programs
from .sizes import Sizes
from .spread import spread, taken

__all__ = ["PROFILES", "Engine", "Opaque", "Replay"]

Matrix = NDArray[np.float64]

FEW = 4
BUFFER = 512
"""Elements of numpy's buffer for more than a few rows: at its own 8192, numpy copies several rows together wherever
one operand is narrower or has one row, which takes longer than the arithmetic."""

MANY = 256
"""Rows of a block for an engine, which asks for many at once, even where their arrays leave the caches."""

SHARE = 4
"""Blocks that each thread must find for another thread to be worth its start."""


class Replay:
    """A plan made ready to run, for some of its outputs.

    `opaque` maps the digests of pickled artifacts to what they compute; without it a plan that needs one is refused.
    `profile` is `exact` or `fast`; up to `threads` threads share the rows of a large batch, which changes no bit in the
    exact profile. Raises PlanError when the plan cannot be run. Safe to call from several threads.
    """

    def __init__(
        self,
        plan: Plan,
        outputs: Sequence[str] = ("value",),
        opaque: Opaque | None = None,
        *,
        profile: str = "exact",
        threads: int = 1,
        engine: Engine | None = None,
    ) -> None:
        if len(plan.inputs) != 1:
            raise PlanError(f"this host runs plans of one source, this one has {len(plan.inputs)}")
        missing = [name for name in outputs if name not in plan.outputs]
        if missing:
            raise PlanError(f"the plan has no output {missing[0]!r}, only {', '.join(plan.outputs)}")
        plan.check_values()
        self.plan = plan
        self.outputs = tuple(outputs)
        self.width = plan.inputs[0].width
        self._few, self._many = programs(plan, outputs, opaque or {}, profile, engine)
        self._parts = cut(self._many)
        # A pickled step may be anything: it is not asked for two blocks at once. A library of linear algebra has
        # threads of its own, and two of ours would wait for each other there; so has an engine.
        wide = profile == "fast" and any(fast.has_threads(line, plan) for line, _ in self._few.lines)
        self._threads = 1 if wide or engine or self._few.has("opaque") else threads
        least = MANY if engine else 1
        self._sizes = Sizes(self._few, self._many, None if self._parts is None else self._parts[1], least)
        self._pool = Pool()
        # The frame for one row is made at once: what numpy cannot run is refused before it may predict.
        self._pool.give_back(Frame(self._few, 1, bound=False))

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
        X = matrix(X, self.width)
        with np.errstate(all="ignore"):
            found = self._run(X, checked=True)
            if not below(found[0].reshape(-1), inf):
                _refuse_unanswered(found[0], X)
        return found

    def _run(self, X: Matrix, *, checked: bool) -> tuple[Matrix, ...]:
        n = len(X)
        if n <= FEW:
            return self._one_block(X, checked, bound=False)
        bound = in_place(X)
        if n <= max(self._sizes.few, self._sizes.most(bound=bound)):
            with _settings():
                return self._one_block(X, checked, bound)
        return self._many_blocks(X, checked, bound)

    def _one_block(self, X: Matrix, checked: bool, bound: bool) -> tuple[Matrix, ...]:
        few = len(X) <= self._sizes.few
        frame = self._pool.take(self._few if few else self._many, len(X), bound=bound and not few)
        try:
            self._compute(frame, X, X, checked)
            answers = tuple([result.copy() for result in frame.results[: len(self.outputs)]])
            if len(frame.results) > len(answers):
                self._read_again(X, 0, frame.results[len(answers) :], answers)
            return answers
        finally:
            self._pool.give_back(frame)

    def _many_blocks(self, X: Matrix, checked: bool, bound: bool) -> tuple[Matrix, ...]:
        """The outputs, from blocks of one size that threads take from one pile.

        The last block ends with the batch: it repeats some rows of the one before, with the same bits.
        """
        n, size = len(X), self._sizes.block(len(X), bound=bound)
        starts = deque([min(start, n - size) for start in range(0, n, size)])
        answers = tuple([np.empty((n, self.plan.widths[name])) for name in self._few.wanted])
        threads = max(1, min(self._threads, len(starts) // SHARE))
        head, rest = (self._many, None) if self._parts is None or len(starts) < SHARE else self._parts

        def check(evidence: Sequence[NDArray[Any]]) -> None:
            if checked and not all(below(seen, SMALL) for seen in evidence):
                self._refuse_unusable(X, X)

        def put(start: int, results: Sequence[Matrix]) -> None:
            for answer, result in zip(answers, results, strict=False):
                answer[start : start + size] = result
            self._read_again(X, start, results[len(answers) :], answers)

        def work() -> None:
            frames = [self._pool.take(head, size, bound=bound)]
            add: Callable[[int, Sequence[Matrix]], None] = put
            if rest is not None:
                frames.append(self._pool.take(rest, self._sizes.ends(size, bound=bound)))
                ends = Ends(frames[1], size, check, put)
                add = ends.add
            try:
                with _settings():  # which are a thread's own
                    for start in taken(starts):
                        self._compute(frames[0], X[start : start + size], X, checked)
                        add(start, frames[0].results)
                    if rest is not None:
                        ends.finish()
            except BaseException:
                starts.clear()
                raise
            finally:
                for frame in frames:
                    self._pool.give_back(frame)

        spread(work, threads)
        return answers

    def _read_again(self, X: Matrix, start: int, enough: Sequence[Matrix], answers: Sequence[Matrix]) -> None:
        """Answer those rows, from `start` on, of which one reading keeps not enough, or gives no number."""
        if all((left > 0.0).all() for left in enough):
            return
        rows = start + np.flatnonzero(~np.logical_and.reduce([left[:, 0] > 0.0 for left in enough]))
        size = self._sizes.again
        frame = self._pool.take(self._few, size)
        try:
            for first in range(0, len(rows), size):
                some = rows[first : first + size]
                self._compute(frame, X[np.resize(some, size)], X, checked=False)
                for answer, result in zip(answers, frame.results, strict=True):
                    answer[some] = result[: len(some)]
        finally:
            self._pool.give_back(frame)

    def _compute(self, frame: Frame, rows: NDArray[Any], X: NDArray[Any], checked: bool) -> None:
        """Leave the outputs for `rows` of X in the frame; should one be bad, all bad rows of X are named at once."""
        frame.fill(rows)
        evidence = frame.evidence
        if checked and evidence is None and not below(frame.spectra, LARGEST * LARGEST):
            self._refuse_unusable(rows, X)
        for call in frame.calls:
            call()
        if checked and evidence is not None:
            for seen in evidence:
                if not below(seen, SMALL):
                    self._refuse_unusable(rows, X)

    def _refuse_unusable(self, rows: NDArray[Any], X: NDArray[Any]) -> None:
        # Blocks with missing values come here too: these rows show alone whether there is anything to refuse.
        missing = self.plan.inputs[0].missing
        if bad_rows(rows, missing):
            raise refuse(bad_rows(X, missing), len(X))


@contextmanager
def _settings() -> Iterator[None]:
    """No warnings from numpy, and its smaller buffer."""
    with np.errstate(all="ignore"):
        size = np.setbufsize(BUFFER)
        try:
            yield
        finally:
            np.setbufsize(size)


def _refuse_unanswered(value: Matrix, X: NDArray[Any]) -> None:
    rows = np.flatnonzero(~np.isfinite(value).all(axis=1))
    if len(rows):
        raise refuse([(int(i), unanswered(X[i])) for i in rows], len(value))
