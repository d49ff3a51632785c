"""The demo: the product in one minute, on real spectra of meat, from training to four hosts that must agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from ...templates import tecator
from ..errors import Misuse
from .demo_hosts import Answer, by_library, by_script, by_server, by_store
from .demo_training import Split, export_winner, split, train

__all__ = ["tell"]

MARK = ".n4a-demo"
"""A file that says that a directory is the demo's."""


def tell(directory: Path) -> int:
    """Train, record, export and predict in `directory`; 0 when all hosts agree to the last bit, 6 otherwise."""
    progress = Console(stderr=True)
    workspace, models = _room(directory)
    data = split(tecator())
    progress.print(f"[bold]Training[/] on {len(data.train_y)} Tecator spectra of meat, {len(data.test_y)} kept out")
    with progress.status("fitting 5 folds of every candidate and recording them…"):
        run = train(workspace, data)
    progress.print(f"recorded {run.pipelines} pipelines and {run.predictions} predictions in {workspace}")
    bundle, script = export_winner(workspace, run, models)
    spectra = _write_spectra(directory, data)
    progress.print(f"winner: {run.winner} (RMSECV {run.rmsecv:.3f} % fat) → {bundle.name}, {script.name}")
    answers = []
    for host in (by_store, by_library, by_script, by_server):
        with progress.status(f"predicting {len(data.test_y)} spectra: {host.__doc__}"):
            answers.append(host(workspace, run.chain_id, bundle, script, spectra, data))
    Console().print(_table(answers, data))
    different = sum(_different_bits(answer.values, answers[0].values) for answer in answers)
    if different:
        progress.print(
            f"[bold red]{different} predictions differ between the hosts[/]: this must not happen, please report it"
        )
        return 6
    progress.print(f"All four hosts agree to the last bit. Next: [bold]n4a serve {models}[/]")
    return 0


def _room(directory: Path) -> tuple[Path, Path]:
    """The demo's folders in a directory that is new, empty, or an earlier demo's; files of others are not touched."""
    mark = directory / MARK
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()) and not mark.exists():
        raise Misuse(f"{directory}: holds files that are not of an earlier demo, expected a new or empty folder")
    mark.touch()
    models = directory / "models"
    models.mkdir(exist_ok=True)
    return directory / "workspace", models


def _write_spectra(directory: Path, data: Split) -> Path:
    path = directory / "spectra.csv"
    header = ",".join(["sample", *(f"{nm:g}" for nm in data.wavelengths)])
    rows = [
        ",".join([str(name), *map(repr, row.tolist())]) for name, row in zip(data.test_ids, data.test_X, strict=True)
    ]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def _table(answers: list[Answer], data: Split) -> Table:
    table = Table(title=f"Fat content of {len(data.test_y)} meat samples, predicted by four hosts", box=box.SIMPLE)
    table.add_column("host", no_wrap=True)
    for column in ("RMSEP, % fat", "R²", "differing bits", "µs per spectrum", "cold start, ms"):
        table.add_column(column, justify="right")
    for answer in answers:
        error = answer.values - data.test_y
        r2 = 1.0 - float((error**2).sum() / ((data.test_y - data.test_y.mean()) ** 2).sum())
        table.add_row(
            answer.host,
            f"{float(np.sqrt((error**2).mean())):.4f}",
            f"{r2:.4f}",
            str(_different_bits(answer.values, answers[0].values)),
            f"{answer.microseconds:.1f}",
            f"{answer.cold_start:.0f}",
        )
    return table


def _different_bits(a: NDArray[np.float64], b: NDArray[np.float64]) -> int:
    """How many of the float64 values differ in any of their 64 bits."""
    return int((a.view(np.uint64) != b.view(np.uint64)).sum())
