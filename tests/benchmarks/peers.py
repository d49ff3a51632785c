"""One workload on our store and on those of others, as many as are found: nirs4all 0.7, nirs4all 1.4, MLflow.

Run: python tests/benchmarks/peers.py [--nirs4all-duckdb PYTHON] [--nirs4all-sqlite PYTHON] [--mlflow PYTHON]

Each PYTHON is an interpreter that has that package; others are not in the table. `contestants/` tells what is done.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SAMPLES = 100
OURS = "n4akit_duckdb"


@dataclass(frozen=True)
class Peer:
    """A store, the option that names its interpreter, and how many predictions it gets: some would take hours."""

    store: str
    title: str
    option: str
    predictions: int


PEERS = (
    Peer(OURS, "n4akit", "", 10_000),
    Peer("nirs4all_duckdb", "nirs4all 0.7, DuckDB", "nirs4all_duckdb", 2_000),
    Peer("nirs4all_sqlite", "nirs4all 1.4, SQLite, batches of 500", "nirs4all_sqlite", 10_000),
    Peer("nirs4all_sqlite_single", "nirs4all 1.4, SQLite, durable per call", "nirs4all_sqlite", 300),
    Peer("mlflow_sqlite", "MLflow, SQLite", "mlflow", 200),
)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"


def rate(each: float) -> str:
    return f"{each:.0f}/s"


def share(part: float) -> str:
    return f"{part:.0%}"


SHOWN: dict[str, tuple[Callable[[float], str], bool]] = {
    "ingest": (rate, True),
    "bytes a prediction": (lambda count: f"{count:.0f}", False),
    "left after deleting 95 % and vacuum": (share, False),
}
"""How a measure is written, and whether more is better; all others are seconds."""


def cell(name: str, value: float, ours: float) -> str:
    """A value, and how many times better ours is."""
    write, more = SHOWN.get(name, (milliseconds, False))
    if value == ours:
        return write(value)
    times = ours / value if more else value / ours
    return f"{write(value)} ({times:.0f}×)" if times >= 10 else f"{write(value)} ({times:.2g}×)"


def once(python: str, peer: Peer) -> dict[str, float]:
    command = [python, "-m", "contestants.run", peer.store, str(peer.predictions), str(SAMPLES)]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{peer.title}: {done.stderr}")
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for option in sorted({peer.option for peer in PEERS if peer.option}):
        parser.add_argument(f"--{option.replace('_', '-')}", metavar="PYTHON")
    parser.add_argument("--repeats", type=int, default=5)
    given = vars(parser.parse_args())
    pythons = {peer: given[peer.option] if peer.option else sys.executable for peer in PEERS}
    here = {peer: python for peer, python in pythons.items() if python}
    runs: dict[Peer, list[dict[str, float]]] = {peer: [] for peer in here}
    for _ in range(given["repeats"]):  # in turn, so that a drift of the machine meets all alike
        for peer, python in here.items():
            runs[peer].append(once(python, peer))
    print("| | " + " | ".join(f"{peer.title} ({peer.predictions})" for peer in here) + " |")
    print("|---" * (len(here) + 1) + "|")
    for name in runs[PEERS[0]][0]:
        medians = {peer: statistics.median(run[name] for run in runs[peer]) for peer in here}
        print(f"| {name} | " + " | ".join(cell(name, medians[peer], medians[PEERS[0]]) for peer in here) + " |")


if __name__ == "__main__":
    main()
