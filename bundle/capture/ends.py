"""What a caller says about the ends of a chain, checked: targets, points, sources, and the weights of folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..chain import Axis, Source, Target
from ..errors import CaptureError
from ..runtime.signals import SignalMismatch, signal_named

__all__ = ["axis_of", "signal_of", "sources_of", "targets_of", "weights_of"]

UNITS = ("nm", "um", "cm-1")


def targets_of(targets: Sequence[str | Target] | None, count: int) -> tuple[Target, ...]:
    """Targets by name; `y`, or `y1`, `y2` … where none are given."""
    if targets is None:
        targets = ["y"] if count == 1 else [f"y{number}" for number in range(1, count + 1)]
    elif isinstance(targets, str):
        targets = [targets]
    named = tuple(target if isinstance(target, Target) else Target(str(target)) for target in targets)
    if len(named) != count or len({target.name for target in named}) != count:
        raise CaptureError(f"targets: {[target.name for target in named]} were given, expected {count} different names")
    return named


def axis_of(wavelengths: ArrayLike | None, unit: str, width: int) -> Axis | None:
    """The points of a spectrum, None where they are not known."""
    if wavelengths is None:
        return None
    values = np.array(wavelengths, dtype=np.float64).reshape(-1)
    if len(values) != width:
        raise CaptureError(f"wavelengths: {len(values)} were given, expected {width}")
    steps = np.diff(values)
    if not np.isfinite(values).all() or not ((steps > 0).all() or (steps < 0).all()):
        raise CaptureError("wavelengths: expected finite numbers that only ascend or only descend")
    if unit not in UNITS:
        raise CaptureError(f"unit={unit!r}, expected {', '.join(UNITS)}")
    return Axis(values, unit)


def sources_of(sources: Sequence[Source], width: int) -> tuple[Source, ...]:
    """The blocks of a spectrum, none where it is one."""
    widths = [source.width for source in sources]
    if sources and (sum(widths) != width or min(widths) < 1 or len({s.name for s in sources}) < len(widths)):
        raise CaptureError(f"sources: widths {widths} were given, expected {width} points in all, each its own name")
    return tuple(replace(source, signal=signal_of(source.signal)) for source in sources)


def signal_of(signal: str | None) -> str | None:
    """The signal of spectra by its own name, None where it is not known."""
    if signal is None:
        return None
    try:
        named: str = signal_named(signal)
    except SignalMismatch as error:
        raise CaptureError(str(error)) from None
    return named


def weights_of(weights: Sequence[float] | None, count: int) -> tuple[float, ...]:
    """One weight for each fold; none where all are the same."""
    given = tuple(map(float, weights or ()))
    if given and (len(given) != count or not all(0.0 <= w < float("inf") for w in given) or not sum(given)):
        raise CaptureError(f"weights: {list(given)} were given, expected {count} finite numbers ≥ 0, not all 0")
    return given if len(set(given)) > 1 else ()
