"""Looking at the folders: from time to time, and when told by a signal; and telling the other processes to look."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from .repository import Repository

__all__ = ["Watch"]

log = logging.getLogger("n4akit.serve")


class Watch:
    """Takes what came, changed or went, every so many seconds (0: never by itself), and at once when told."""

    def __init__(self, repository: Repository, seconds: float) -> None:
        self.parent = 0
        """The process that passes SIGHUP on to all that answer beside this one; 0 where there is none."""
        self._repository = repository
        self._seconds = seconds
        self._told = asyncio.Event()
        self._said = ""

    def tell(self) -> None:
        """Look as soon as may be; before anything is answered, when that has not begun."""
        self._told.set()

    def tell_others(self) -> None:
        """Have the other processes look, if there are any; this one is told with them, and tells nobody."""
        if self.parent and os.getppid() == self.parent:
            os.kill(self.parent, signal.SIGHUP)

    @asynccontextmanager
    async def opened(self, _: Any = None) -> AsyncIterator[None]:
        """While the application runs."""
        if self._told.is_set():
            await self._look()
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds or None):
                    await self._told.wait()
            await self._look()

    async def _look(self) -> None:
        patient = not self._told.is_set()
        self._told.clear()  # before: who tells it from now on means another look
        try:
            await self._repository.look(patient=patient)
            self._said = ""
        except OSError as error:
            if str(error) != self._said:  # once, not at every look
                log.warning("the models cannot be looked at, and go on as they are: %s", error)
            self._said = str(error)
        except Exception:
            log.exception("unexpected error while looking for models, which go on as they are")
