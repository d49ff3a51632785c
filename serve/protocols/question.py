"""What is asked, whatever it came as: one value for all bodies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest

__all__ = ["Question", "Table", "asked_of", "one_each"]


class Question(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How spectra are to be predicted, and what is to be told."""

    axis: list[float] | None = None
    """The positions of the values."""
    unit: str | None = None
    """The unit of the axis; that of the model if absent, unless the numbers can only be another."""
    strict: bool = False
    """Whether only spectra on the model's own axis, and of its own signal, are taken."""
    strict_domain: bool = False
    """Whether a prediction with the status `error`, of a spectrum unlike the calibration say, is refused."""
    signal: str | None = None
    """What the values are, `absorbance` say; taken as they are if absent."""
    ids: list[str | int] | None = None
    """A name per spectrum, given back with the answer."""
    instrument: str | None = None
    """The instrument that measured the spectra, by which the settings beside the bundle are chosen."""
    product: str | None = None
    """What was measured, by which the settings beside the bundle are chosen."""
    full: bool = False
    """Whether all there is to say of each prediction is told, as `records`."""
    on_error: Literal["raise", "row"] = "raise"
    """With `row` a spectrum that cannot be predicted takes no other with it; its value is null."""
    samples: list[str | int] | None = None
    """The sample of each spectrum: of those with several, `replicates` tells mean and standard deviation."""
    contributions: bool = False
    """Whether what each point adds to Q is told."""

    def how(self) -> dict[str, Any]:
        """What `predict_full` is asked beside spectra and axis."""
        return {
            "unit": self.unit,
            "strict": self.strict,
            "signal": self.signal,
            "instrument": self.instrument,
            "product": self.product,
            "on_error": self.on_error,
            "spread": self.full,
        }


@dataclass(frozen=True, eq=False)
class Table:
    """What a file of spectra holds."""

    spectra: NDArray[np.float64]
    """(n, p)"""
    axis: list[float] | None = None
    unit: str | None = None
    ids: list[str | int] | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    """Members of a Question that the file says of itself."""


def asked_of(table: Table, members: Mapping[str, Any]) -> Question:
    """The question that a table and the members beside it make; these go before what the table says of itself.

    Raises BadRequest for a member that cannot be, and for an axis or ids that are given twice.
    """
    found: dict[str, Any] = dict(table.asked)
    for name, own in (("axis", table.axis), ("ids", table.ids)):
        if own is None:
            continue
        if name in members or name in found:
            raise BadRequest(f"{name}: the table has its own, and others were given beside it; give them once")
        found[name] = own
    if table.unit is not None:
        found.setdefault("unit", table.unit)
    try:
        question = msgspec.convert({**found, **members}, Question)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error).replace(" - at `$.", " - at `")) from None
    one_each(question, len(table.spectra))
    return question


def one_each(question: Question, count: int) -> None:
    """Raises BadRequest unless there are as many names as spectra."""
    for what, names in (("ids", question.ids), ("samples", question.samples)):
        if names is not None and len(names) != count:
            raise BadRequest(f"{what}: {len(names)} were given for {count} spectra, expected one each")
