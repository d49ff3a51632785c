"""A round: every server begun and checked, every load put on each in turn."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .line_up import CONTESTANTS, Contestant, Models
from .load import load
from .process import Process
from .questions import Question
from .targets import Cell

__all__ = ["MOST", "Bench", "one_round"]

WARM = 1
"""Seconds in which a server is asked before it is measured."""


@dataclass(frozen=True)
class Load:
    """So many spectra in a body of a kind, over so many connections."""

    kind: str
    rows: int
    connections: int

    def __str__(self) -> str:
        return f"{self.rows} {self.kind} c={self.connections}"


LOADS = (
    Load("JSON", 1, 1),
    Load("JSON", 1, 8),
    Load("full", 1, 8),
    Load("JSON", 1, 64),
    Load("JSON", 256, 2),
    Load("npy", 256, 2),
    Load("Arrow", 256, 2),
    Load("OIP", 256, 2),
)
MOST = max(each.rows for each in LOADS)
"""Spectra in the largest request."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What all rounds are made with: models, spectra (n, p) and what scikit-learn says of them, seconds of a load."""

    models: Models
    environments: Path
    rows: NDArray[np.float64]
    expected: NDArray[np.float64]
    seconds: int
    core: int


def one_round(bench: Bench, names: Sequence[str]) -> dict[Cell, float]:
    """Everything once, of the contestants that are named."""
    said: dict[Cell, float] = {}
    asked = {name: _questions(CONTESTANTS[name], bench) for name in names}
    with ExitStack() as stack:
        running: dict[str, Process] = {}
        for name in names:
            contestant = CONTESTANTS[name]
            running[name] = stack.enter_context(contestant.started(bench.models, bench.environments, bench.core))
            said |= _begun(name, running[name], asked[name])
            _check(contestant, running[name], asked[name], bench.expected)
            load(running[name].port, next(iter(asked[name].values())), 8, WARM)
        for each in LOADS:
            for name, process in running.items():
                if question := asked[name].get(each):
                    said |= _under(name, process, question, each, bench.seconds)
    return said


def _questions(contestant: Contestant, bench: Bench) -> dict[Load, Question]:
    """What that contestant can be asked."""
    known = [each for each in LOADS if each.kind in contestant.asked]
    made = {(each.kind, each.rows): contestant.asked[each.kind](bench.rows[: each.rows]) for each in known}
    return {each: made[each.kind, each.rows] for each in known}


def _begun(name: str, process: Process, asked: Mapping[Load, Question]) -> dict[Cell, float]:
    """Seconds until it answers, and its memory then."""
    start = process.answers(next(iter(asked.values())))
    time.sleep(0.5)
    resident, proportional = process.memory()
    measures = {"start": start, "resident": resident, "proportional": proportional}
    return {Cell(name, "", what): value for what, value in measures.items()}


def _check(
    contestant: Contestant, process: Process, asked: Mapping[Load, Question], expected: NDArray[np.float64]
) -> None:
    """Raises SystemExit where an answer is not that of scikit-learn."""
    for each, question in asked.items():
        status, body = question.asked(process.port)
        if status != 200:
            raise SystemExit(f"{contestant.title}, {each}: {status} {body[:500]!r}")
        values = np.asarray(question.values(json.loads(body)), dtype=np.float64)
        if contestant.predicts and not np.allclose(values, expected[: each.rows], rtol=1e-6, atol=1e-6):
            raise SystemExit(f"{contestant.title}, {each}: other values than scikit-learn's: {body[:500]!r}")


def _under(name: str, process: Process, question: Question, each: Load, seconds: int) -> dict[Cell, float]:
    """What it does under a load; nothing where not one answer came in time."""
    before = process.processor()
    counted = load(process.port, question, each.connections, seconds)
    computed = max(process.processor() - before, 0.01)  # the unit that the system counts in
    if not counted.requests:
        print(f"{name}, {each}: no answer in {seconds} s, which is left out", file=sys.stderr, flush=True)
        return {}
    measures = {
        "rate": counted.requests / counted.seconds,
        "processor": counted.requests / computed,
        "computed": computed / counted.requests,
        "p50": counted.p50,
        "p99": counted.p99,
        "errors": counted.errors,
    }
    return {Cell(name, str(each), what): value for what, value in measures.items()}
