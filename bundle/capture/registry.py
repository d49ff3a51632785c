"""Which classes are known, by their exact names, and who reads them. The classes are never imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..operators import Operator
from .state import State

__all__ = ["READERS", "Reader", "Reading", "reads", "spelled"]


@dataclass(frozen=True, eq=False)
class Reading:
    """What a state says."""

    operators: tuple[Operator, ...]
    misread: tuple[Operator, ...] = ()
    """What a scikit-learn of another version takes the state for; empty where there is only one way to read it."""


@dataclass(frozen=True)
class Reader:
    """One entry: `transform` reads the object as a preprocessing step, `predict` as the model; either may be absent."""

    family: str
    options: str
    """What is supported, for people."""
    transform: Callable[[State], Reading] | None = field(default=None, compare=False)
    predict: Callable[[State], Reading] | None = field(default=None, compare=False)


READERS: dict[str, Reader] = {}
"""By qualified class name."""


def spelled(package: str, modules: Iterable[str], *classes: str) -> tuple[str, ...]:
    """Every name under which the classes are known: from the public package and from each of its private modules."""
    homes = (package, *(f"{package}.{module}" for module in modules))
    return tuple(f"{home}.{name}" for name in classes for home in homes)


def reads(
    family: str, names: Iterable[str], options: str = "all", *, model: bool = False
) -> Callable[[Callable[[State], Reading]], Callable[[State], Reading]]:
    """Register a function as the reader of these classes, as a model or as a preprocessing step."""

    def register(function: Callable[[State], Reading]) -> Callable[[State], Reading]:
        for name in names:
            known = READERS.get(name)
            READERS[name] = Reader(
                family,
                f"{known.options}; {options}" if known else options,
                known.transform if model and known else None if model else function,
                function if model else known.predict if known else None,
            )
        return function

    return register
