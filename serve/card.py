"""What a page draws beside a spectrum: a model's points, what is usual for it, its own reference spectra."""

from __future__ import annotations

from typing import Any

from ..bundle import Bundle
from ..bundle.runtime.limits import Envelope
from ..bundle.runtime.verdict import ERRORS, WARNINGS, Usual

__all__ = ["WORDS", "card"]

WORDS: dict[str, dict[str, str]] = {
    **{code: {"level": "error", "words": words} for code, words in ERRORS.items()},
    **{code: {"level": "warning", "words": words} for code, words in WARNINGS.items()},
    "refused": {"level": "error", "words": "the spectrum cannot be predicted"},
}
"""Every flag: its level, and what it means."""


def card(name: str, bundle: Bundle) -> dict[str, Any]:
    """All there is to know about a model and to draw of it, in plain JSON values; not where its file lies."""
    info = bundle.info()
    del info["path"]
    return {
        "name": name,
        **info,
        "axis": None if bundle.axis is None else {"values": bundle.axis.values.tolist(), "unit": bundle.axis.unit},
        "envelope": _envelope(bundle.limits.envelope),
        "settings": None if bundle.settings is None else bundle.settings.digest,
        "samples": {"origin": bundle.golden.origin, "spectra": bundle.golden.rows.tolist()},
        "flags": WORDS,
    }


def _envelope(envelope: Envelope | None) -> dict[str, list[float]] | None:
    """The least and the largest value of each point, and from where on a value counts as outside."""
    if envelope is None:
        return None
    low, high = envelope.low.tolist(), envelope.high.tolist()
    usual: Any = Usual(low, high, envelope.middle, envelope.span, envelope.stretch)
    return {"low": low, "high": high, "usual_low": usual.low, "usual_high": usual.high}
