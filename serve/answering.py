"""Where an answer is made: in the turn of the loop in which it was asked for, or in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from litestar import Response

__all__ = ["AT_ONCE", "answered"]

AT_ONCE = 128 * 1024
"""Bodies up to so many bytes are answered at once; larger ones in a thread, so that others need not wait."""


async def answered(answer: Callable[[], Response[Any]], *, at_once: bool) -> Response[Any]:
    """What `answer` makes."""
    return answer() if at_once else await asyncio.to_thread(answer)
