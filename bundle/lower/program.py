"""Write a plan line by line: registers are numbered, equal constants kept once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import PlanError
from ..runtime.instructions import INSTRUCTIONS
from ..runtime.plan import Constant, Input, Instruction, Output, Plan

__all__ = ["Program"]


class Program:
    """A plan in the making. Operands are register names, or values that become constants.

    `step` and `fold` are stamped on every line that is added while they are set. While `reuse` is set, a line that is
    there already is not added again. `missing` are the registers that may hold NaN, because values of the spectra may
    be missing.
    """

    def __init__(self, width: int, *, missing: bool = False) -> None:
        self.step: int | None = None
        self.fold: str | None = None
        self.reuse = False
        self.x = "x"
        self._widths = {"x": width}
        self.missing = {"x"} if missing else set()
        self._inputs = (Input("x", width, missing),)
        self._constants: dict[str, Constant] = {}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._body: list[Instruction] = []

    def width(self, register: str) -> int:
        """Columns of a register."""
        return self._widths[register]

    def __call__(self, op: str, *operands: Any, **params: Any) -> str:
        """Add one instruction and return the name of its result; a parameter may be given its default.

        Raises PlanError, naming the instruction, where shapes do not chain or what is missing would be lost.
        """
        entry = INSTRUCTIONS[op]
        names = tuple(v if isinstance(v, str) else self.constant(v) for v in operands)
        if self.reuse:
            asked = (op, names, entry.said(params))
            for line in self._body:
                if (line.op, line.inputs, line.params) == asked:
                    return line.out
        out = f"x{len(self._body) + 1}"
        shapes = [self._constants[n].shape if n in self._constants else (1, self._widths[n]) for n in names]
        try:
            self._widths[out] = entry.width(shapes, params)
            if not self.missing.isdisjoint(names) and entry.missing(names, params, self.missing):
                self.missing.add(out)
        except ValueError as error:
            raise PlanError(f"{op}: {error}") from None
        self._body.append(Instruction(op, names, out, entry.said(params), self.step, self.fold))
        return out

    def constant(self, values: Any) -> str:
        """The name of a constant with these values."""
        constant = Constant.of(values)
        key = (constant.dtype.str, constant.shape, constant.array.tobytes())
        name = self._known.setdefault(key, f"k{len(self._known)}")
        self._constants[name] = constant
        return name

    def plan(self, outputs: Mapping[str, Output]) -> Plan:
        """The finished plan, its values checked too: what no host may run is not made."""
        plan = Plan(self._inputs, dict(self._constants), tuple(self._body), dict(outputs))
        plan.check_values()
        return plan
