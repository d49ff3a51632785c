"""Change the settings beside a bundle: every change is a new version behind the others, and none is ever rewritten."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .contents import Contents
from .errors import BadSettings, BundleError, UnknownVersion, WriteError
from .runtime.settings import SettingsError, version_digest
from .runtime.settings_form import SETTINGS_FORMAT, SETTINGS_VERSION, form_problems
from .settings import Settings, content, path_beside, understood
from .settings_entries import Entry
from .writer import place

__all__ = ["SettingsFile", "open_settings"]


@dataclass(frozen=True)
class SettingsFile:
    """The settings of a bundle as they were found when this was made."""

    model: Path
    """The bundle."""
    bundle: str
    """Its digest."""
    targets: tuple[str, ...]
    """Names of what may be adjusted: none of a classifier."""
    settings: Settings | None
    """What was found; None where there is no file."""
    data: bytes | None
    """The bytes that were found."""

    @property
    def path(self) -> Path:
        """The file of settings, whether it is there or not."""
        return path_beside(self.model)

    @property
    def history(self) -> list[dict[str, Any]]:
        """All versions, from the first to the one in force."""
        return self.settings.history if self.settings else []

    @property
    def entries(self) -> list[Entry]:
        """The entries in force."""
        return self.history[-1]["entries"] if self.settings else []

    def at(self, number: int | None = None) -> Settings:
        """The settings of that version, by default the one in force; raises UnknownVersion."""
        there = len(self.history)
        number = there if number is None else number
        if self.settings is None or not 1 <= number <= there:
            known = f"there are 1 to {there}" if there else "there are no settings"
            raise UnknownVersion(f"{self.path}: no version {number}, {known}")
        return Settings(self.history[:number], self.settings.digests[:number], self.targets)

    def add(self, entries: Sequence[Entry], *, author: str, reason: str, now: datetime | None = None) -> SettingsFile:
        """Put a version with these entries in force; answers the file as it then stands.

        Raises BadSettings, listing all that is wrong with them; WriteError when they say what is in force already, when
        the file changed since it was read, or when it cannot be written. The file is then as it was.
        """
        if self.settings and list(entries) == self.entries:
            raise WriteError(f"{self.path}: version {self.settings.version} says the same; nothing was written")
        version = {
            "number": len(self.history) + 1,
            "time": f"{(now or datetime.now(UTC)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "author": author,
            "reason": reason,
            "previous": self.settings.digest if self.settings else self.bundle,
            "entries": list(entries),
        }
        document = {
            "format": SETTINGS_FORMAT,
            "version": SETTINGS_VERSION,
            "bundle": self.bundle,
            "versions": [*self.history, version],
            "digest": self.bundle,
        }
        # What has another form has no digest, and perhaps no JSON.
        problems = tuple(form_problems(document, self.targets))
        if problems:
            raise BadSettings(f"{self.path}: {SettingsError(*problems)}; nothing was written", problems)
        document["digest"] = version_digest(version)
        data = (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
        settings = understood(data, self.path, self.bundle, self.targets)
        self._put(data)
        return replace(self, settings=settings, data=data)

    def revert(self, number: int, *, author: str, reason: str, now: datetime | None = None) -> SettingsFile:
        """Put the entries of an older version in force again, as a new version.

        Raises what `add` and `at` raise.
        """
        return self.add(self.at(number).history[-1]["entries"], author=author, reason=reason, now=now)

    def _put(self, data: bytes) -> None:
        # One writer at a time, from its look at the file until that is replaced: all of them have the bundle to lock.
        with self.model.open("rb") as bundle:
            fcntl.flock(bundle, fcntl.LOCK_EX)
            if content(self.path) != self.data:
                raise WriteError(
                    f"{self.path}: it was changed since it was read; nothing was written, look at it again"
                )
            place(self.path, lambda file: file.write(data), lambda part: None)


def open_settings(model: str | Path) -> SettingsFile:
    """The settings beside a bundle, to be changed.

    Raises BundleError when the bundle is not intact, BadSettings when the settings are not.
    """
    model = Path(model)
    try:
        contents = Contents(str(model))
    except BundleError as error:
        raise BundleError(f"{model}: {error}", error.problems) from None
    targets = () if "classes" in contents.manifest else tuple(target.name for target in contents.targets)
    path = path_beside(model)
    data = content(path)
    settings = None if data is None else understood(data, path, contents.digest, targets)
    return SettingsFile(model, contents.digest, targets, settings, data)
