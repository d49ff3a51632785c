"""Move what comes before a `matmul` into its table, or behind it when it scales whole rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..runtime.plan import Instruction
from .draft import Draft, Table
from .tables import product, times

__all__ = ["push"]

Lines = list[Instruction]
"""What stands for `matmul(f(u), W)` afterwards; empty where `f` cannot be passed."""


def push(draft: Draft) -> bool:
    """Rewrite one register that is read by matmul lines alone: `matmul(f(u), W)` for all of them."""
    for before in draft.lines:
        readers = draft.readers(before.out)
        if not readers or draft.is_output(before.out) or any(line.op != "matmul" for line in readers):
            continue
        through = _PUSHES.get(before.op, _not_pushed)
        lines = [through(draft, before, reader, readers) for reader in readers]
        if all(lines):
            for reader, new in zip(readers, lines, strict=True):
                draft.replace(reader, new)
            return True
    return False


def _not_pushed(draft: Draft, before: Instruction, reader: Instruction, readers: list[Instruction]) -> Lines:
    return []


def _push_sum(draft: Draft, before: Instruction, reader: Instruction, readers: list[Instruction]) -> Lines:
    a, b = before.inputs
    table = draft.table(reader.inputs[1])
    if a in draft.constants or b in draft.constants:
        register = b if a in draft.constants else a
        if draft.widths[register] != table.shape[1]:
            return []
        pushed = draft.matmul(reader, register, table)
        # W · c, one value for each row of the table.
        sides = [pushed.out if name == register else draft.constant(times(table, draft.table(name))) for name in (a, b)]
        return [pushed, draft.new_line(reader, before.op, sides, len(table))]
    if draft.widths[a] != draft.widths[b]:
        return []
    return _push_projection(draft, before, reader, table)


def _push_projection(draft: Draft, before: Instruction, reader: Instruction, table: Table) -> Lines:
    """`u ± u·A·B…`: a projection subtracted from the register it came from is one table."""
    u, v = before.inputs
    path = table
    while v != u:
        line = draft.line(v)
        if line is None or line.op != "matmul" or not draft.read_once(v):
            return []
        path = product(path, draft.table(line.inputs[1]))
        v = line.inputs[0]
    return [draft.matmul(reader, u, table + path if before.op == "add" else table - path)]


def _push_scaling(draft: Draft, before: Instruction, reader: Instruction, readers: list[Instruction]) -> Lines:
    a, b = before.inputs
    table = draft.table(reader.inputs[1])
    if before.op == "mul" and (a in draft.constants or draft.widths.get(a) == 1):
        a, b = b, a
    if a in draft.constants or draft.widths[a] != table.shape[1]:
        return []
    if b in draft.constants:
        factors = draft.table(b)
        return [draft.matmul(reader, a, table * factors if before.op == "mul" else table / factors)]
    if draft.widths[b] != 1 or table.shape[1] == 1:
        return []
    pushed = draft.matmul(reader, a, table)
    return [pushed, draft.new_line(reader, before.op, [pushed.out, b], len(table))]


def _push_banded(draft: Draft, before: Instruction, reader: Instruction, readers: list[Instruction]) -> Lines:
    source, taps = before.inputs[0], draft.table(before.inputs[1])
    table = draft.table(reader.inputs[1])
    result = np.zeros((len(table), draft.widths[source]))
    q = 0
    for count, start, stride, row in before.params["runs"]:
        for j in range(taps.shape[1]):
            stop = start + j + (count - 1) * stride + 1
            result[:, start + j : stop : stride] += table[:, q : q + count] * taps[row, j]
        q += count
    return [draft.matmul(reader, source, result)]


def _push_gather(draft: Draft, before: Instruction, reader: Instruction, readers: list[Instruction]) -> Lines:
    source, index = before.inputs[0], draft.table(before.inputs[1])
    if len(index) < draft.widths[source]:
        return []  # the table would grow wider than what it reads now
    table = draft.table(reader.inputs[1])
    result = np.zeros((len(table), draft.widths[source]))
    for q, column in enumerate(index.tolist()):
        result[:, column] += table[:, q]
    return [draft.matmul(reader, source, result)]


def _push_matmul(draft: Draft, before: Instruction, reader: Instruction, readers: list[Instruction]) -> Lines:
    inner = draft.table(before.inputs[1])
    rows = sum(draft.constants[line.inputs[1]].shape[0] for line in readers)
    if rows > len(inner):
        return []  # the product would hold more numbers than its factors
    return [draft.matmul(reader, before.inputs[0], product(draft.table(reader.inputs[1]), inner))]


_PUSHES: dict[str, Callable[[Draft, Instruction, Instruction, list[Instruction]], Lines]] = {
    "add": _push_sum,
    "sub": _push_sum,
    "mul": _push_scaling,
    "div": _push_scaling,
    "banded": _push_banded,
    "gather": _push_gather,
    "matmul": _push_matmul,
}
