"""Delimited text: spectra as the command line reads them from files, predictions as it writes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...bundle import Bundle, Result
from ...bundle.runtime.record import COLUMNS, cell, table
from ...bundle.runtime.spectra_csv import SpectraError, read_spectra
from ..errors import BadRequest, TooLarge
from .question import Question, Table

__all__ = ["BRIEF", "MEDIA_TYPE", "encode", "read", "told"]

MEDIA_TYPE = "text/csv"

BRIEF = ("sample", "row", "target", "value", "unit", "status", "flags", "reason")
"""The columns of a table of predictions where not all there is to say was asked for."""

SEPARATORS = (b",", b";", b"\t", b"|", b"\n")
A_CELL = 64
"""Bytes that a cell of a text takes while it is read: a Python text, and then a Python number."""


def read(data: bytes, missing: bool, largest: int) -> Table:
    """The spectra of a text. Raises BadRequest naming the line and the column, TooLarge where there are too many."""
    cells = sum(map(data.count, SEPARATORS))
    if cells * A_CELL > largest:
        raise TooLarge(
            f"the table has about {cells} cells, which take more than {largest} bytes while they are read; "
            "send fewer spectra at a time, or as Arrow or npy"
        )
    try:
        found = read_spectra(data, missing)
    except SpectraError as error:
        raise BadRequest(f"the table: {error}") from None
    return Table(np.array(found.rows, dtype=np.float64), found.axis, found.unit, found.ids)


def told(question: Question) -> tuple[str, ...]:
    """The columns that a table of predictions has."""
    return COLUMNS if question.full else BRIEF


def encode(model: str, bundle: Bundle, question: Question, result: Result, contributions: Any = None) -> bytes:
    """A row for each spectrum and target; numbers are written so that reading them gives the same bits."""
    records = result.records(question.ids, model=model)
    if question.full:
        return str(table(records)).encode()
    lines = [",".join(BRIEF), *(",".join([cell(record[name]) for name in BRIEF]) for record in records)]
    return ("\n".join(lines) + "\n").encode()
