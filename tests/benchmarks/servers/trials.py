"""What only ours is tried with: a second worker, and a model that is replaced under load."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection

from .line_up import CONTESTANTS, Contestant, ours
from .load import load
from .rounds import Bench
from .targets import Cell

__all__ = ["TRIALS"]

PAUSE = 0.1
"""Seconds between two replacements of a model."""


def workers(bench: Bench) -> dict[Cell, float]:
    """The memory of one process that answers, and of two with all that holds them, after both were busy."""
    said = {}
    for count, name in ((1, "1 worker"), (2, "2 workers")):
        command = ours("--workers", str(count), of=lambda models: models.bundle)
        contestant = Contestant(name, command, CONTESTANTS["n4akit"].asked)
        question = contestant.asked["JSON"](bench.rows[:1])
        with contestant.started(bench.models, bench.environments, bench.core) as process:
            process.answers(question)
            load(process.port, question, 16, bench.seconds)
            said[Cell(name, "", "proportional")] = process.memory()[1]
    return said


def reload(bench: Bench) -> dict[Cell, float]:
    """Requests that fail while a model is replaced over and over, by another and back."""
    folder = bench.models.folder / "replaced"
    folder.mkdir(exist_ok=True)
    shutil.copy(bench.models.bundle, folder / "model.n4a")
    contestant = Contestant("reload", ours("--poll", "0", of=lambda models: folder), CONTESTANTS["n4akit"].asked)
    question = contestant.asked["JSON"](bench.rows[:1])
    with contestant.started(bench.models, bench.environments, bench.core) as process:
        process.answers(question)
        replaced = 0

        def replacing() -> None:
            nonlocal replaced
            end = time.monotonic() + bench.seconds - 2 * PAUSE
            while time.monotonic() < end:
                source = bench.models.bundle if replaced % 2 else bench.models.calibrated
                shutil.copy(source, folder / ".part")
                (folder / ".part").replace(folder / "model.n4a")
                _told(process.port)
                replaced += 1
                time.sleep(PAUSE)

        counted = load(process.port, question, 8, bench.seconds, replacing)
    measures = {"errors": counted.errors, "requests": counted.requests, "replaced": replaced}
    return {Cell("reload", "", what): value for what, value in measures.items()}


def _told(port: int) -> None:
    """Tell the server to look now. Raises SystemExit where it does not take what it finds."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/v1/models/model/reload")
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise SystemExit(f"a new content of the model was not taken: {answer.status} {said!r}")


TRIALS: Mapping[str, Callable[[Bench], dict[Cell, float]]] = {"workers": workers, "reload": reload}
