"""The heap of a process that serves: what the body of a request leaves free is kept for the next one.

The C library gives memory back to the system as soon as much of it is free, and for the next large body it asks for as
much again, which comes page by page, each with a fault of its own: for 256 spectra that takes longer than to predict
them.
"""

from __future__ import annotations

import ctypes
import os
import sys

__all__ = ["keep_what_is_freed"]

LARGEST = 16 * 1024 * 1024
"""Bytes of what is asked for at a time up to which it comes from the heap; twice as many may lie there free."""
# As glibc itself sets both when so large a piece becomes free; <malloc.h> has the numbers.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_what_is_freed() -> bool:
    """Whether this C library could be told so. Who tells it something else in the environment has their way."""
    told = any(name.startswith("MALLOC_") for name in os.environ) or "glibc.malloc" in os.environ.get(
        "GLIBC_TUNABLES", ""
    )
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" and not told else None
    return mallopt is not None and bool(mallopt(M_MMAP_THRESHOLD, LARGEST) and mallopt(M_TRIM_THRESHOLD, 2 * LARGEST))
