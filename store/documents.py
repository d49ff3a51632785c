"""Values on their way into JSON columns and back: what JSON cannot say is said in one way, or refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from operator import index
from pathlib import PurePath
from types import NoneType
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from .errors import Refused
from .tables import INTEGER, JSON, REAL, TEXT, TIME, Column, Kind

__all__ = ["Form", "decode", "encode", "plain"]


def encode(value: Any, what: str) -> str:
    """The JSON text of a value: mappings, sequences, numbers, text, and numpy's of all these.

    Keys become text; what is not finite becomes "NaN", "Infinity" or "-Infinity"; paths, dates and other objects become
    their text. Raises Refused naming `what` for a value that contains itself, two keys that become the same text, or a
    text that is not Unicode.
    """
    try:
        text = _json(value)
        if _read(text) == value:  # what JSON says as we do, which is nearly everything
            return text.decode()
    except (TypeError, ValueError):
        pass  # some of it JSON cannot say
    except RecursionError:
        raise _endless(what) from None
    return _told(value, what)


def _told(value: Any, what: str) -> str:
    """The JSON text of a value of which JSON cannot say everything, or says it in another way."""
    try:
        return plain(_plain(value))
    except _SameText as error:
        raise Refused(f"{what}: two keys become the same text {error.args[0]!r}; one would be lost") from None
    except RecursionError:
        raise _endless(what) from None
    except UnicodeEncodeError as error:
        raise Refused(
            f"{what}: {error.object[error.start : error.end]!r} is half a character; give whole text"
        ) from None


def _endless(what: str) -> Refused:
    return Refused(f"{what}: the value contains itself or is nested too deeply for JSON")


_json = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder().decode


class _SameText(Exception):
    """Two keys of a mapping become the same text, which is told."""


def _plain(value: Any) -> Any:
    kind = type(value)
    if value is None or kind is str or kind is int or kind is bool:
        return value
    if kind is dict:
        return _mapping(value)
    if kind is list:
        return [_plain(item) for item in value]
    return _real(value) if kind is float else _unusual(value)


def _unusual(value: Any) -> Any:
    """What is said of anything but the plain types of JSON."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, np.ndarray | np.generic):
        return _of_numpy(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _real(float(value))
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=repr)
    return _text(value)


def _of_numpy(value: np.ndarray[Any, Any] | np.generic) -> Any:
    if value.dtype.kind == "M":  # as Python they would lose their nanoseconds, or become numbers
        value = value.astype(str)
    elif value.dtype.kind == "f":  # long doubles have no other Python value than themselves
        value = value.astype(np.float64)
    python = value.tolist()
    return _text(python) if isinstance(python, np.generic) else _plain(python)


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, item in value.items():
        text = key if isinstance(key, str) else str(_plain(key))
        if text in plain:
            raise _SameText(text)
        plain[text] = _plain(item)
    return plain


def _real(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _text(value: Any) -> str:
    if isinstance(value, PurePath | UUID):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, type) or callable(value):
        return f"{getattr(value, '__module__', '?')}.{getattr(value, '__qualname__', type(value).__qualname__)}"
    return str(value)


def decode(value: str | None) -> Any:
    """The value of a JSON column."""
    return None if value is None else json.loads(value)


class Form:
    """How a row of some columns is written on its way through the inbox."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self._columns = tuple(columns)
        self._unlike = lru_cache(64)(self._of_types)

    def write(self, values: Iterable[Any]) -> str:
        """The document of a row. Raises Refused naming the column that cannot hold its value."""
        found = list(values)
        for place, fits, convert, name in self._unlike(*map(type, found)):
            if fits is None or not fits(found[place]):
                found[place] = convert(found[place], name)
        try:
            return plain(found)
        except UnicodeEncodeError:
            for value, column in zip(found, self._columns, strict=True):
                if column.kind is TEXT and value is not None:
                    _as_text(value, column.name)
            raise

    def _of_types(self, *types: type) -> tuple[_Step, ...]:
        """What is to be done with values of these types, which are mostly the same from row to row.

        Nothing with plain text: whether it is Unicode is seen when it is written; nor with times, which come from us.
        """
        return tuple(
            (place, _FITS.get((column.kind, kind)), _CONVERTERS[column.kind], column.name)
            for place, (column, kind) in enumerate(zip(self._columns, types, strict=True))
            if not (column.kind is TIME or (column.kind is TEXT and kind is str) or (column.null and kind is NoneType))
        )


def plain(value: Any) -> str:
    """The JSON text of a value that is made of nothing but what JSON has."""
    return _json(value).decode()


def _as_text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _refused(value, name, "text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _refused(value, name, "whole characters, not half a surrogate pair") from None
    return str(value)


def _as_integer(value: Any, name: str) -> int:
    try:
        whole = None if isinstance(value, bool) else int(index(value))
    except TypeError:
        whole = None
    if whole is None or not _has_64_bits(whole):
        raise _refused(value, name, "an integer of 64 bits")
    return whole


def _as_real(value: Any, name: str) -> float | msgspec.Raw:
    try:
        real = float("" if isinstance(value, bool | str | bytes) else value)
    except (TypeError, ValueError, OverflowError):
        raise _refused(value, name, "a number") from None
    # JSON has no word for what is not finite. Python's reader has, and a column keeps it as it is.
    return real if math.isfinite(real) else msgspec.Raw(str(_real(real)).encode())


def _has_64_bits(value: int) -> bool:
    return -LARGEST <= value < LARGEST


LARGEST = 2**63
_CONVERTERS: Mapping[Kind, Callable[[Any, str], Any]] = {
    TEXT: _as_text,
    JSON: encode,
    INTEGER: _as_integer,
    REAL: _as_real,
}
_FITS: Mapping[tuple[Kind, type], Callable[[Any], bool]] = {
    (INTEGER, int): _has_64_bits,
    (REAL, float): math.isfinite,
}
"""Whether a value of that type is written as it is in a column of that kind."""

_Step = tuple[int, Callable[[Any], bool] | None, Callable[[Any, str], Any], str]


def _refused(value: Any, name: str, expected: str) -> Refused:
    return Refused(f"{name}={value!r:.60}: found {type(value).__name__}, expected {expected}")
