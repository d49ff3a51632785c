"""Which classes are known, by their exact names, and who reads them. The classes are never imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..operators import Operators
from .state import State

__all__ = ["METHODS", "READERS", "REFUSED", "Read", "Reader", "Reading", "reader_of", "reads", "refuses", "spelled"]


@dataclass(frozen=True, eq=False)
class Reading:
    """What a state says."""

    operators: Operators
    misread: Operators = ()
    """What a scikit-learn of another version takes the state for; empty where there is only one way to read it."""
    singles: int = 0
    """Behind how many roundings to float32 its answers lie, where the object computes in these; ours do not."""
    asked_by: str = ""
    """The method that answers for the one it stands for, where the object has it under another name."""
    spread: Operators = ()
    """The standard deviation of each answer, from the same x, where a model tells one; empty elsewhere."""


Read = Callable[[State], Reading]

METHODS = {
    "transform": "a preprocessing step",
    "predict": "a model that predicts",
    "predict_proba": "a model of probabilities",
    "decision_function": "a model of scores of classes",
    "inverse_transform": "something done to the target",
}
"""As what a class may be read, by the method that it then stands for. The `predict` of a classifier is read as the
number of the class (its place in `classes_`), `predict_proba` as one column for each class."""


@dataclass(frozen=True)
class Reader:
    """One entry: how objects of a class are read, by the method that they stand for."""

    family: str
    options: str
    """What is supported, for people."""
    methods: Mapping[str, Read] = field(compare=False)


READERS: dict[str, Reader] = {}
"""By qualified class name."""

REFUSED: dict[str, str] = {}
"""Why a class that people train with is not read, by its qualified name; whatever is in neither is unknown."""


def spelled(package: str, modules: Iterable[str], *classes: str) -> tuple[str, ...]:
    """Every name under which the classes are known: from the public package and from each of its private modules."""
    homes = (package, *(f"{package}.{module}" for module in modules))
    return tuple(f"{home}.{name}" for name in classes for home in homes)


def reads(
    family: str, names: Iterable[str], options: str = "all", *, method: str = "transform"
) -> Callable[[Read], Read]:
    """Register a function as the reader of these classes, for one of their METHODS."""

    def register(function: Read) -> Read:
        for name in names:
            known = READERS.get(name)
            said = options if known is None or options in known.options else f"{known.options}; {options}"
            READERS[name] = Reader(family, said, {**(known.methods if known else {}), method: function})
        return function

    return register


def refuses(names: Iterable[str], reason: str) -> None:
    """Say why these classes cannot be told as data."""
    REFUSED.update(dict.fromkeys(names, reason))


def reader_of(state: State, method: str) -> Read | None:
    """What reads an object as something that is asked by this method; None where it is not known as such."""
    known = READERS.get(state.name)
    return known.methods.get(method) if known else None
