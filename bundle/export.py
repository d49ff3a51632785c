"""Hand over a chain: as a bundle or as a script, at a path whose suffix says which."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .chain import Chain
from .domain import Validation
from .errors import WriteError
from .script import write_script
from .writer import write_bundle

__all__ = ["FORMATS", "export", "with_suffix"]

FORMATS = ("n4a", "n4a.py")


def export(
    chain: Chain,
    path: str | os.PathLike[str],
    format: str = "n4a",
    calibration: Any = None,
    validation: Validation | None = None,
) -> Path:
    """Write a chain in a format, `n4a` (a bundle) or `n4a.py` (a script), and answer the path of the file.

    A path without suffix gets the format's; missing folders are made. `calibration` is spectra (n, p) from which golden
    rows are chosen. Raises WriteError when the suffix contradicts the format, or the file fails its own proof.
    """
    target = with_suffix(Path(path), format)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{target.parent}: the folder cannot be made: {error.strerror}") from error
    if format == "n4a":
        return write_bundle(chain, target, calibration=calibration, validation=validation)
    return write_script(chain, target, calibration=calibration, validation=validation)


def with_suffix(path: Path, format: str) -> Path:
    """The path with the suffix of the format. Raises WriteError for an unknown format, or a suffix of another."""
    if format not in FORMATS:
        raise WriteError(f"format {format!r} is unknown, expected {' or '.join(map(repr, FORMATS))}")
    if path.name.endswith(f".{format}") and path.name != f".{format}":
        return path
    if path.suffix:
        raise WriteError(f"{path}: the suffix contradicts the format {format!r}; expected .{format}, or no suffix")
    return path.with_name(f"{path.name}.{format}")
