"""What was asked for of our server beside others, each in one line; and whether it was kept."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["TARGETS", "Cell", "Round", "Target", "table"]


class Cell(NamedTuple):
    """One number of a round: whose, under what load, and what of it."""

    who: str
    load: str
    what: str


Round = Mapping[Cell, float]
"""What was measured of all in turn, one right after the other."""


@dataclass(frozen=True)
class Target:
    """The worst of `ours` as a multiple of the best of `theirs`, at least or at most `bound`; without `theirs` a count,
    of which the worst round decides.
    """

    words: str
    sign: str
    bound: float
    ours: Sequence[Cell]
    theirs: Sequence[Cell] = ()

    def measured(self, rounds: Sequence[Round]) -> list[float]:
        """One value for each round; none where one who is needed was not there."""
        return self._of(rounds, self.ours, self.theirs)

    def by_processor(self, rounds: Sequence[Round]) -> list[float]:
        """The same of what a second of the server's processor answers; none where that says nothing."""
        if {cell.what for cell in (*self.ours, *self.theirs)} != {"rate"}:
            return []
        ours, theirs = ([cell._replace(what="processor") for cell in cells] for cells in (self.ours, self.theirs))
        return self._of(rounds, ours, theirs)

    def line(self, rounds: Sequence[Round]) -> str:
        """The target as a line of a table."""
        found = self.measured(rounds)
        asked = f"{self.words} | {self.sign} {self.bound:g}{'×' if self.theirs else ''}"
        if not found:
            return f"| {asked} | | | not measured |"
        value = statistics.median(found) if self.theirs else max(found)
        kept = value >= self.bound if self.sign == "≥" else value <= self.bound
        spread = f"{value:.3g}× ({min(found):.3g} to {max(found):.3g})" if self.theirs else f"{value:g}"
        processor = self.by_processor(rounds)
        beside = f"{statistics.median(processor):.3g}×" if processor else ""
        return f"| {asked} | {spread} | {beside} | {'kept' if kept else '**missed**'} |"

    def _of(self, rounds: Sequence[Round], ours: Sequence[Cell], theirs: Sequence[Cell]) -> list[float]:
        worst, best = (min, max) if self.sign == "≥" else (max, min)
        whole = [one for one in rounds if all(cell in one for cell in (*ours, *theirs))]
        return [
            worst(one[cell] for cell in ours) / (best(one[cell] for cell in theirs) if theirs else 1.0) for one in whole
        ]


def table(rounds: Sequence[Round]) -> str:
    """All targets, as Markdown."""
    head = "| n4akit beside | asked | measured | by processor time | |\n|---|---|---|---|---|"
    return "\n".join([head, *(target.line(rounds) for target in TARGETS)])


def _rates(load: str, *who: str) -> list[Cell]:
    return [Cell(each, load, "rate") for each in who]


ONE, CROWD, LONE = "1 JSON c=8", "1 JSON c=64", "1 JSON c=1"
FULL, MANY = "1 full c=8", "256 JSON c=2"
BINARY = [Cell("n4akit", f"256 {kind} c=2", "rate") for kind in ("npy", "Arrow", "OIP")]
OURS = _rates(ONE, "n4akit")

TARGETS = (
    Target("MLServer, its better configuration", "≥", 13, OURS, _rates(ONE, "mlserver", "mlserver-batching")),
    Target("FastAPI + scikit-learn", "≥", 9, OURS, _rates(ONE, "fastapi")),
    Target("BentoML", "≥", 20, OURS, _rates(ONE, "bentoml")),
    Target("FastAPI + `load().predict`", "≥", 1.5, OURS, _rates(ONE, "fastapi-n4akit")),
    Target("Litestar that only decodes", "≥", 0.85, OURS, _rates(ONE, "litestar")),
    Target("Litestar that only decodes: full record", "≥", 0.7, _rates(FULL, "n4akit"), _rates(FULL, "litestar")),
    Target(
        "Litestar that only decodes: full record, with a calibration",
        "≥",
        0.7,
        _rates(FULL, "calibrated"),
        _rates(FULL, "litestar"),
    ),
    Target(
        "Litestar that only decodes: p50, c=1", "≤", 1.1, [Cell("n4akit", LONE, "p50")], [Cell("litestar", LONE, "p50")]
    ),
    Target("its own p50: its p99, c=64", "≤", 3, [Cell("n4akit", CROWD, "p99")], [Cell("n4akit", CROWD, "p50")]),
    Target("requests that failed, c=64", "≤", 0, [Cell("n4akit", CROWD, "errors")]),
    Target("MLServer, 256 spectra", "≥", 3.5, _rates(MANY, "n4akit"), _rates(MANY, "mlserver", "mlserver-batching")),
    Target("MLflow, 256 spectra", "≥", 25, _rates(MANY, "n4akit"), _rates(MANY, "mlflow")),
    Target("each other: npy, Arrow, OIP in bytes", "≤", 1.3, BINARY, BINARY),
    Target("FastAPI + scikit-learn + npy: the slowest of them", "≥", 8, BINARY, _rates("256 npy c=2", "fastapi")),
    Target(
        "FastAPI + scikit-learn: cold start", "≤", 0.35, [Cell("n4akit", "", "start")], [Cell("fastapi", "", "start")]
    ),
    Target(
        "FastAPI + scikit-learn: resident memory",
        "≤",
        0.45,
        [Cell("n4akit", "", "resident")],
        [Cell("fastapi", "", "resident")],
    ),
    Target(
        "one worker: memory of two",
        "≤",
        1.4,
        [Cell("2 workers", "", "proportional")],
        [Cell("1 worker", "", "proportional")],
    ),
    Target("requests that failed while its model was replaced", "≤", 0, [Cell("reload", "", "errors")]),
)
"""Loads are of one spectrum in JSON over 8 connections where nothing else is said."""
