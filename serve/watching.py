"""Looking at the folders from time to time."""

from __future__ import annotations

import asyncio
import logging

from .repository import Repository

__all__ = ["watch"]

log = logging.getLogger("n4akit.serve")


async def watch(repository: Repository, seconds: float) -> None:
    """Take what came, changed or went, for as long as this is awaited."""
    said = ""
    while True:
        await asyncio.sleep(seconds)
        try:
            await repository.look(patient=True)
            said = ""
        except OSError as error:
            if str(error) != said:  # once, not at every look
                log.warning("the models cannot be looked at, and go on as they are: %s", error)
            said = str(error)
        except Exception:
            log.exception("unexpected error while looking for models, which go on as they are")
