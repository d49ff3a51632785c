"""What a document must look like, said once: each check lists what is wrong with a value, and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import canonical

__all__ = ["Check", "anything", "choice", "digest", "integer", "items", "real", "record", "table", "text"]

Check = Callable[[str, Any], Iterator[str]]

_KINDS = {dict: "an object", list: "a list", str: "text", int: "an integer", bool: "a truth value", type(None): "null"}
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _found(value: Any) -> str:
    return f"{value!r:.60} ({_KINDS[type(value)]})"


def anything(where: str, value: Any) -> Iterator[str]:
    """Any tagged value."""
    try:
        canonical.untagged(value)
    except ValueError as error:
        yield f"{where}: {error}"


def text(where: str, value: Any) -> Iterator[str]:
    """Any text."""
    if type(value) is not str:
        yield f"{where}: {_found(value)}, expected text"


def digest(where: str, value: Any) -> Iterator[str]:
    """A sha256 in lower-case hexadecimal digits."""
    if type(value) is not str or not _SHA256.fullmatch(value):
        yield f"{where}: {_found(value)}, expected a sha256, 64 lower-case hexadecimal digits"


def real(where: str, value: Any) -> Iterator[str]:
    """A real in canonical hexadecimal text."""
    try:
        canonical.real(value)
    except ValueError as error:
        yield f"{where}: {error}"


def integer(least: int, largest: int = canonical.INTEGER) -> Check:
    """An integer of this range."""

    def check(where: str, value: Any) -> Iterator[str]:
        if type(value) is not int or not least <= value <= largest:
            yield f"{where}: {_found(value)}, expected an integer from {least} to {largest}"

    return check


def choice(*words: str) -> Check:
    """One of these words."""

    def check(where: str, value: Any) -> Iterator[str]:
        if value not in words:
            yield f"{where}: {_found(value)}, expected {' or '.join(map(repr, words))}"

    return check


def items(item: Check, least: int = 0, most: int = canonical.INTEGER) -> Check:
    """A list of so many of these."""

    def check(where: str, value: Any) -> Iterator[str]:
        if type(value) is not list:
            yield f"{where}: {_found(value)}, expected a list"
            return
        if not least <= len(value) <= most:
            yield f"{where}: {len(value)} items, expected {least} to {most}"
        for number, element in enumerate(value):
            yield from item(f"{where}[{number}]", element)

    return check


def table(key: Check, item: Check) -> Check:
    """An object with keys and values of these kinds."""

    def check(where: str, value: Any) -> Iterator[str]:
        if type(value) is not dict:
            yield f"{where}: {_found(value)}, expected an object"
            return
        for name, element in value.items():
            yield from key(f"a key of {where}", name)
            yield from item(f"{where}.{name}", element)

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with exactly these keys, the optional ones at will."""
    known = {**required, **(optional or {})}

    def check(where: str, value: Any) -> Iterator[str]:
        if type(value) is not dict:
            yield f"{where}: {_found(value)}, expected an object"
            return
        for name in sorted(required.keys() - value.keys()):
            yield f"{where}: {name!r} is missing"
        for name in sorted(value.keys() - known.keys()):
            yield f"{where}: {name!r} is unknown, expected {', '.join(sorted(known))}"
        for name in sorted(value.keys() & known.keys()):
            yield from known[name](f"{where}.{name}", value[name])

    return check
