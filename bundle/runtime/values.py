"""What the constants of an instruction must hold, beyond the right shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

__all__ = ["Params", "Rule", "Shape", "Within"]

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
