"""How much at a time: slots with a bounded queue before them, and a bucket of requests per client."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from contextlib import suppress

__all__ = ["Buckets", "Full", "Slots"]


class Full(Exception):
    """All slots are taken and the queue is full."""


class Slots:
    """So many requests are worked on at once, so many more wait in their order."""

    def __init__(self, count: int, queue: int) -> None:
        self._free = count
        self._queue = queue
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._waiting)

    def take(self) -> bool:
        """Take a slot if one is free and nobody waits for it."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Wait for a slot. Raises Full instead where too many wait already."""
        if len(self._waiting) >= self._queue:
            raise Full
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # it was given a slot at the moment it gave up
            else:
                with suppress(ValueError):  # whoever left a slot meanwhile has passed over it already
                    self._waiting.remove(turn)
            raise

    def leave(self) -> None:
        """Give a slot back: to the first that waits, else it is free."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Buckets:
    """A bucket per client: each request takes one from it, and it fills again at the rate, up to the burst."""

    CLIENTS = 10_000
    """Clients that are remembered; of more, those that asked longest ago are forgotten."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, now: float) -> int:
        """0 when the client may ask; else the seconds, rounded up, after which it may."""
        left, then = self._left.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._rate)
        allowed = left >= 1.0
        self._left[client] = (left - 1.0 if allowed else left, now)
        if len(self._left) > self.CLIENTS:
            self._left.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1.0 - left) / self._rate))
