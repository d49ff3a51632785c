"""What is usual for a model, as a document and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import canonical
from .runtime.limits import Envelope, Interval, Limit, Limits
from .schema import Check, digest, integer, items, real, record, text

__all__ = ["LIMITS", "described", "plain", "restored"]

Vector = NDArray[np.float64]
Pair = tuple[float, float]

_LIMIT = record({"warning": real, "error": real})
_PAIR = items(real, 2, 2)
LIMITS: Check = record(
    {"samples": integer(0)},
    {
        "components": integer(1),
        "t2": _LIMIT,
        "q": _LIMIT,
        "ranges": items(_PAIR, 1),
        "interval": record({"method": text, "coverage": real, "half_widths": items(real, 1), "samples": integer(1)}),
        "envelope": record({"low": digest, "high": digest, "middle": _PAIR, "span": _PAIR, "stretch": integer(1)}),
    },
)
"""What `limits` of a manifest looks like."""


def described(limits: Limits, keep: Callable[[NDArray[Any]], str]) -> dict[str, Any]:
    """Limits as a document; arrays are given to `keep`, which answers their digest."""
    said: dict[str, Any] = {"samples": limits.samples}
    if limits.components:
        said["components"] = limits.components
    for name, (warning, error) in limits.distances.items():
        said[name] = {"warning": warning.hex(), "error": error.hex()}
    if limits.ranges:
        said["ranges"] = [_hexes(pair) for pair in limits.ranges]
    if limits.interval is not None:
        found = limits.interval
        said["interval"] = {
            "method": found.method,
            "coverage": found.coverage.hex(),
            "half_widths": _hexes(found.half_widths),
            "samples": found.samples,
        }
    if limits.envelope is not None:
        shape = limits.envelope
        said["envelope"] = {
            "low": keep(shape.low),
            "high": keep(shape.high),
            "middle": _hexes(shape.middle),
            "span": _hexes(shape.span),
            "stretch": shape.stretch,
        }
    return said


def plain(limits: Limits) -> dict[str, Any]:
    """Limits in plain JSON values, without the envelope."""
    interval = limits.interval
    return {
        "samples": limits.samples,
        "components": limits.components,
        "t2": _plain_limit(limits.t2),
        "q": _plain_limit(limits.q),
        "ranges": [list(ends) for ends in limits.ranges],
        "interval": None
        if interval is None
        else {
            "method": interval.method,
            "coverage": interval.coverage,
            "half_widths": list(interval.half_widths),
            "samples": interval.samples,
        },
    }


def _plain_limit(limit: Limit | None) -> dict[str, float] | None:
    return None if limit is None else {"warning": limit.warning, "error": limit.error}


def restored(said: Mapping[str, Any], array: Callable[[str], Vector]) -> Limits:
    """The limits of a document that fits `LIMITS`; `array` reads the values of a digest.

    Raises ValueError where they contradict themselves.
    """
    interval, envelope = said.get("interval"), said.get("envelope")
    limits = Limits(
        said["samples"],
        said.get("components", 0),
        _limit(said.get("t2")),
        _limit(said.get("q")),
        tuple(_pair(pair) for pair in said.get("ranges", ())),
        None
        if interval is None
        else Interval(
            interval["method"],
            canonical.real(interval["coverage"]),
            tuple(map(canonical.real, interval["half_widths"])),
            interval["samples"],
        ),
        None
        if envelope is None
        else Envelope(
            array(envelope["low"]),
            array(envelope["high"]),
            _pair(envelope["middle"]),
            _pair(envelope["span"]),
            envelope["stretch"],
        ),
    )
    problems = [*_contradictions(limits)]
    if problems:
        raise ValueError("; ".join(problems))
    return limits


def _contradictions(limits: Limits) -> list[str]:
    problems = []
    for name, (warning, error) in limits.distances.items():
        if not 0.0 <= warning <= error < np.inf:
            problems.append(f"limits.{name}: warning {warning} and error {error}, expected 0 ≤ warning ≤ error")
    pairs = [(f"ranges[{number}]", pair) for number, pair in enumerate(limits.ranges)]
    if limits.envelope is not None:
        pairs += [("envelope.middle", limits.envelope.middle), ("envelope.span", limits.envelope.span)]
        low, high = limits.envelope.low, limits.envelope.high
        if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
            problems.append("limits.envelope: expected finite values, nowhere high below low")
    for name, (low_end, high_end) in pairs:
        if not -np.inf < low_end <= high_end < np.inf:
            problems.append(f"limits.{name}: {low_end} to {high_end}, expected finite numbers in ascending order")
    if limits.interval is not None:
        widths, coverage = limits.interval.half_widths, limits.interval.coverage
        if not all(0.0 <= width < np.inf for width in widths) or not 0.0 < coverage < 1.0:
            problems.append(
                f"limits.interval: coverage {coverage}, half widths {list(widths)}; expected 0 to 1, and ≥ 0"
            )
    return problems


def _limit(said: Mapping[str, Any] | None) -> Limit | None:
    return None if said is None else Limit(canonical.real(said["warning"]), canonical.real(said["error"]))


def _pair(said: Any) -> Pair:
    low, high = map(canonical.real, said)
    return low, high


def _hexes(values: Any) -> list[str]:
    return [float(value).hex() for value in values]
