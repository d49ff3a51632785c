"""The Tecator data: 215 near-infrared spectra of chopped meat. Redistributed with data/tecator_PERMISSION.txt."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Tecator", "tecator"]


@dataclass(frozen=True)
class Tecator:
    """Absorbance of n = 215 samples at p = 100 wavelengths, and what is in the meat, in percent."""

    sample: list[str]
    water: list[float]
    fat: list[float]
    protein: list[float]
    wavelengths: list[float]
    """In nm, 850 to 1050."""
    spectra: list[list[float]]


def tecator() -> Tecator:
    """Read the data that come with the package."""
    with open(Path(__file__).parent / "data" / "tecator.csv", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    water, fat, protein = ([float(row[column]) for row in rows] for column in (1, 2, 3))
    spectra = [[float(value) for value in row[4:]] for row in rows]
    return Tecator([row[0] for row in rows], water, fat, protein, [float(nm) for nm in header[4:]], spectra)
