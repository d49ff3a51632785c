"""Entries of settings as they stand in the file: found by instrument and product, and changed as copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from .runtime.settings import Settings

__all__ = ["Entry", "Key", "changed", "described", "key_of", "without"]

Entry = dict[str, Any]
"""What applies to one instrument and product."""

Key = tuple[str | None, str | None]
"""Instrument and product; None where an entry is for any."""


def key_of(entry: Entry) -> Key:
    """The instrument and product that an entry is for."""
    return entry.get("instrument"), entry.get("product")


def described(key: Key) -> str:
    """An instrument and product in words."""
    words = [f"{what} {name}" for what, name in zip(("instrument", "product"), key, strict=True) if name is not None]
    return ", ".join(words) or "all other samples"


def changed(
    settings: Settings | None,
    key: Key,
    targets: Mapping[str, Mapping[str, float]],
    limits: Mapping[str, Any],
) -> list[Entry]:
    """The entries in force with that of `key` changed; what is given goes over what it says of each target and limit.

    An entry that is not there yet starts as a copy of the one that has applied to its samples.
    """
    entries: list[Entry] = deepcopy(settings.history[-1]["entries"]) if settings else []
    entry = next((entry for entry in entries if key_of(entry) == key), None)
    if entry is None:
        applied = settings.for_sample(*key).entry if settings else None
        said = {name: deepcopy(value) for name, value in (applied or {}).items() if name in ("targets", "limits")}
        named = zip(("instrument", "product"), key, strict=True)
        entry = {**{what: name for what, name in named if name is not None}, **said}
        entries.append(entry)
    for name, given in targets.items():
        entry.setdefault("targets", {}).setdefault(name, {}).update(given)
    for name, given in limits.items():
        table = entry.setdefault("limits", {})
        table[name] = {**table.get("range", {}), **given} if name == "range" else given
    return entries


def without(entries: Sequence[Entry], key: Key, target: str | None = None, limits: Iterable[str] = ()) -> list[Entry]:
    """Entries without that of `key`, or without what it says of this target and these limits if any is named.

    Raises KeyError, saying what is not there.
    """
    kept = deepcopy(list(entries))
    entry = next((entry for entry in kept if key_of(entry) == key), None)
    if entry is None:
        there = "; ".join(described(key_of(entry)) for entry in kept) or "none"
        raise KeyError(f"no entry for {described(key)}, there is {there}")
    parts: list[tuple[str, tuple[tuple[str, ...], ...]]] = [(name, (("limits",),)) for name in limits]
    if target is not None:
        parts.append((target, (("targets",), ("limits", "range"))))
    if not parts:
        kept.remove(entry)
    for name, places in parts:
        # All of them are tried.
        if not sum(_removed(entry, place, name) for place in places):
            raise KeyError(f"the entry for {described(key)} says nothing of {name}")
    return kept


def _removed(table: Entry, place: Sequence[str], name: str) -> bool:
    """Whether there was such a key; a table that is left empty goes with it."""
    if place:
        inner = table.get(place[0], {})
        found = _removed(inner, place[1:], name)
        if not inner:
            table.pop(place[0], None)
        return found
    return table.pop(name, None) is not None
