"""Spectra of several sources: how many there are, how wide each is, and what is done for one of them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..bundle.chain import Axis, Source
from .errors import Refused
from .side_by_side import Load
from .steps import Recorded

__all__ = ["of_source", "source_told", "sources_of"]


def of_source(steps: Sequence[Recorded], source: int | None) -> list[Recorded]:
    """The steps as they work on one source alone; all as they are where the chain is not one of a single source."""
    if source is None:
        return list(steps)
    kept = [step for step in steps if step.sources is None or source in step.sources]
    return [step if step.sources is None else _narrowed(step, step.sources, source) for step in kept]


def _narrowed(step: Recorded, sources: Sequence[int], source: int) -> Recorded:
    own = tuple(a for a, of in zip(step.artifacts, sources, strict=True) if of == source) if step.artifacts else ()
    return replace(step, artifacts=own, sources=None)


def source_told(dataset: Mapping[str, Any], source: int) -> Mapping[str, Any]:
    """What the dataset tells of one source."""
    told = dataset.get("sources") or ()
    found: Mapping[str, Any] = told[source] if source < len(told) else {}
    return found


def sources_of(
    chain_id: str, dataset: Mapping[str, Any], source: int | None, steps: Sequence[Recorded], load: Load
) -> tuple[Source, ...]:
    """The sources of a spectrum, none where it is one: as the dataset tells them, and as wide as what was fitted.

    Raises Refused, naming it, for a source whose width nobody says.
    """
    told = list(dataset.get("sources") or ())
    count = len(told) or 1 + max((of for step in steps for of in step.sources or ()), default=0)
    if count < 2 or source is not None:
        return ()
    told = told or [{}] * count
    return tuple(_source(chain_id, entry, index, steps, load) for index, entry in enumerate(told))


def _source(chain_id: str, entry: Mapping[str, Any], index: int, steps: Sequence[Recorded], load: Load) -> Source:
    given = entry.get("wavelengths")
    width = (entry.get("width") or _fitted_width(index, steps, load)) if given is None else len(given)
    if width is None:
        raise Refused(
            f"chain_id {chain_id!r}: how many points source {index} has is not said; name the width of each source in "
            "the metadata of the dataset"
        )
    axis = None if given is None else Axis(np.array(given, dtype=np.float64), str(entry.get("unit", "nm")))
    return Source(str(entry.get("name", f"source {index}")), int(width), axis, entry.get("signal"))


def _fitted_width(source: int, steps: Sequence[Recorded], load: Load) -> int | None:
    for step in steps:
        own = [a for a, of in zip(step.artifacts, step.sources or (), strict=False) if of == source]
        count = getattr(load(own[0]), "n_features_in_", None) if own else None
        if count is not None:
            return int(count)
    return None
