"""Files of settings made by another way than the code's, and the proof that one is refused."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from n4akit.bundle import canonical
from n4akit.bundle.runtime.settings import Settings, SettingsError, read_settings

__all__ = ["BUNDLE", "TARGETS", "chained", "digest", "entry", "read", "refusal"]

BUNDLE = "ab" * 32
TARGETS = ["fat", "water"]


def hexed(value: Any) -> Any:
    """Every number as the text of its real."""
    if isinstance(value, dict):
        return {key: hexed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hexed(item) for item in value]
    return value if isinstance(value, str) else (float(value) + 0.0).hex()


def digest(version: Any) -> str:
    """Of a version, by the canonical JSON of bundles."""
    return sha256(canonical.encode(hexed(version))).hexdigest()


def chained(*all_entries: Any) -> dict[str, Any]:
    """A document with a version for each of these lists of entries."""
    versions: list[Any] = []
    previous = BUNDLE
    for number, entries in enumerate(all_entries, 1):
        time = f"2026-03-{number % 28 + 1:02d}T09:30:00Z"
        made = {"number": number, "time": time, "author": "Ada", "reason": "ring test", "previous": previous}
        versions.append(made | {"entries": entries})
        previous = digest(versions[-1])
    return {"format": "n4a settings", "version": 1, "bundle": BUNDLE, "versions": versions, "digest": previous}


def read(document: Any, targets: Any = TARGETS) -> Settings:
    found: Settings = read_settings(document if isinstance(document, bytes) else json.dumps(document), BUNDLE, targets)
    return found


def refusal(document: Any, targets: Any = TARGETS) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(document, targets)
    problems = list(caught.value.problems)
    assert len(str(caught.value).splitlines()) == 1
    return problems


def entry(targets: Any = None, limits: Any = None, **key: str) -> dict[str, Any]:
    parts = {"targets": targets, "limits": limits}
    return {**key, **{name: part for name, part in parts.items() if part is not None}}
