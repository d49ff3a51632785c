"""A recorded workspace, and spectra as people have them in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from n4akit import load
from numpy.typing import NDArray

from ...conftest import Tecator
from ...recorded import Recorded, record

Matrix = NDArray[np.float64]

WAVELENGTHS = np.linspace(850.0, 1050.0, 12).tolist()
"""Of the model `fat`."""


def table(rows: Matrix, header: bool = True, separator: str = ",", comma: bool = False) -> str:
    """Spectra as text: names s1, s2, … and a column each, the header says the wavelengths."""
    lines = [["sample", *map(repr, WAVELENGTHS)]] if header else []
    lines += [[f"s{number}", *map(repr, row)] for number, row in enumerate(rows.tolist(), 1)]
    text = "".join(separator.join(cells) + "\n" for cells in lines)
    return text.replace(".", ",") if comma else text


@pytest.fixture(scope="session")
def recorded(tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A workspace with one run; do not write to it."""
    return record(tmp_path_factory.mktemp("recorded") / "workspace", tecator)


@pytest.fixture
def spectra_csv(spectra: Matrix, tmp_path: Path) -> Path:
    """The twenty spectra with names and wavelengths."""
    path = tmp_path / "spectra.csv"
    path.write_text(table(spectra), "utf-8")
    return path


@pytest.fixture(scope="session")
def expected(fat: Path, spectra: Matrix) -> list[float]:
    """What the library answers for them."""
    return [float(value) for value in load(fat).predict(spectra)]
