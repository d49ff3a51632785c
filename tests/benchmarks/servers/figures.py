"""What is shown of all that was measured: a line for each server, with medians of the rounds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .targets import Cell, Round

__all__ = ["table"]


@dataclass(frozen=True)
class Column:
    """A median under its title: of one load and measure, in a unit, with so many decimals."""

    title: str
    load: str
    what: str
    unit: float = 1.0
    decimals: int = 0

    def shown(self, who: str, rounds: Sequence[Round]) -> str:
        """Nothing where it was not measured."""
        cell = Cell(who, self.load, self.what)
        found = [one[cell] for one in rounds if cell in one]
        return f"{statistics.median(found) / self.unit:.{self.decimals}f}" if found else ""


COLUMNS = (
    Column("c=1, p50 ms", "1 JSON c=1", "p50", 1e-3, 2),
    Column("c=8, a second", "1 JSON c=8", "rate"),
    Column("processor, µs", "1 JSON c=8", "computed", 1e-6),
    Column("full record, c=8", "1 full c=8", "rate"),
    Column("processor, µs", "1 full c=8", "computed", 1e-6),
    Column("c=64, a second", "1 JSON c=64", "rate"),
    Column("p50 ms", "1 JSON c=64", "p50", 1e-3, 1),
    Column("p99 ms", "1 JSON c=64", "p99", 1e-3, 1),
    Column("256 JSON", "256 JSON c=2", "rate"),
    Column("256 npy", "256 npy c=2", "rate"),
    Column("256 Arrow", "256 Arrow c=2", "rate"),
    Column("256 OIP", "256 OIP c=2", "rate"),
    Column("cold start, s", "", "start", 1.0, 2),
    Column("resident, MB", "", "resident", 1e6),
)
"""All but the last two are of requests: in a second, or of each."""


def table(titles: Mapping[str, str], rounds: Sequence[Round]) -> str:
    """All servers that have a title, as Markdown; errors are those of all rounds."""
    head = ["server", *(column.title for column in COLUMNS), "errors"]
    lines = [
        [title, *(column.shown(who, rounds) for column in COLUMNS), f"{_errors(who, rounds):.0f}"]
        for who, title in titles.items()
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *lines))


def _errors(who: str, rounds: Sequence[Round]) -> float:
    return sum(value for one in rounds for cell, value in one.items() if (cell.who, cell.what) == (who, "errors"))
