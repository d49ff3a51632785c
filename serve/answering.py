"""From a request that was read to its answer: the one way that all protocols take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from litestar import Response
from numpy.typing import NDArray

from ..bundle import Bundle, Result
from .protocols.predicted import predicted
from .protocols.question import Question

__all__ = ["AT_ONCE", "Read", "answered"]

AT_ONCE = 128 * 1024
"""Bodies up to so many bytes are answered at once; larger ones in a thread, so that others need not wait."""


@dataclass(frozen=True, eq=False)
class Read:
    """A request that was read."""

    question: Question
    spectra: NDArray[np.float64]
    how: Any
    """What its protocol needs to know when it writes the answer."""


async def answered(
    bundle: Bundle, read: Callable[[], Read], tell: Callable[[Read, Result], Response[bytes]], *, at_once: bool
) -> Response[bytes]:
    """What `tell` makes of the predictions for what `read` gives, in this turn of the loop or in a thread."""

    def whole() -> Response[bytes]:
        asked = read()
        return tell(asked, predicted(bundle, asked.question, asked.spectra))

    return whole() if at_once else await asyncio.to_thread(whole)
