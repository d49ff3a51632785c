"""What a word of the plan language is: operands, parameters and shapes, its numpy form and its plain Python twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .missing import Missing, passed
from .values import Params, Rule, Shape

__all__ = ["Entry", "Param"]

MOST = 2**31


@dataclass(frozen=True)
class Param:
    """One parameter of an instruction.

    It is a word out of `choices`, an integer ≥ `least` (a list of them if there are `many`), the sha256 of an artifact,
    or a list of small rows of integers, `each` naming these with their least values. A line leaves out a parameter that
    has its `default`, so that there is one way to write a line.
    """

    name: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    many: bool = False
    digest: bool = False
    each: tuple[tuple[str, int], ...] = ()
    default: Any = None

    def complaint(self, value: Any) -> str | None:
        """What is wrong with `value`, or None."""
        if not self._fits(value):
            return f"expected {self._expected()}"
        return "which it is without being said: leave it out" if value == self.default else None

    def _fits(self, value: Any) -> bool:
        if self.choices:
            return value in self.choices
        if self.digest:
            return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
        if self.least is not None and not self.many:
            return _is_integer(value, self.least)
        if not isinstance(value, list | tuple) or not value:
            return False
        if self.least is not None:
            return all(_is_integer(v, self.least) for v in value)
        return all(isinstance(row, list | tuple) and self._is_row(row) for row in value)

    def _is_row(self, row: Sequence[Any]) -> bool:
        return len(row) == len(self.each) and all(
            _is_integer(v, least) for v, (_, least) in zip(row, self.each, strict=True)
        )

    def _expected(self) -> str:
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.digest:
            return "the sha256 of an artifact, 64 lower-case hex digits"
        if self.least is not None:
            return f"{'a list of integers' if self.many else 'an integer'} from {self.least} to {MOST}"
        return f"a list of {self.name} [{', '.join(f'{name} ≥ {least}' for name, least in self.each)}]"


def _is_integer(value: Any, least: int) -> bool:
    return type(value) is int and least <= value <= MOST


@dataclass(frozen=True)
class Entry:
    """One word.

    `slots` names the operands: `row` is a register or a 1×w constant, `table` a k×p constant, `vector` a 1×k constant,
    `index` a constant of column numbers; `rows` (alone) is one row or more. `columns` gives the columns of the result
    from the operands' shapes and all parameters, or says in a ValueError why they do not chain. `values` says what the
    constants must hold, `missing` whether the result may be missing (NaN) where an operand may: a ValueError where that
    would be lost.
    """

    word: str
    slots: tuple[str, ...]
    columns: Callable[[Sequence[Shape], Params], int]
    kernel: Callable[..., Any]
    twin: Callable[..., list[float]]
    semantics: str
    params: tuple[Param, ...] = ()
    values: tuple[Rule, ...] = ()
    missing: Callable[[Sequence[str], Params, Missing], bool] = passed

    def slots_of(self, count: int) -> tuple[str, ...]:
        """The slots of a line with `count` operands."""
        return ("row",) * max(1, count) if self.slots == ("rows",) else self.slots

    def complete(self, params: Params) -> dict[str, Any]:
        """All parameters of a line that says `params`."""
        return {param.name: param.default for param in self.params if param.default is not None} | dict(params)

    def said(self, params: Params) -> dict[str, Any]:
        """The parameters that a line says: those that have not their default."""
        return {name: value for name, value in params.items() if (name, value) not in self._defaults()}

    def width(self, shapes: Sequence[Shape], params: Mapping[str, Any]) -> int:
        """Columns of the result; raises ValueError where shapes do not chain."""
        return self.columns(shapes, self.complete(params))

    def _defaults(self) -> list[tuple[str, Any]]:
        return [(param.name, param.default) for param in self.params if param.default is not None]
