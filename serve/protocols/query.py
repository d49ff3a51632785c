"""Members of a question as query parameters, for bodies that hold nothing but spectra.

`axis=900,950,1000`, `full=true`, `unit=nm`; `ids` and `samples` once for each spectrum: `ids=a&ids=b`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ..errors import BadRequest
from .question import Question

__all__ = ["from_query"]

SWITCHES = {"true": True, "false": False}


def from_query(query: bytes) -> dict[str, Any]:
    """The members that a query string gives. Raises BadRequest naming what is not known, or cannot be."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise BadRequest("the query string is not text in percent-encoded UTF-8") from None
    members: dict[str, Any] = {}
    for name, value in pairs:
        kind = KINDS.get(name)
        if kind is None:
            raise BadRequest(f"query: {name[:40]!r} is not known, expected {', '.join(KINDS)}")
        if kind == "names":
            members.setdefault(name, []).append(value)
            continue
        if name in members:
            raise BadRequest(f"query: {name} was given twice, expected once")
        members[name] = _value(name, value, kind)
    return members


def _value(name: str, value: str, kind: str) -> Any:
    if kind == "switch":
        if value not in SWITCHES:
            raise BadRequest(f"query: {name} is {value[:40]!r}, expected true or false")
        return SWITCHES[value]
    if kind == "numbers":
        try:
            return msgspec.json.decode(f"[{value}]", type=list[float])
        except msgspec.MsgspecError as error:
            raise BadRequest(f"query: {name}: {error}, expected numbers with commas between them") from None
    return value


def _kind(name: str, hint: Any) -> str:
    if hint is bool:
        return "switch"
    return "numbers" if name == "axis" else "names" if name in ("ids", "samples") else "text"


KINDS = {one.name: _kind(one.name, one.type) for one in msgspec.structs.fields(Question)}
"""What each parameter holds."""
