"""Which protocol reads a body, and which writes the answer: by Content-Type, Accept, or the end of a file's name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from ...bundle import Bundle, Result
from ..errors import BadRequest, NotAcceptable, Unsupported
from . import arrow, csv, npy, parquet, plain
from .query import from_query
from .question import Question, Table, asked_of

__all__ = ["ANSWERS", "BODIES", "HEADERS", "check_told", "decode", "encoder", "headers", "preferred", "read_file"]

Reader = Callable[[bytes, bool, int], Table]
Encoder = Callable[[str, Bundle, Question, Result, Any], bytes]

TABLES: dict[str, Reader] = {
    csv.MEDIA_TYPE: csv.read,
    npy.MEDIA_TYPE: npy.read,
    arrow.MEDIA_TYPE: arrow.read,
    arrow.FILE: arrow.read,
    parquet.MEDIA_TYPE: parquet.read,
}
HEADERS = ("n4a-digest", "n4a-profile", "n4a-settings", "n4a-axis-action", "n4a-signal-action", "n4a-flagged")
"""What the head of an answer in another form than JSON tells."""
BODIES = (plain.MEDIA_TYPE, *TABLES)
"""The Content-Types of bodies."""

ANSWERS: dict[str, Encoder] = {
    plain.MEDIA_TYPE: plain.encode,
    csv.MEDIA_TYPE: csv.encode,
    npy.MEDIA_TYPE: npy.encode,
    arrow.MEDIA_TYPE: arrow.encode,
    arrow.FILE: arrow.encode_file,
}
"""What answers are written as; of those that are equally welcome, the first."""
OFFERED = tuple(ANSWERS)

SUFFIXES: dict[str, Reader] = {
    ".npy": npy.read,
    ".arrow": arrow.read,
    ".arrows": arrow.read,
    ".feather": arrow.read,
    ".parquet": parquet.read,
}
"""Files of spectra that are no text."""


def read_file(name: str, data: bytes, *, missing: bool) -> Table:
    """The spectra of a file, by the end of its name; text where that says nothing else. Raises BadRequest."""
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return SUFFIXES.get(suffix, csv.read)(data, missing, sys.maxsize)


def decode(body: bytes, kind: str, query: bytes, *, missing: bool, largest: int) -> tuple[Question, NDArray[Any]]:
    """The question that a body of this Content-Type and a query string make, and its spectra.

    Raises Unsupported for another type, BadRequest and TooLarge as the readers do.
    """
    if kind in (plain.MEDIA_TYPE, ""):
        if query:
            names = ", ".join(from_query(query))
            raise BadRequest(f"query: {names} in the address of a JSON body, expected as members of the body")
        return plain.decode(body, missing=missing)
    if kind not in TABLES:
        raise Unsupported(f"a body of type {kind[:80]!r} was sent, expected {', '.join(BODIES)}")
    members = from_query(query)
    table = TABLES[kind](body, missing, largest)
    return asked_of(table, members), table.spectra


def encoder(accept: str) -> tuple[str, Encoder]:
    """The media type that suits an Accept best, and what writes it. Raises NotAcceptable where there is none."""
    kind = preferred(accept, OFFERED)
    if kind is None:
        raise NotAcceptable(f"an answer as {accept[:80]!r} was asked for, expected one of {', '.join(OFFERED)}")
    return kind, ANSWERS[kind]


def check_told(kind: str, question: Question) -> None:
    """NotAcceptable where this media type has no place for what is asked."""
    if kind != plain.MEDIA_TYPE:
        told = [name for name in ("samples", "contributions") if getattr(question, name)]
        if kind == npy.MEDIA_TYPE and question.full:
            told.append("full")
        if told:
            raise NotAcceptable(f"{' and '.join(told)} cannot be told as {kind}; accept {plain.MEDIA_TYPE}")


def headers(result: Result) -> dict[str, str]:
    """What a JSON answer says of itself, for those forms that have no place for it."""
    told = {"n4a-digest": result.digest, "n4a-profile": result.profile, "n4a-settings": result.settings}
    told |= {"n4a-axis-action": result.axis_action, "n4a-signal-action": result.signal_action}
    told["n4a-flagged"] = str(sum(map(bool, result.flags)))
    return {name: value for name, value in told.items() if value is not None}


@lru_cache(64)  # clients choose how long each is
def preferred(accept: str, offered: tuple[str, ...]) -> str | None:
    """Which of the media types offered an Accept header prefers (RFC 9110 §12.5.1); of equals the first, None if none
    may be sent. No header is no wish.
    """
    wishes = [wish for part in accept.split(",") if (wish := _wish(part))]
    if not accept.strip():
        return offered[0]
    rated = [(_rate(kind, wishes), -i) for i, kind in enumerate(offered)]
    rate, place = max(rated)
    return offered[-place] if rate > 0 else None


def _wish(part: str) -> tuple[str, float] | None:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    rate = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                rate = min(max(float(value), 0.0), 1.0)
            except ValueError:
                return None
    return (kind, rate if rate == rate else 0.0) if kind else None


def _rate(kind: str, wishes: Sequence[tuple[str, float]]) -> float:
    """What the most particular wish says of a type."""
    asked: Mapping[str, float] = dict(wishes)
    family = f"{kind.partition('/')[0]}/*"
    return next((asked[name] for name in (kind, family, "*/*") if name in asked), 0.0)
