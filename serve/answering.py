"""From the body of a request to its answer: the one way that all protocols take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

import numpy as np
from litestar.types import Scope
from numpy.typing import NDArray

from ..bundle import Result
from .desk import Desk
from .protocols.predicted import within_domain
from .protocols.question import Question
from .record import Record, of
from .slot import Model

__all__ = ["Read", "answered", "read_at_once"]

Answer = TypeVar("Answer")

TEXT = 128 * 1024
"""Bytes of text that are read at once; more are read in a thread, so that others need not wait."""
NUMBERS = 4 * 1024 * 1024
"""The same of numbers that lie there as the processor wants them."""
ROWS = 256
"""Rows of which is told at once."""


def read_at_once(text: int, numbers: int = 0) -> bool:
    """Whether a body of so many bytes of text and of numbers is read at once."""
    return text <= TEXT and numbers <= NUMBERS


class Read(NamedTuple):
    """A request that was read."""

    question: Question
    spectra: NDArray[np.float64]
    how: Any
    """What its protocol needs to know when it writes the answer."""


async def answered(
    scope: Scope,
    desk: Desk,
    model: Model,
    read: Callable[[], Read],
    tell: Callable[[Read, Result], Answer],
    *,
    at_once: bool,
    tells_at_once: bool = True,
) -> Answer:
    """What `tell` makes of the predictions for what `read` gives. Both in this turn of the loop, `at_once`, or in a
    thread; many rows are told in a thread in any case. The request's body must have been received before.
    """
    record, start = of(scope), perf_counter()
    asked = read() if at_once else await asyncio.to_thread(read)
    question = asked.question
    record.check(*asked.spectra.shape)
    waiting = begun = perf_counter()

    def begins() -> None:
        nonlocal begun
        begun = perf_counter()

    found = await desk.predictor.predict(
        model.bundle, asked.spectra, question.axis, question.how(), left=lambda: left(record), begins=begins
    )
    predicted = perf_counter()

    def told() -> tuple[Result, Answer]:
        result = within_domain(found, question)
        return result, tell(asked, result)

    result, answer = told() if tells_at_once and len(asked.spectra) <= ROWS else await asyncio.to_thread(told)
    record.queue += begun - waiting
    record.decode, record.predict, record.encode = waiting - start, predicted - begun, perf_counter() - predicted
    record.rows, record.flags = len(asked.spectra), result.flags
    return answer


async def left(record: Record) -> None:
    """Wait until the client is gone."""
    assert record.receive is not None
    while (await record.receive())["type"] != "http.disconnect":
        pass
