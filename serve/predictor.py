"""Predictions for many callers: rows that arrive in the same turn of the event loop are predicted together.

Nobody waits for others to come: there is no timer, and whoever is alone is predicted alone, at once. What is small is
computed in the loop itself, a share of the rows at each turn; what takes long, in a thread, so that the loop goes on.
No bit of an answer depends on who else was there; where that could not be promised (a pickled step takes part), each
is predicted alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import thread_time
from types import MappingProxyType
from typing import Any

import numpy as np

from ..bundle import Bundle, Result
from .errors import Departed, Unavailable

__all__ = ["Predictor"]

AT_ONCE = 0.002
"""Seconds that a prediction in the loop may take."""

PACE = 5e-9
"""Seconds for each value of a spectrum, at the least: what a linear model takes with all that is told of it."""

START = 1e-4
"""Seconds that a prediction takes however few its rows are."""

ALONE = 8
"""So many questions are answered without waiting for the turn to end after one that had no company: where only one
client asks, nobody comes."""

LEARNT = 0.1
"""How much of a measurement is believed, so that a single one changes no way."""


@dataclass(eq=False)
class Question:
    """What one caller asks."""

    bundle: Bundle
    spectra: Any
    rows: int
    axis: Any
    how: Mapping[str, Any]
    """What else `predict_full` is asked: unit, signal, instrument, …"""
    begins: Callable[[], object]
    """Called when its prediction begins; again, should it be made anew."""
    answer: asyncio.Future[Result] = field(init=False)

    def company(self) -> Hashable:
        """Questions for which this is the same may be answered together; None for one that is answered alone."""
        if self.bundle.profile != "exact" or type(self.spectra) is not np.ndarray or self.spectra.ndim != 2:
            return None
        axis = _known(self.axis)
        said = tuple(self.how.items())
        # The very bundle: one of the same digest may have other settings beside it.
        return axis and (self.bundle, self.spectra.dtype, self.spectra.shape[1], axis, said)

    def ask(self, spectra: Any) -> Result:
        """What the model answers for spectra like these."""
        return self.bundle.predict_full(spectra, self.axis, **self.how)


class Predictor:
    """Predicts for all callers of one event loop. `close` it.

    Up to `queue` rows may wait; who comes when there are more is refused with Unavailable. `predicted` is told, in the
    loop, how many rows were predicted together.
    """

    def __init__(self, *, queue: int, threads: int, predicted: Callable[[int], object] = lambda rows: None) -> None:
        self._most = queue
        self._predicted = predicted
        self._waiting = 0
        self._asked: deque[Question] = deque()
        self._alone = 0
        self._paces: dict[str, float] = {}
        self._threads = ThreadPoolExecutor(threads, "n4a-predict")

    @property
    def waiting(self) -> int:
        """Rows whose prediction was asked and is not yet there."""
        return self._waiting

    async def predict(
        self,
        bundle: Bundle,
        spectra: Any,
        axis: Any = None,
        how: Mapping[str, Any] = MappingProxyType({}),
        *,
        left: Callable[[], Coroutine[Any, Any, Any]] | None = None,
        begins: Callable[[], object] = lambda: None,
    ) -> Result:
        """As `bundle.predict_full(spectra, axis, **how)`, whose errors it raises; Unavailable when too many rows wait.

        A caller that is cancelled leaves the queue, and its rows are not predicted unless they were begun. So does one
        who `left`: that is awaited while a prediction takes long, and when it ends first, Departed is raised. `begins`
        is called when the waiting ends.
        """
        rows = _rows(spectra)
        if self._waiting and self._waiting + rows > self._most:
            raise Unavailable(
                f"{self._waiting} spectra are waiting for their prediction, and {rows} more are more than the "
                f"{self._most} that may (queue); ask again soon"
            )
        loop = asyncio.get_running_loop()
        self._waiting += rows
        try:
            asked = Question(bundle, spectra, rows, axis, how, begins)
            # What a pickled step does may take any time.
            if rows * self._pace(asked) > AT_ONCE or bundle.profile == "opaque":
                working = loop.run_in_executor(self._threads, self._measured, asked, spectra, rows)
                result = await (working if left is None else _unless(left, working))
                self._predicted(rows)
                return result
            if self._alone:
                self._alone -= 1
                result = asked.ask(spectra)
                self._predicted(rows)
                return result
            if not self._asked:
                loop.call_soon(self._turn)
            asked.answer = loop.create_future()
            self._asked.append(asked)
            return await asked.answer
        finally:
            self._waiting -= rows

    def close(self) -> None:
        """Predict nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _turn(self) -> None:
        """Answer what was asked since the last turn, as far as a turn goes: oldest first."""
        groups: dict[Hashable, list[Question]] = {}
        self._alone = ALONE if len(self._asked) == 1 else 0
        left = AT_ONCE
        while self._asked and left > 0:
            asked = self._asked.popleft()
            if asked.answer.done():
                continue  # its caller left
            group = groups.setdefault(asked.company() or asked, [])
            group.append(asked)
            left -= asked.rows * self._pace(asked) + (START if len(group) == 1 else 0.0)
        if self._asked:
            # The rest after the loop has looked at its connections.
            asyncio.get_running_loop().call_soon(self._turn)
        for together in groups.values():
            self._answer(together)

    def _answer(self, together: Sequence[Question]) -> None:
        try:
            results = self._results(together)
        except Exception as error:
            if len(together) == 1:
                together[0].answer.set_exception(error)
                return
            # Whoever is to blame is told; the others are not even delayed for long.
            for one in together:
                self._answer([one])
            return
        for one, result in zip(together, results, strict=True):
            one.answer.set_result(result)

    def _results(self, together: Sequence[Question]) -> list[Result]:
        first = together[0]
        if len(together) == 1:
            whole = self._measured(first, first.spectra, first.rows)
            self._predicted(first.rows)
            return [whole]
        for one in together[1:]:
            one.begins()
        ends = np.cumsum([one.rows for one in together]).tolist()
        whole = self._measured(first, np.concatenate([one.spectra for one in together]), ends[-1])
        self._predicted(ends[-1])
        return [whole.rows(end - one.rows, end) for one, end in zip(together, ends, strict=True)]

    def _pace(self, asked: Question) -> float:
        """Seconds that a row of this model takes, by the latest measurements."""
        return self._paces.get(asked.bundle.digest, PACE * asked.bundle.n_features)

    def _measured(self, asked: Question, spectra: Any, rows: int) -> Result:
        asked.begins()
        start = thread_time()  # its own time: that of others on a busy machine says nothing about the model
        result = asked.ask(spectra)
        pace = max((thread_time() - start - START) / rows, PACE * asked.bundle.n_features)
        known = self._pace(asked)
        self._paces[asked.bundle.digest] = known + LEARNT * (pace - known)
        return result


async def _unless(left: Callable[[], Coroutine[Any, Any, Any]], working: asyncio.Future[Result]) -> Result:
    leaving = asyncio.ensure_future(left())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Departed("the caller left before its spectra were predicted")
    finally:
        working.cancel()
        leaving.cancel()


def _rows(spectra: Any) -> int:
    """How many spectra were given; of several sources, each an array, there are as many as of the first."""
    if isinstance(spectra, list | tuple) and spectra and np.ndim(spectra[0]) == 2:
        return len(spectra[0])
    return len(spectra) if isinstance(spectra, Sized) else 1


def _known(axis: Any) -> Hashable:
    """What two axes have in common only when they are the same; None when that cannot be told cheaply."""
    if axis is None:
        return "none"
    if type(axis) is np.ndarray and axis.dtype.kind in "fiu":
        return axis.dtype.str, axis.shape, axis.tobytes()
    if isinstance(axis, list | tuple) and all(type(value) in (float, int) for value in axis):
        return tuple(axis)
    return None
