"""Which columns of a table with names and types are the points of spectra, and which names the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from ...bundle.runtime.spectra_csv import axis_position
from ..errors import BadRequest

__all__ = ["Columns", "columns_of"]

MOST = 1 << 16
"""More columns than a spectrum has points."""


@dataclass(frozen=True)
class Columns:
    """Numbers of columns, and what their names say."""

    points: list[int]
    axis: list[float] | None
    unit: str | None
    ids: int | None


def columns_of(names: Sequence[str], kinds: Sequence[str]) -> Columns:
    """What columns of these names are: those that are named as a position (`850`, `850.5 nm`, `X1100`) are the points,
    and the first other one that holds text or integers names the samples. Where none is so named, or they are merely
    numbered, the numbers of a row are its points in their order.

    `kinds` are `float`, `integer`, `text`, or what else a column holds. Raises BadRequest naming a column that is none
    of these.
    """
    if len(names) > MOST:
        raise BadRequest(f"the table: {len(names)} columns were given, expected one for each point, {MOST} at most")
    said = [axis_position(name, False) for name in names]
    points = [i for i, (position, _) in enumerate(said) if position is not None and isfinite(position)]
    named = bool(points)
    if not named:
        points = [i for i, kind in enumerate(kinds) if kind in ("float", "integer")]
    rest = sorted({*range(len(names))} - {*points})
    for i in points if named else [i for i in rest if kinds[i] != "text"]:
        if kinds[i] not in ("float", "integer"):
            raise BadRequest(f"the table: column {names[i][:40]!r} holds {kinds[i]}, expected numbers")
    if not points:
        raise BadRequest("the table: there is no column of numbers, expected one for each point of the spectra")
    ids = next((i for i in rest if kinds[i] in ("text", "integer")), None)
    axis = [float(said[i][0]) for i in points] if named else None
    counted = [i + 0.0 for i in range(len(points) + 1)]
    if axis in (counted[:-1], counted[1:]):
        return Columns(points, None, None, ids)
    units = sorted({unit for i in points if (unit := said[i][1])}) if named else []
    if len(units) > 1:
        raise BadRequest(f"the table: its columns say several units, {' and '.join(units)}")
    return Columns(points, axis, units[0] if units else None, ids)
