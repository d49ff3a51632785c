"""The squares of rows that were scaled and shifted, from the squares of the rows before."""

from __future__ import annotations

import numpy as np

from ..runtime.plan import Instruction
from .draft import Draft
from .tables import times

__all__ = ["energy"]


def energy(draft: Draft) -> bool:
    """`Σ(u/s − c)²` becomes `Σu²/s² − 2·(u·c)/s + Σc²` where Σu² is known, s is one value for each row, and all else
    that is asked of `u/s − c` are products: then neither `u/s` nor `u/s − c` is needed.

    That is a difference of numbers up to a million times as large as what is left of a spectrum beside its principal
    components: of sixteen digits ten stay.
    """
    for line in draft.lines:
        if line.op != "row" or (line.params["f"], line.params["d"]) != ("sumsq", 1) or "parts" in line.params:
            continue
        moved = draft.line(line.inputs[0])
        readers = draft.readers(line.inputs[0])
        if moved is None or moved.op != "sub" or draft.is_output(moved.out) or moved.inputs[1] not in draft.constants:
            continue
        scaled = draft.line(moved.inputs[0])
        if scaled is None or scaled.op != "div" or not draft.read_once(scaled.out):
            continue
        if any(reader is not line and reader.op != "matmul" for reader in readers):
            continue
        known = _squares(draft, scaled.inputs[0])
        if known is not None and draft.widths.get(scaled.inputs[1]) == 1:
            draft.replace(line, _expanded(draft, line, known, scaled, moved.inputs[1]))
            return True
    return False


def _squares(draft: Draft, register: str) -> Instruction | None:
    """The line that sums the squares of a register."""
    return next(
        (
            line
            for line in draft.readers(register)
            if line.op == "row" and line.params["f"] == "sumsq" and "parts" not in line.params
        ),
        None,
    )


def _expanded(
    draft: Draft, line: Instruction, known: Instruction, scaled: Instruction, constant: str
) -> list[Instruction]:
    u, s = scaled.inputs
    center = np.broadcast_to(draft.table(constant), (1, draft.widths[u]))
    lines: list[Instruction] = []

    def add(op: str, *operands: str) -> str:
        lines.append(draft.new_line(line, op, operands, 1))
        return lines[-1].out

    squares = add("mul", known.out, draft.constant(float(known.params["d"])))
    own = add("div", squares, add("mul", s, s))
    product = draft.matmul(line, u, center)
    lines.append(product)
    both = add("mul", add("div", product.out, s), draft.constant(2.0))
    add("add", add("sub", own, both), draft.constant(times(center, center)))
    return lines
