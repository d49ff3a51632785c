"""Telling the other processes what this one counted, and going on from what one counted that is no more."""

from __future__ import annotations

import asyncio
import logging

from .metrics import Metrics
from .shared import Page

__all__ = ["share"]

log = logging.getLogger("n4akit.serve")

PAUSE = 0.5
"""Seconds between two tellings: what the others' counts in /metrics lag behind."""


async def share(metrics: Metrics, page: Page) -> None:
    """Share counts until cancelled; the last telling is then."""
    if before := page.read():
        metrics.restore(before)
    metrics.others = page.others
    complained = False
    try:
        while True:
            try:
                page.write(metrics.snapshot())
            except ValueError as error:
                if not complained:
                    log.warning("the counts of this process are not shared with the others: %s", error)
                complained = True
            await asyncio.sleep(PAUSE)
    finally:
        if not complained:
            page.write(metrics.snapshot())
