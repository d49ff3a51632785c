"""The settings that lie beside a model: found, and read for its bundle. What they mean is SETTINGS.md."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .errors import BadSettings
from .runtime.settings import LARGEST_SETTINGS, Adjustment, Settings, SettingsError, read_settings, settings_path

__all__ = ["Adjustment", "Settings", "content", "path_beside", "settings_beside", "understood"]


def path_beside(model: str | os.PathLike[str]) -> Path:
    """Where the settings of a bundle or script lie: NAME.settings.json beside NAME.n4a or NAME.n4a.py."""
    return Path(settings_path(os.fspath(model)))


def settings_beside(model: str | os.PathLike[str], digest: str, targets: Sequence[str]) -> Settings | None:
    """The settings beside a model of this digest, None where there are none; of a classifier give no targets.

    Raises BadSettings, listing all that is wrong, when they are for another bundle or not as they should be; OSError
    when there is something that cannot be read.
    """
    path = path_beside(model)
    data = content(path)
    return None if data is None else understood(data, path, digest, targets)


def content(path: Path) -> bytes | None:
    """The bytes of a file of settings, None where there is none; no more of it than shows that it is too large."""
    try:
        with open(path, "rb", opener=_at_once) as file:  # pathlib takes no opener
            return file.read(LARGEST_SETTINGS + 1)
    except FileNotFoundError:
        return None


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # of a pipe nobody may ever write the other end


def understood(data: bytes, path: Path, digest: str, targets: Sequence[str]) -> Settings:
    """The settings in the bytes of a file; raises BadSettings, naming the file."""
    try:
        found: Settings = read_settings(data, digest, targets)
    except SettingsError as error:
        raise BadSettings(f"{path}: {error}", error.problems) from None
    return found
