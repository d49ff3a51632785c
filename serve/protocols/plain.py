"""Plain JSON: `{"spectra": [[…]], "axis": […], "unit": "nm", "signal": "absorbance", "strict": true,
"ids": […]}` in, columns out.

For models that handle missing values, null is one.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...bundle import Bundle, Result
from ..errors import BadRequest
from .numbers import members_and_rows
from .question import Question, one_each

__all__ = ["MEDIA_TYPE", "Answer", "Body", "decode", "encode"]

MEDIA_TYPE = "application/json"


class Body(Question, kw_only=True, forbid_unknown_fields=True):
    """The body of a request for predictions; only `spectra` is required."""

    spectra: list[list[float]]
    """One list of values per spectrum."""


class BodyWithGaps(Body, kw_only=True, forbid_unknown_fields=True):
    """The same for a model that handles missing values."""

    spectra: list[list[float | None]]  # type: ignore[assignment]  # what may be asked of it is more


class Answer(msgspec.Struct, omit_defaults=True):
    """The body of an answer, in columns: one entry per spectrum in `values`, `flags` and `ids`."""

    values: list[Any]
    """A number per spectrum, a list of numbers where the model has several targets, or the label of a class."""
    targets: list[str]
    units: list[str]
    flags: list[tuple[str, ...]]
    axis_action: str
    signal_action: str
    model: str
    digest: str
    profile: str
    ids: list[str | int] | None = None
    classes: list[Any] | None = None
    """What a classifier tells apart, in the order of its probabilities."""
    proba: list[list[float]] | None = None
    """For each spectrum the probability of each class, where the model tells them."""
    std: list[Any] | None = None
    """The standard deviation of each of `values`, where the model tells one."""
    settings: str | None = None
    """The digest of the deployment settings that were applied."""
    refused: list[dict[str, Any]] | None = None
    """Rows, counted from 1, that have no prediction, and the reason."""
    records: list[dict[str, Any]] | None = None
    replicates: list[dict[str, Any]] | None = None
    contributions: list[list[float]] | None = None
    absent: list[str] | None = None
    """With `records`: what the model cannot tell, and why."""


_decode = msgspec.json.Decoder(Body).decode
_decode_with_gaps = msgspec.json.Decoder(BodyWithGaps).decode
_encode = msgspec.json.Encoder().encode


def decode(body: bytes, *, missing: bool = False) -> tuple[Question, NDArray[np.float64]]:
    """The question, and its spectra as an array (n, p), where values may be `missing` with NaN for null.

    Raises BadRequest naming the place that cannot be read.
    """
    found = members_and_rows(body, "spectra")
    if found is not None:
        try:
            question = msgspec.convert(found[0], Question)
        except msgspec.ValidationError:
            return _strictly(body, missing)  # which says more of it
        one_each(question, len(found[1]))
        return question, found[1]
    return _strictly(body, missing)


def _strictly(body: bytes, missing: bool) -> tuple[Question, NDArray[np.float64]]:
    """The same, value by value: it knows where a value stands that should not be there."""
    try:
        said = _decode_with_gaps(body) if missing else _decode(body)
    except msgspec.ValidationError as error:
        raise BadRequest(_in_words(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(_no_number(body, str(error), missing) or f"the body is not JSON: {error}") from None
    widths = [len(row) for row in said.spectra]
    if not widths:
        raise BadRequest("spectra: no rows were given, expected at least one")
    if len(set(widths)) > 1:
        row = next(i for i, width in enumerate(widths) if width != widths[0])
        raise BadRequest(
            f"spectra: row {row + 1} has {widths[row]} values, expected {widths[0]} as in row 1; "
            "rows must be equally long"
        )
    question = Question(**{name: getattr(said, name) for name in Question.__struct_fields__})
    one_each(question, len(widths))
    return question, np.array(said.spectra, dtype=np.float64)


def _in_words(message: str) -> str:
    """msgspec names places from 0, as `$.spectra[0][3]`; people count rows and points from 1."""
    place = re.search(r" - at `\$\.spectra\[(\d+)\](?:\[(\d+)\])?`", message)
    if place is None:
        return message.replace(" - at `$.", " - at `").replace(" - at `$`", " of the body")
    row, point = place.group(1), place.group(2)
    found = message[: place.start()]
    if point is None:
        return f"spectra: row {int(row) + 1}: {found}; give a list of values per spectrum, [[…]] for a single one"
    return f"spectra: row {int(row) + 1}, point {int(point) + 1}: {found}"


def _no_number(body: bytes, message: str, missing: bool) -> str | None:
    """JSON has no NaN and no Infinity, which Python for one writes nevertheless: where in the spectra one stands."""
    place = re.search(r"\(byte (\d+)\)", message)
    found = re.compile(rb"NaN|Infinity").match(body, int(place.group(1))) if place else None
    if found is None:
        return None
    before = body[: found.start()].rpartition(b'"spectra"')[2]
    if before.count(b"[") - before.count(b"]") != 2:
        return None
    row, point = before.count(b"[") - 1, before.rpartition(b"[")[2].count(b",") + 1
    sign = "-" if before.endswith(b"-") else ""
    expected = "a finite number, or null where it is missing" if missing else "a finite number"
    return f"spectra: row {row}, point {point} is {sign}{found.group().decode()}, expected {expected}"


def encode(
    model: str, bundle: Bundle, question: Question, result: Result, contributions: list[list[float]] | None = None
) -> bytes:
    """The answer; values are written so that reading them gives the same bits."""
    return _encode(
        Answer(
            result.values.tolist(),
            [target.name for target in bundle.targets],
            [target.unit for target in bundle.targets],
            list(result.flags),
            result.axis_action,
            result.signal_action,
            model,
            result.digest,
            result.profile,
            question.ids,
            None if bundle.classes is None else list(bundle.classes.labels),
            None if result.proba is None else result.proba.tolist(),
            None if result.std is None else result.std.tolist(),
            result.settings,
            [{"row": row + 1, "reason": reason} for row, reason in result.reasons.items()] or None,
            list(result.records(question.ids, model=model)) if question.full else None,
            None if question.samples is None else result.replicates(question.samples),
            contributions,
            list(result.absent) if question.full else None,
        )
    )
