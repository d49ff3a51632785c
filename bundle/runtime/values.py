"""What the constants of an instruction must hold, beyond the right shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Check", "Held", "Params", "Rule", "Shape", "Within", "ascending"]

Shape = tuple[int, ...]
Params = Mapping[str, Any]
Held = Sequence[NDArray[Any] | None]
"""The operands of a line: arrays where they are constants, None where they are registers."""


class Rule(Protocol):
    """Something that must be true of the values of one operand, a constant."""

    @property
    def operand(self) -> int:
        """Its place among the operands."""

    def complaint(self, shapes: Sequence[Shape], params: Params, held: Held) -> str | None:
        """What is wrong, to follow the name of the constant; or None."""


@dataclass(frozen=True)
class Within:
    """The least and the largest value that an operand may hold."""

    operand: int
    bounds: Callable[[Sequence[Shape], Params], tuple[float, float]]

    def complaint(self, shapes: Sequence[Shape], params: Params, held: Held) -> str | None:
        values = held[self.operand]
        least, largest = self.bounds(shapes, params)
        if values is None or (least <= values.min() and values.max() <= largest):
            return None
        return f"holds values from {values.min()} to {values.max()}, expected {least} to {largest}"


@dataclass(frozen=True)
class Check:
    """What a function finds wrong with an operand."""

    operand: int
    find: Callable[[Sequence[Shape], Params, Held], str | None]

    def complaint(self, shapes: Sequence[Shape], params: Params, held: Held) -> str | None:
        return self.find(shapes, params, held)


def ascending(shapes: Sequence[Shape], params: Params, held: Held) -> str | None:
    """The breaks of each of the `cols`, in the second operand, do not descend."""
    breaks = held[1]
    assert breaks is not None  # a vector is a constant
    falls = np.append(breaks[0, 1:] < breaks[0, :-1], False)
    for number, (_, first, count) in enumerate(params["cols"]):
        fall = falls[first : first + count - 1]
        if fall.any():
            at = first + int(np.argmax(fall))
            return (
                f"holds {breaks[0, at + 1]} behind {breaks[0, at]} (values {at} and {at + 1}, for column {number}), "
                "expected breaks that do not descend"
            )
    return None
