"""Acts of somebody who may not write what is protected, which root may."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .actors import start

__all__ = ["as_anybody", "protected"]

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
VERSION_3 = 0x20080522


@contextmanager
def protected(*paths: Path) -> Iterator[None]:
    """Files and folders that may not be written, and folders with all that is in them."""
    every = [each for path in paths for each in (path, *path.rglob("*"))]
    modes = {path: path.stat().st_mode for path in every}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def as_anybody(act: Callable[..., Any], *arguments: Any) -> Any:
    """What an act answers or raises in a new process whom permissions bind."""
    answers, theirs = multiprocessing.Pipe(duplex=False)
    process = start(_act, theirs, act, arguments)
    theirs.close()
    answer = answers.recv()
    process.join(60)
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _act(answers: Connection, act: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    if os.geteuid() == 0:
        _let_permissions_bind()
    try:
        answers.send(act(*arguments))
    except Exception as error:
        answers.send(error)


def _let_permissions_bind() -> None:
    """Give up what lets root pass over permissions; see capabilities(7)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("<Ii", VERSION_3, 0)
    sets = ctypes.create_string_buffer(24)  # effective, permitted and inheritable of capabilities 0 to 31, then of more
    assert libc.capget(header, sets) == 0
    words = struct.unpack("<6I", sets.raw)
    without = ~(1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)
    assert libc.capset(header, struct.pack("<6I", *(word & without & 0xFFFFFFFF for word in words))) == 0
