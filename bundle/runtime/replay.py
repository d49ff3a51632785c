"""Run a plan with numpy, in blocks of rows that stay in the processor's cache."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import fast
from .errors import PlanError
from .evidence import SMALL, below
from .frame import Frame, Kernel, Opaque, kernel
from .inputs import LARGEST, bad_rows, matrix, refuse, unanswered
from .plan import Instruction, Plan
from .spread import spread

__all__ = ["PROFILES", "Engine", "Opaque", "Replay"]

Matrix = NDArray[np.float64]
Engine = Callable[[Plan, Sequence[Instruction]], Mapping[str, Kernel]]
"""Makes kernels of its own for some lines of a checked plan, by the register that they compute."""

PROFILES: Mapping[str, Mapping[str, Kernel]] = MappingProxyType({"exact": {}, "fast": fast.KERNELS})
"""The kernels that each profile puts in the place of the exact ones."""

ROOM = 1_900_000
"""Bytes of all arrays of one block: more leave the caches, less cost more calls. What the calls themselves take stays
below 100,000."""

MANY = 256
"""Rows of a block for an engine, which asks for many at once, even where their arrays leave the caches."""

KEPT = 8
"""Frames kept between calls: each thread that predicts at once needs one."""

FEW = 4
BUFFER = 512
"""Elements of numpy's buffer for more than a few rows: at its own 8192, numpy copies several rows together wherever
one operand is narrower or has one row, which takes longer than the arithmetic."""

SHARE = 4
"""Blocks that each thread must find for another thread to be worth its start."""


class Replay:
    """A plan made ready to run, for some of its outputs.

    `opaque` maps the digests of pickled artifacts to what they compute; without it a plan that needs one is refused.
    `profile` is `exact` or `fast`; up to `threads` threads share the rows of a large batch, which changes no bit in the
    exact profile. `engine` computes what it can in the place of both, in threads of its own. Raises PlanError when the
    plan cannot be run. Safe to call from several threads.
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
        self._body = _needed(plan.body, {plan.outputs[name].register for name in outputs})
        taken = engine(plan, self._body) if engine else {}
        self._kernels = [taken.get(line.out) or kernel(line, opaque or {}, PROFILES[profile]) for line in self._body]
        # A pickled step may be anything: it is not asked for two blocks at once. A library of linear algebra has
        # threads of its own, and two of ours would wait for each other there; so has an engine.
        alone = any(line.op == "opaque" or (profile == "fast" and fast.has_threads(line, plan)) for line in self._body)
        self._threads = 1 if alone or taken else threads
        self._lock = Lock()
        # The frame for one row is made at once: what numpy cannot run is refused before it may predict.
        self._frames = [self._new_frame(1)]
        self._block = max(MANY if taken else 1, ROOM // self._frames[0].size)

    def __call__(self, X: Matrix) -> tuple[Matrix, ...]:
        """The outputs, (n, width) each, for any (n, p) array of floats. Neither spectra nor answers are checked."""
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
        found = self._run(X, checked=True)
        with np.errstate(all="ignore"):
            if not below(found[0].reshape(-1), inf):
                _refuse_unanswered(found[0], X)
        return found

    def _run(self, X: Matrix, *, checked: bool) -> tuple[Matrix, ...]:
        n = len(X)
        if n <= FEW:
            with np.errstate(all="ignore"):
                return self._one_block(X, checked)
        if n <= self._block:
            with _settings():
                return self._one_block(X, checked)
        return self._many_blocks(X, checked)

    def _one_block(self, X: Matrix, checked: bool) -> tuple[Matrix, ...]:
        frame = self._frame(len(X))
        try:
            _compute(frame, X, X, checked)
            return tuple([result.copy() for result in frame.results])
        finally:
            self._give_back(frame)

    def _many_blocks(self, X: Matrix, checked: bool) -> tuple[Matrix, ...]:
        """The outputs, from blocks of one size that threads take from one pile.

        The last block ends with the batch: it repeats some rows of the one before, with the same bits.
        """
        n = len(X)
        blocks = -(-n // self._block)
        size = -(-n // blocks)
        starts = deque([min(start, n - size) for start in range(0, n, size)])
        answers = tuple([np.empty((n, self.plan.widths[self.plan.outputs[name].register])) for name in self.outputs])

        def work() -> None:
            frame = self._frame(size)
            try:
                with _settings():  # which are a thread's own
                    for start in _taken(starts):
                        rows = slice(start, start + size)
                        _compute(frame, X[rows], X, checked)
                        for answer, result in zip(answers, frame.results, strict=True):
                            answer[rows] = result
            except BaseException:
                starts.clear()
                raise
            finally:
                self._give_back(frame)

        spread(work, max(1, min(self._threads, blocks // SHARE)))
        return answers

    def _frame(self, rows: int) -> Frame:
        with self._lock:
            for number, frame in enumerate(self._frames):
                if len(frame.x) == rows:
                    return self._frames.pop(number)
        return self._new_frame(rows)

    def _new_frame(self, rows: int) -> Frame:
        return Frame(self.plan, self._body, self._kernels, self.outputs, rows)

    def _give_back(self, frame: Frame) -> None:
        frame.let_go()
        with self._lock:
            self._frames.append(frame)
            if len(self._frames) > KEPT:
                del self._frames[0]


def _compute(frame: Frame, rows: NDArray[Any], X: NDArray[Any], checked: bool) -> None:
    """Leave the outputs for `rows` of X in the frame; should one be bad, all bad rows of X are named at once."""
    frame.fill(rows)
    evidence = frame.evidence
    if checked and evidence is None and not below(frame.spectra, LARGEST * LARGEST):
        _refuse_unusable(rows, X, frame.missing)
    for call in frame.calls:
        call()
    if checked and evidence is not None:
        for seen in evidence:
            if not below(seen, SMALL):
                _refuse_unusable(rows, X, frame.missing)


@contextmanager
def _settings() -> Iterator[None]:
    """No warnings from numpy, and its smaller buffer."""
    with np.errstate(all="ignore"):
        size = np.setbufsize(BUFFER)
        try:
            yield
        finally:
            np.setbufsize(size)


def _taken(pile: deque[int]) -> Iterator[int]:
    while True:
        try:
            taken = pile.popleft()
        except IndexError:
            return
        yield taken


def _needed(body: Sequence[Instruction], wanted: set[str]) -> list[Instruction]:
    kept, wanted = [], set(wanted)
    for line in reversed(body):
        if line.out in wanted:
            kept.append(line)
            wanted.update(line.inputs)
    return kept[::-1]


def _refuse_unusable(rows: NDArray[Any], X: NDArray[Any], missing: bool) -> None:
    # Blocks with missing values come here too: these rows show alone whether there is anything to refuse.
    if bad_rows(rows, missing):
        raise refuse(bad_rows(X, missing), len(X))


def _refuse_unanswered(value: Matrix, X: NDArray[Any]) -> None:
    rows = np.flatnonzero(~np.isfinite(value).all(axis=1))
    if len(rows):
        raise refuse([(int(i), unanswered(X[i])) for i in rows], len(value))
