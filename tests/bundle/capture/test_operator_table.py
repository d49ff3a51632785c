"""OPERATORS.md is what the readers and the lowerings say today."""

from __future__ import annotations

import pytest

from .operator_table import DOCUMENT, document, families, refusals, told


def test_every_class_is_in_the_table_as_its_reader_tells() -> None:
    """What takes no fitting: the classes, as what they are read, and their options."""
    lines = DOCUMENT.read_text("utf-8").splitlines()
    written = [line for line in lines if line.startswith("| `")]
    expected = [told(name, reader) for _, readers in families() for name, reader in readers] + refusals()
    assert len(written) == len(expected)
    assert [line for line, start in zip(written, expected, strict=True) if not line.startswith(start)] == []


def test_every_class_has_operators_that_were_seen() -> None:
    assert "| none | none |" not in DOCUMENT.read_text("utf-8")


@pytest.mark.soak
def test_the_table_is_what_its_command_writes() -> None:
    assert document() == DOCUMENT.read_text("utf-8")
