"""`n4a predict` reads spectra by the end of their file's name, with what the server reads bodies with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ..bodies import BODIES, NPY, frame, parquet, stream
from ..server import n4a
from .conftest import WAVELENGTHS

Matrix = NDArray[np.float64]

NAMES = [repr(float(value)) for value in WAVELENGTHS]
WRITERS: dict[str, Callable[[Matrix], bytes]] = {
    "spectra.npy": BODIES[NPY],
    "spectra.arrow": lambda rows: stream(frame(rows, NAMES), file=True),
    "spectra.arrows": lambda rows: stream(frame(rows, NAMES)),
    "spectra.PARQUET": lambda rows: parquet(frame(rows, NAMES)),
    "spectra.feather": lambda rows: stream(frame(rows, NAMES), file=True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_answer_is_that_to_the_same_spectra_as_text(fat: Path, spectra: Matrix, tmp_path: Path, name: str) -> None:
    head = "" if name.endswith(".npy") else ",".join(NAMES) + "\n"
    text = tmp_path / "spectra.csv"
    text.write_text(head + "\n".join(",".join(map(repr, row)) for row in spectra.tolist()), "utf-8")
    (tmp_path / name).write_bytes(WRITERS[name](spectra))
    found, expected = n4a("predict", fat, tmp_path / name), n4a("predict", fat, text)
    assert (found.returncode, found.stdout) == (0, expected.stdout), found.stderr
    assert len(found.stdout.splitlines()) == len(spectra) + 1


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_no_such_file_is_refused_by_its_name(fat: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"1,2,3\n")
    done = n4a("predict", fat, path)
    assert done.returncode == 4 and done.stdout == "" and done.stderr.startswith(f"n4a: {path}: ")
