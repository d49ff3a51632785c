"""Handing over: the suffix and the format say the same, and what cannot be proven is not put in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from n4akit import load
from n4akit.bundle.errors import WriteError
from n4akit.bundle.export import FORMATS, export


@pytest.mark.parametrize("format", FORMATS)
def test_a_path_without_suffix_gets_that_of_the_format(model: Any, tmp_path: Path, format: str) -> None:
    path = export(model.chain, str(tmp_path / "new" / "folder" / "fat"), format)
    assert path == tmp_path / "new" / "folder" / f"fat.{format}" and path.is_file()
    assert export(model.chain, path, format) == path


def test_a_bundle_is_what_is_exported_unless_asked_otherwise(model: Any, tmp_path: Path) -> None:
    assert load(export(model.chain, tmp_path / "fat")).n_features == 12


@pytest.mark.parametrize(
    ("name", "format"),
    [("fat.n4a", "n4a.py"), ("fat.n4a.py", "n4a"), ("fat.py", "n4a.py"), ("fat.zip", "n4a"), ("fat.v2", "n4a")],
)
def test_a_suffix_that_contradicts_the_format_is_refused(model: Any, tmp_path: Path, name: str, format: str) -> None:
    with pytest.raises(WriteError, match=rf"{name}: the suffix contradicts the format '{format}'; expected \.{format}"):
        export(model.chain, tmp_path / name, format)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused(model: Any, tmp_path: Path) -> None:
    with pytest.raises(WriteError, match=r"format 'onnx' is unknown, expected 'n4a' or 'n4a\.py'"):
        export(model.chain, tmp_path / "fat", "onnx")


def test_a_folder_that_cannot_be_made_is_named(model: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(WriteError, match=f"{tmp_path / 'file'}: the folder cannot be made"):
        export(model.chain, tmp_path / "file" / "fat")


def test_golden_rows_are_taken_from_spectra_that_are_given(model: Any, spectra: Any, tmp_path: Path) -> None:
    golden = load(export(model.chain, tmp_path / "fat", calibration=spectra)).golden
    assert golden.origin == "measured"
    assert all(any((row == spectrum).all() for spectrum in spectra) for row in golden.rows)
