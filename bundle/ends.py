"""The two ends of a model: the points of a spectrum, and what is predicted from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import canonical

__all__ = ["CLASS_TYPES", "FOLD_RULES", "Axis", "Classes", "Source", "Target", "Value"]

Value = str | int | float | bool

FOLD_RULES = ("mean", "soft", "scores", "hard")
"""How the answers of folds become one: `mean` of predictions, or of columns of classes, which are `soft` probabilities,
`scores` of any kind, or `hard` votes."""


@dataclass(frozen=True, eq=False)
class Axis:
    """The points of a spectrum: their positions and the unit of these (`nm`, `cm-1` or `um`)."""

    values: NDArray[np.float64]
    unit: str


@dataclass(frozen=True)
class Target:
    """One predicted quantity."""

    name: str
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Source:
    """One of several blocks of points that make up a spectrum: `width` columns, from one instrument, say."""

    name: str
    width: int
    axis: Axis | None = None
    signal: str | None = None
    """What its values are, as `Chain.signal`, which holds where this is None."""


_WHOLE = tuple(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))
_KINDS = {"str": str, "object": str, "bool": bool, "float32": float, "float64": float} | dict.fromkeys(_WHOLE, int)

CLASS_TYPES = tuple(_KINDS)
"""Names of numpy types that labels of classes may have; `object` holds text alone."""


@dataclass(frozen=True)
class Classes:
    """The classes that a model tells apart, in the order in which it numbers them, and the numpy type of labels."""

    labels: tuple[Value, ...]
    dtype: str

    @classmethod
    def of(cls, labels: NDArray[Any]) -> Classes:
        """The classes of a `classes_`. Raises ValueError for labels that cannot be told as data, and for twins."""
        dtype = "str" if labels.dtype.kind == "U" else labels.dtype.name
        values = tuple(labels.tolist())
        if dtype not in CLASS_TYPES or (dtype == "object" and not all(type(value) is str for value in values)):
            raise ValueError(f"classes: labels of type {labels.dtype}, expected text, integers, reals or truth values")
        if len(values) < 2 or len(set(values)) < len(values):
            raise ValueError(f"classes: {list(values)!r:.80}, expected at least two, all different")
        return cls(values, dtype)

    @classmethod
    def restored(cls, said: Mapping[str, Any]) -> Classes:
        """The classes as a manifest says them. Raises ValueError where labels and type do not fit."""
        labels = canonical.untagged(said["labels"])
        if not all(type(label) is _KINDS[said["type"]] for label in labels):
            raise ValueError(f"classes: labels {labels!r:.80}, expected values of type {said['type']}")
        return cls.of(cls(tuple(labels), said["type"]).all())

    def all(self) -> NDArray[Any]:
        """All labels."""
        return np.array(self.labels, None if self.dtype == "str" else self.dtype)

    def named(self, numbers: NDArray[np.float64]) -> NDArray[Any]:
        """The labels of classes by their numbers, in the type that they had when the model was trained."""
        return self.all()[numbers.astype(np.intp)]
