"""Our server beside those of others: the same fitted model, spectra and core; what was asked for, kept or missed.

Run: python tests/benchmarks/serving.py [--only NAME …] [--repeats N] [--seconds N] [--venvs FOLDER]

Servers of others are installed with pip by their names, an environment each, into a folder that is kept. Servers have
the first core; wrk, which asks them, has the second. In a round all are started, one after the other, and their answers
compared with scikit-learn's; then each load is put on them in turn, and all are stopped. What counts are medians of
ratios within a round. Without wrk, a second core or Linux there is nothing to measure with.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.domain import Calibration, Validation
from n4akit.bundle.export import export
from servers import figures, targets
from servers.environments import python
from servers.line_up import CONTESTANTS, SIZES, Contestant, Models, ours
from servers.load import load, wanted
from servers.process import Process
from servers.questions import Question
from servers.targets import Cell
from workload import POINTS, Trained, spectra, train

TRIALS = ("workers", "reload")
"""What else can be named: the memory of a second worker, and a model that is replaced under load."""
SWAPS = 0.1
"""Seconds between two replacements of a model."""


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


@dataclass(frozen=True, eq=False)
class Bench:
    """What all rounds are made with."""

    models: Models
    environments: Path
    rows: Any
    expected: Any
    seconds: int
    core: int

    def question(self, contestant: Contestant, load: Load) -> Question | None:
        """What that contestant is asked under that load, if it can be."""
        ask = contestant.asked.get(load.kind)
        return ask(self.rows[: load.rows]) if ask else None


def written(trained: Trained, folder: Path) -> Models:
    """The fitted objects in every form that is served."""
    X, y = spectra(300)
    chain = from_sklearn(trained.folds)
    seen = Calibration(X, y)
    unseen, references = spectra(100, seed=2)
    usual = Validation(references, trained.cached(unseen))
    joblib.dump((trained.scaler, trained.models), folder / "model.joblib")
    return Models(
        folder,
        Path(export(chain, folder / "model")),
        Path(export(chain, folder / "calibrated", calibration=seen, validation=usual)),
        folder / "model.joblib",
        POINTS,
    )


def one_round(bench: Bench, names: Sequence[str]) -> dict[Cell, float]:
    """Everything once."""
    said: dict[Cell, float] = {}
    with ExitStack() as stack:
        running: dict[str, Process] = {}
        for name in names:
            if contestant := CONTESTANTS.get(name):
                process = stack.enter_context(contestant.started(bench.models, bench.environments, bench.core))
                running[name] = process
                begun(bench, name, contestant, process, said)
        for each in LOADS:
            for name, process in running.items():
                if question := bench.question(CONTESTANTS[name], each):
                    put(process, question, name, each, bench.seconds, said)
    if "workers" in names:
        workers(bench, said)
    if "reload" in names:
        reload(bench, said)
    return said


def begun(bench: Bench, name: str, contestant: Contestant, process: Process, said: dict[Cell, float]) -> None:
    """Seconds until it answers, memory then, whether it answers right; and it is made warm."""
    first = next(question for each in LOADS if (question := bench.question(contestant, each)))
    said[Cell(name, "", "start")] = process.answers(first)
    time.sleep(0.5)
    said[Cell(name, "", "resident")], said[Cell(name, "", "proportional")] = process.memory()
    for each in LOADS:
        if question := bench.question(contestant, each):
            check(contestant, each, question.asked(process.port), question, bench.expected[: each.rows])
    load(process.port, first, 8, 1)


def check(contestant: Contestant, each: Load, answer: tuple[int, bytes], question: Question, expected: Any) -> None:
    """Raises SystemExit where an answer is not that of scikit-learn."""
    status, body = answer
    if status != 200:
        raise SystemExit(f"{contestant.title}, {each}: {status} {body[:500]!r}")
    values = np.asarray(question.values(json.loads(body)), dtype=np.float64)
    if contestant.predicts and not np.allclose(values, expected, rtol=1e-6, atol=1e-6):
        raise SystemExit(f"{contestant.title}, {each}: other values than scikit-learn's: {body[:500]!r}")


def put(process: Process, question: Question, name: str, each: Load, seconds: int, said: dict[Cell, float]) -> None:
    """One load on one server."""
    before = process.processor()
    counted = load(process.port, question, each.connections, seconds)
    if not counted.requests:
        raise SystemExit(f"{name}, {each}: no answer in {seconds} s; give it more --seconds")
    computed = max(process.processor() - before, 0.01)  # what the system counts in
    measures = {
        "rate": counted.requests / counted.seconds,
        "processor": counted.requests / computed,
        "computed": computed / counted.requests,
        "p50": counted.p50,
        "p99": counted.p99,
        "errors": float(counted.errors),
    }
    said.update({Cell(name, str(each), what): value for what, value in measures.items()})


def workers(bench: Bench, said: dict[Cell, float]) -> None:
    """The memory of one process that answers, and of two with all that holds them, after both were busy."""
    for count, name in ((1, "1 worker"), (2, "2 workers")):
        command = ours("--workers", str(count), of=lambda models: models.bundle)
        contestant = Contestant(name, command, CONTESTANTS["n4akit"].asked)
        question = contestant.asked["JSON"](bench.rows[:1])
        with contestant.started(bench.models, bench.environments, bench.core) as process:
            process.answers(question)
            load(process.port, question, 16, bench.seconds)
            said[Cell(name, "", "proportional")] = process.memory()[1]


def reload(bench: Bench, said: dict[Cell, float]) -> None:
    """Requests that fail while a model is replaced over and over."""
    folder = bench.models.folder / "replaced"
    folder.mkdir(exist_ok=True)
    path, sources = folder / "model.n4a", (bench.models.calibrated, bench.models.bundle)
    shutil.copy(bench.models.bundle, path)
    contestant = Contestant("reload", ours("--poll", "0", of=lambda models: folder), CONTESTANTS["n4akit"].asked)
    question = contestant.asked["JSON"](bench.rows[:1])
    with contestant.started(bench.models, bench.environments, bench.core) as process:
        process.answers(question)
        done = 0

        def replacing() -> None:
            nonlocal done
            end = time.monotonic() + bench.seconds - 0.2
            while time.monotonic() < end:
                done += 1
                shutil.copy(sources[done % 2], folder / ".part")
                (folder / ".part").replace(path)
                told(process.port)
                time.sleep(SWAPS)

        counted = load(process.port, question, 8, bench.seconds, replacing)
    said[Cell("reload", "", "errors")] = float(counted.errors)
    said[Cell("reload", "", "replaced")] = float(done)
    said[Cell("reload", "", "requests")] = float(counted.requests)


def told(port: int) -> None:
    """Tell the server to look now. Raises SystemExit where it does not take what it finds."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/v1/models/model/reload")
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise SystemExit(f"a new content of the model was not taken: {answer.status} {body!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everything = [*CONTESTANTS, *TRIALS]
    parser.add_argument("--only", nargs="+", choices=everything, default=everything, metavar="NAME")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2, help="of a load; wrk counts whole ones")
    parser.add_argument("--venvs", type=Path, default=Path.home() / ".cache" / "n4akit-serving")
    given = parser.parse_args()
    wanted()
    server, client, *_ = [*sorted(os.sched_getaffinity(0)), None, None]
    if client is None:
        raise SystemExit("one core is too few: a server has one, and who asks it another")
    environments = given.venvs.resolve()
    for name in dict.fromkeys(CONTESTANTS[name].environment for name in given.only if name in CONTESTANTS):
        if name:
            python(environments, name)
    trained = train()
    rows = spectra(max(SIZES), seed=1)[0].round(6)  # as instruments write
    os.sched_setaffinity(0, {client})
    with tempfile.TemporaryDirectory() as folder:
        models = written(trained, Path(folder))
        bench = Bench(models, environments, rows, trained.cached(rows), given.seconds, server)
        rounds = []
        for number in range(given.repeats):
            print(f"round {number + 1} of {given.repeats}", file=sys.stderr, flush=True)
            first = number % len(given.only)  # each round begins with another
            rounds.append(one_round(bench, [*given.only[first:], *given.only[:first]]))
    titles = {name: CONTESTANTS[name].title for name in given.only if name in CONTESTANTS}
    print(figures.table(titles, rounds), "\n")
    print(targets.table(rounds))
    if "reload" in given.only:
        replaced, requests = (sum(one[Cell("reload", "", what)] for one in rounds) for what in ("replaced", "requests"))
        print(f"\nA model was replaced {replaced:.0f} times during {requests:.0f} requests.")


if __name__ == "__main__":
    main()
