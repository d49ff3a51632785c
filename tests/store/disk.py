"""A disk that fails on request: processes that have `disk.c` preloaded, forked from one that has imported the rest."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

__all__ = ["DEAD", "Fault", "Laboratory", "compiled", "failing", "mark"]

DEAD = 137
"""The exit code of a process that the disk ended."""

ROOT = Path(__file__).parents[2]


class Fault(IntEnum):
    """What goes wrong, as in disk.c."""

    WELL, FULL, BROKEN, SHORT, UNSYNCED, DEAD, TORN = range(7)


@contextmanager
def failing(folder: Path, fault: Fault, nth: int, log: str = "") -> Iterator[Callable[[], int]]:
    """In a preloaded process: the n-th call that changes something below the folder, and that the fault concerns, goes
    wrong. Gives what ends that, and answers how many such calls there were.
    """
    disk = ctypes.CDLL(None)
    disk.disk_watch(os.fsencode(folder), int(fault), nth, log.encode())
    try:
        yield disk.disk_heal
    finally:
        disk.disk_heal()


def mark(*words: object) -> None:
    """In a preloaded process: put words into the log, after what was done before."""
    ctypes.CDLL(None).disk_mark(" ".join(map(str, words)).encode())


def compiled(folder: Path) -> Path:
    """The library made of disk.c. Skips where there is no compiler, but for continuous integration, which has one."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or (compiler is None and not os.environ.get("CI")):
        pytest.skip("disk.c needs Linux and a C compiler (cc)")
    library = folder / "disk.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler or "cc", *flags, "-o", library, Path(__file__).with_name("disk.c")], check=True)
    return library


class Laboratory:
    """A process with a library preloaded, whose children do what they are told, one after the other."""

    def __init__(self, library: Path) -> None:
        self._strings, theirs = multiprocessing.Pipe()
        code = f"from tests.store.disk import serve; serve({theirs.fileno()})"
        environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-W", "error", "-c", code]
        self._process = subprocess.Popen(
            command, env=environment, pass_fds=[theirs.fileno()], start_new_session=True, stdin=subprocess.DEVNULL
        )
        theirs.close()

    def run(self, act: Callable[..., Any], *arguments: Any) -> Any:
        """What the act answers in a new process, or its exit code if it was ended. What it raises fails the test."""
        self._strings.send((act, arguments))
        assert self._strings.poll(60), "waits for ever"
        answer, trace = self._strings.recv()
        assert not trace, trace
        return answer

    def leave(self) -> None:
        """End it, and what it has started."""
        self._strings.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def serve(file: int) -> None:
    """Let a child do each thing asked for."""
    __import__("n4akit.store")
    strings = Connection(file)
    while True:
        try:
            act, arguments = strings.recv()
        except EOFError:
            return
        child = os.fork()
        if child == 0:
            _act(strings, act, arguments)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status:
            strings.send((status, ""))


def _act(strings: Connection, act: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        strings.send((act(*arguments), ""))
    except BaseException:
        strings.send((None, traceback.format_exc()))
    os._exit(0)
