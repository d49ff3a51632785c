"""One setting: what it is for, what it may be, and how it is read from a flag, the environment or a file."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypedDict, get_args, get_type_hints

from .errors import Misuse

__all__ = ["Bound", "Setting", "setting", "settings_of"]

YES_OR_NO = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
NAMED = {int: "a whole number", float: "a number", bool: "true or false", str: "text", Path: "a path"}


class Bound(TypedDict):
    """What several settings must be."""

    fits: Callable[[Any], bool]
    expected: str


def setting(default: Any, doc: str, *, fits: Callable[[Any], bool] | None = None, expected: str = "") -> Any:
    """A field of the settings. `doc` goes to the help of its flag; a value for which `fits` says no is refused with
    what was `expected`.
    """
    return dataclasses.field(default=default, metadata={"doc": doc, "fits": fits, "expected": expected})


@dataclasses.dataclass(frozen=True)
class Setting:
    """The description of a field, from which its names and its ways in derive."""

    name: str
    """As in Python and in the file."""
    type: Any
    """Of whole numbers, numbers, yes or no, text, a path, or a tuple of texts or of paths; None only by default."""
    default: Any
    doc: str
    fits: Callable[[Any], bool] | None
    expected: str

    @property
    def flag(self) -> str:
        """On the command line; `paths` are its arguments."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """In the environment."""
        return f"N4A_{self.name.upper()}"

    @property
    def several(self) -> bool:
        """Whether it is a list: of paths or of texts."""
        return bool(get_args(self.type))

    @property
    def single(self) -> Any:
        """The type of the value, or of each in a list."""
        return get_args(self.type)[0] if self.several else self.type

    def from_text(self, text: str) -> Any:
        """The value that a variable of the environment gives; paths are separated as in PATH, texts by commas."""
        try:
            if not self.several:
                return self.from_flag(text)
            parts = text.split(os.pathsep if self.single is Path else ",")
            return tuple(self.from_flag(part.strip()) for part in parts if part.strip())
        except ValueError as error:
            raise Misuse(f"{self.variable}: {error}") from None

    def from_flag(self, text: str) -> Any:
        """The value that one flag on the command line gives. Raises ValueError, which the command line explains."""
        try:
            return YES_OR_NO[text.lower()] if self.single is bool else self.single(text)
        except (ValueError, KeyError):
            raise ValueError(f"{text!r} was given, expected {NAMED[self.single]}") from None

    def from_file(self, value: Any, folder: Path) -> Any:
        """The value that a file in this folder gives, from where its relative paths lead; `-` is none of them."""
        if not self.several:
            return self._from_file(value, folder)
        if not isinstance(value, list):
            raise Misuse(f"{self.name}: {value!r} was given, expected a list in brackets")
        return tuple(self._from_file(one, folder) for one in value)

    def check(self, value: Any) -> None:
        """Raise Misuse where the value cannot be."""
        if self.fits is not None and value is not None and not self.fits(value):
            raise Misuse(f"{self.name}: {value!r} was given, expected {self.expected}")

    def _from_file(self, value: Any, folder: Path) -> Any:
        kind = str if self.single is Path else self.single
        # True is a whole number to Python, and 2 may stand for 2.0.
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise Misuse(f"{self.name}: {value!r} was given, expected {NAMED[self.single]}")
        return folder / str(value) if self.single is Path and value != "-" else self.single(value)


def settings_of(kind: type[Any]) -> Iterator[Setting]:
    """The settings of a dataclass, in its order."""
    types = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        yield Setting(field.name, _without_none(types[field.name]), field.default, **field.metadata)


def _without_none(kind: Any) -> Any:
    """What a setting is where it is something: `Path` of `Path | None`."""
    given = [one for one in get_args(kind) if one is not type(None)]
    return given[0] if type(None) in get_args(kind) else kind
