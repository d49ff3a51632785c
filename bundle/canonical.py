"""JSON that two languages print alike: sorted keys, no spaces, UTF-8, and no decimal fractions; read as strictly.

Reals are strings in the form of C's `%a`, as `float.hex` gives them: `0x1.8000000000000p+1`, `nan`, `inf`, `-inf`.
Where a real stands among other values (parameters, provenance) it is tagged, see `tagged`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

__all__ = ["DEEPEST", "INTEGER", "decode", "encode", "plain", "real", "tagged", "untagged"]

INTEGER = 2**53
"""Integers stay within ±this, which every JSON reader holds exactly."""

DEEPEST = 32
"""Lists and objects within each other."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
"""Also one without end, and nothing is tried twice: time and memory stay in proportion, whatever the text."""

_SCALARS = (str, bool, type(None))


def encode(value: Any) -> bytes:
    """Canonical JSON of text, integers, booleans, null, lists and objects. Raises ValueError naming anything else."""
    _check(value, "", 0)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def _check(value: Any, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"{where}: lists and objects deeper than {DEEPEST}")
    if isinstance(value, dict):
        for key, item in value.items():
            if type(key) is not str:
                raise ValueError(f"{where}: key {key!r} of type {type(key).__name__}, expected text")
            _check(item, f"{where}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            _check(item, f"{where}[{number}]", depth + 1)
    elif type(value) is int:
        if abs(value) > INTEGER:
            raise ValueError(f"{where}: {value!r} is beyond 2**53")
    elif type(value) not in _SCALARS:
        raise ValueError(f"{where}: {value!r:.60} of type {type(value).__name__} has no canonical JSON form")


def decode(data: bytes) -> Any:
    """The value of canonical JSON. Raises ValueError saying what is not canonical about `data`."""
    _check_depth(data)
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_object, parse_float=_no_fraction, parse_constant=_no_fraction
        )
        again = encode(value)
    except UnicodeError:
        raise ValueError("not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    if again != data:
        raise ValueError("not canonical JSON: keys out of order, spaces, or another way to write the same value")
    return value


def _check_depth(data: bytes) -> None:
    # Before parsing: the parser calls itself for each level.
    depth = 0
    for byte in _STRING.sub(b"", data).translate(None, bytes(set(range(256)) - set(b"[]{}"))):
        depth += 1 if byte in b"[{" else -1
        if depth > DEEPEST:
            raise ValueError(f"lists and objects deeper than {DEEPEST}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"key {Counter(name for name, _ in pairs).most_common(1)[0][0]!r} comes twice")
    return found


def _no_fraction(text: str) -> NoReturn:
    raise ValueError(f"{text:.60} is a decimal fraction or no number; reals are written as hexadecimal text")


def real(text: Any) -> float:
    """The float64 that canonical hexadecimal text stands for. Raises ValueError for other text."""
    try:
        value = float.fromhex(text)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{text!r:.60} is no real, expected hexadecimal text such as 0x1.8000000000000p+1") from None
    if value.hex() != text:
        raise ValueError(f"{text!r:.60} is not how this real is written, expected {value.hex()}")
    return value


def tagged(value: Any) -> Any:
    """Plain values in a form that canonical JSON can hold: a real becomes {"$real": hex}, an integer beyond ±2**53
    {"$integer": decimal}, and a key that starts with `$` gets another `$`. Tuples become lists.
    """
    if isinstance(value, float):
        return {"$real": float(value).hex()}
    if type(value) is int and abs(value) > INTEGER:
        return {"$integer": str(value)}
    if isinstance(value, Mapping):
        return {f"${key}" if str(key).startswith("$") else key: tagged(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tagged(item) for item in value]
    return value


def untagged(value: Any) -> Any:
    """What `tagged` was given. Raises ValueError for a tag it does not know."""
    if isinstance(value, list):
        return [untagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$real"}:
        return real(value["$real"])
    if value.keys() == {"$integer"}:
        return _big(value["$integer"])
    unknown = [key for key in value if key.startswith("$") and not key.startswith("$$")]
    if unknown:
        raise ValueError(f"tag {unknown[0]!r} is unknown")
    return {key.removeprefix("$"): untagged(item) for key, item in value.items()}


def _big(text: Any) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"-?[1-9][0-9]{15,1000}", text) or abs(int(text)) <= INTEGER:
        raise ValueError(f"{text!r:.60} is no integer beyond 2**53 in decimal digits")
    return int(text)


def plain(value: Any) -> Any:
    """What `tagged` was given, for people: a real that JSON cannot hold becomes text."""
    value = untagged(value)
    return _finite(value)


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    return value
