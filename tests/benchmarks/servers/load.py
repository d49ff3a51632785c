"""Ask one question as fast as it is answered, over so many connections, by wrk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .questions import Question

__all__ = ["Counted", "cores", "load", "wanted"]

SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Counted:
    """What came back; times in seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int


def cores() -> tuple[int, int]:
    """One for servers, and one for who asks them. Raises SystemExit where there is one alone."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("one core is too few: a server has one, and who asks it another")
    return usable[0], usable[1]


def wanted() -> None:
    """Raises SystemExit where there is no wrk."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not here, and it is what asks the servers: install it (the Debian package is wrk)")


def load(
    port: int, question: Question, connections: int, seconds: int, meanwhile: Callable[[], object] | None = None
) -> Counted:
    """Ask for so many seconds; whatever is to happen `meanwhile` is done when it has begun."""
    with tempfile.NamedTemporaryFile() as body:
        body.write(question.body)
        body.flush()
        headers = "\n".join(f"{name}: {value}" for name, value in question.headers.items())
        how = ("-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(SCRIPT))
        with subprocess.Popen(
            ["wrk", *how, f"http://127.0.0.1:{port}{question.path}"],
            env=os.environ | {"WRK_BODY": body.name, "WRK_HEADERS": headers},
            stdout=subprocess.PIPE,
        ) as wrk:
            try:
                if meanwhile:
                    meanwhile()
                said = json.loads(wrk.communicate()[0].splitlines()[-1])
            finally:
                wrk.kill()
    return Counted(said["requests"], said["us"] / 1e6, said["p50"] / 1e6, said["p99"] / 1e6, said["errors"])
