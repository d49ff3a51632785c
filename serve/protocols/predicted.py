"""What a question asks of a result beyond the prediction."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...bundle import Bundle, Result
from ..errors import OutsideDomain
from .question import Question

__all__ = ["contributions", "within_domain"]

SHOWN = 20


def contributions(bundle: Bundle, question: Question, spectra: NDArray[Any]) -> list[list[float]] | None:
    """What each point adds to Q, where that was asked for."""
    if not question.contributions:
        return None
    how: dict[str, Any] = {"unit": question.unit, "strict": question.strict, "signal": question.signal}
    told: list[list[float]] = bundle.contributions(spectra, question.axis, **how).tolist()
    return told


def within_domain(result: Result, question: Question) -> Result:
    """The result as it is, unless `strict_domain` asks to refuse predictions with the status `error`.

    They are refused as spectra that cannot be predicted are: all with them (OutsideDomain), or row by row.
    """
    if not question.strict_domain:
        return result
    outside = [
        (row, f"outside of the model's domain: {', '.join(result.flags[row])}; expected a spectrum without these flags")
        for row, status in enumerate(result.status)
        if status == "error" and row not in result.reasons
    ]
    if not outside:
        return result
    if question.on_error == "raise":
        listed = "; ".join(f"row {row + 1}: {reason}" for row, reason in outside[:SHOWN])
        more = f"; and {len(outside) - SHOWN} more" if len(outside) > SHOWN else ""
        count = len(result.flags)
        raise OutsideDomain(f"{len(outside)} of {count} spectra are refused: {listed}{more}", tuple(outside))
    refused = dict(result.reasons) | dict(outside)
    flags = tuple(("refused",) if row in refused else codes for row, codes in enumerate(result.flags))
    rows = [row for row, _ in outside]
    arrays: dict[str, Any] = {
        one.name: _without(value, rows)
        for one in fields(result)
        if isinstance(value := getattr(result, one.name), np.ndarray) and len(value)
    }
    return replace(result, flags=flags, reasons=refused, **arrays)


def _without(values: NDArray[Any], rows: list[int]) -> NDArray[Any]:
    found = values.copy() if values.dtype.kind == "f" else values.astype(object)
    found[rows] = np.nan if values.dtype.kind == "f" else None
    return found
