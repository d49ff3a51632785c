"""A server in processes of its own on one core: started, measured, stopped. Of Linux, for it reads /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from .questions import Question

__all__ = ["Process", "started"]

PATIENCE = 120.0
"""Seconds after which a server that does not answer is given up."""
MARK = "SERVING_BENCHMARK"
"""The variable by whose value all processes of a server are found, whoever began them."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, eq=False)
class Process:
    """A server that was begun."""

    mark: bytes
    first: subprocess.Popen[bytes]
    port: int
    began: float
    log: Path

    def answers(self, question: Question) -> float:
        """Seconds from its begin to the first answer that is 200. Raises SystemExit when there is none."""
        while time.perf_counter() - self.began < PATIENCE and self.first.poll() is None:
            with suppress(OSError, HTTPException):
                if question.asked(self.port)[0] == 200:
                    return time.perf_counter() - self.began
            time.sleep(0.005)
        raise SystemExit(f"a server did not answer; the end of what it said:\n{self.log.read_text()[-2000:]}")

    def processor(self) -> float:
        """Seconds that its processes have computed."""
        ticks = 0
        for process in self._processes():
            with suppress(OSError):
                ticks += sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:13]))
        return ticks / TICKS

    def memory(self) -> tuple[float, float]:
        """Bytes that are resident: each process by itself, and all together with what they share counted once."""
        resident = proportional = 0
        for process in self._processes():
            with suppress(OSError):
                for line in (process / "smaps_rollup").read_text().splitlines():
                    resident += 1024 * int(line.split()[1]) if line.startswith("Rss:") else 0
                    proportional += 1024 * int(line.split()[1]) if line.startswith("Pss:") else 0
        return resident, proportional

    def stop(self) -> None:
        """Ask the first process to end, and after some seconds end what is left."""
        self.first.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.first.wait(10)
        for process in self._processes():
            with suppress(OSError):
                os.kill(int(process.name), signal.SIGKILL)
        self.first.wait()

    def _processes(self) -> list[Path]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if self.mark in (process / "environ").read_bytes():
                    found.append(process)
        return found


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str], port: int, core: int, folder: Path
) -> Iterator[Process]:
    """A server that will listen on the port; it has one core, and is stopped at the end."""
    mark = uuid.uuid4().hex
    log = folder / f"{port}.log"
    with log.open("wb") as said:
        began = time.perf_counter()
        first = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        process = Process(f"{MARK}={mark}".encode(), first, port, began, log)
        try:
            yield process
        finally:
            process.stop()
