"""One model as it is served: its versions, the names that stand for them, and which of them answers by default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .errors import UnknownModel
from .layout import Family
from .slot import Slot

__all__ = ["DEFAULT", "Served", "aliases_of"]

DEFAULT = "default"
"""The alias of the version that answers when none is named; without it that is the newest."""


@dataclass(frozen=True, eq=False)
class Served:
    """The slots of one model."""

    name: str
    slots: dict[str, Slot] = field(default_factory=dict)
    """By version, from the oldest to the newest."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """To the version that each stands for."""
    problems: tuple[str, ...] = ()
    """What is wrong with the model as a whole, or with an alias."""

    @property
    def sound(self) -> bool:
        """Whether any version can be served."""
        return any(slot.sound for slot in self.slots.values())

    @property
    def weight(self) -> int:
        """Bytes of its versions that are in memory."""
        return sum(slot.weight for slot in self.slots.values() if slot.model is not None)

    @property
    def default(self) -> Slot | None:
        """What answers when no version is named: the alias `default`, or else the newest that can be served."""
        if DEFAULT in self.aliases:
            return self.slots[self.aliases[DEFAULT]]
        newest = None
        for slot in reversed(self.slots.values()):
            if slot.sound:
                return slot
            newest = newest or slot
        return newest

    def find(self, version: str | None) -> Slot:
        """The slot of a version or an alias, or the default. Raises UnknownModel when there is none."""
        slot = self.default if version is None else self.slots.get(self.aliases.get(version, version))
        if slot is not None:
            return slot
        if version is None or not self.slots:
            raise UnknownModel(f"model {self.name!r} is not served: {'; '.join(self.problems)}")
        known = ", ".join(sorted({*self.slots, *self.aliases}))
        raise UnknownModel(f"model {self.name!r} has no version or alias {version!r}; there is {known}")

    def troubles(self) -> Iterator[tuple[str | None, tuple[str, ...]]]:
        """All that is wrong: with a version, or (None) with the model as a whole."""
        if self.problems:
            yield None, self.problems
        for version, slot in sorted(self.slots.items()):
            if slot.problems:
                yield version, slot.problems


def aliases_of(family: Family, slots: Mapping[str, Slot], before: Served | None) -> tuple[dict[str, str], list[str]]:
    """Where the aliases lead, and what is wrong with them. One that was led to a version that cannot be served goes on
    standing for what it stood for.
    """
    aliases: dict[str, str] = {}
    problems = []
    for alias, version in family.aliases.items():
        old = before.aliases.get(alias) if before else None
        if slots[version].sound or old is None or old not in slots or not slots[old].sound:
            aliases[alias] = version
        else:
            aliases[alias] = old
            problems.append(f"alias {alias!r} goes on standing for {old!r}: version {version!r} cannot be served")
    return aliases, problems
