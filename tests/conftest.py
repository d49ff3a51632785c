"""What several rooms test with: the demo data, read by the standard library alone."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

# Others may need the processors too: how long examples take to be drawn or tried says nothing about them.
settings.register_profile(
    "n4akit", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
settings.load_profile("n4akit")

TECATOR = Path(__file__).parents[1] / "templates" / "data" / "tecator.csv"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """None, a process per core, for folders. Tests of files that are named run in this process, as others would take
    longer to start, and so does the soak, which consists of many processes itself.
    """
    folders = any(Path(argument).is_dir() for argument in config.args)
    return None if folders and config.option.markexpr == "not soak" else 0


@dataclass(frozen=True, eq=False)
class Tecator:
    """Absorbance spectra of 215 meat samples, 850 to 1050 nm, and their contents in percent."""

    X: NDArray[np.float64]
    """(215, 100)"""
    wavelengths: NDArray[np.float64]
    """(100,), in nm"""
    water: NDArray[np.float64]
    fat: NDArray[np.float64]
    protein: NDArray[np.float64]


@pytest.fixture(scope="session")
def tecator() -> Tecator:
    """The real spectra; do not write to its arrays."""
    with TECATOR.open(newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    table = np.array([line[1:] for line in lines], dtype=np.float64)
    table.setflags(write=False)
    return Tecator(table[:, 3:], np.array(header[4:], dtype=np.float64), *table[:, :3].T)
