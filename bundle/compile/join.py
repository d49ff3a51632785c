"""Branches that do the same with other numbers become one branch, as many times as wide.

gather  the mean of branches that end alike is taken of one register that holds them side by side
hoist   equal instructions on registers that stand side by side become one instruction on all of them
absorb  a factor after a `matmul` moves into its table

Nothing but `gather` and `absorb` of linear forms changes a bit: the same operations are done on the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..runtime.plan import Instruction
from .draft import Draft, Table

__all__ = ["absorb", "gather", "hoist"]

Lines = list[Instruction]

ELEMENTWISE = ("add", "sub", "mul", "div", "max", "min", "select", "map")


def gather(draft: Draft) -> bool:
    """`fold(u₁, u₂, …)` becomes the fold of one register; of linear forms with other inputs, one linear form."""
    for fold in draft.lines:
        if fold.op != "fold" or len(fold.inputs) < 2 or "parts" in fold.params:
            continue
        branches = _alike(draft, fold.inputs)
        if not branches:
            continue
        if branches[0].op == "matmul":
            draft.replace(fold, _one_form(draft, fold, branches))
            return True
        if branches[0].op in _HOISTS:
            width = draft.widths[fold.out]
            side_by_side = draft.new_line(fold, "concat", fold.inputs, width * len(branches))
            folded = draft.new_line(fold, "fold", [side_by_side.out], width, **fold.params, parts=len(branches))
            draft.replace(fold, [side_by_side, folded])
            return True
    return False


def _alike(draft: Draft, registers: Sequence[str]) -> Lines:
    """The lines that define these registers, if they do the same and nobody else reads them."""
    lines = [draft.line(name) for name in registers]
    if None in lines or len(set(registers)) < len(registers):
        return []
    found = [line for line in lines if line is not None]
    if any(line.op != found[0].op or line.params != found[0].params for line in found):
        return []
    return found if all(draft.read_once(name) for name in registers) else []


def _one_form(draft: Draft, fold: Instruction, branches: Lines) -> Lines:
    """The mean of W₁·u₁, W₂·u₂, … is [W₁ W₂ …]/d times all u side by side."""
    sources = [line.inputs[0] for line in branches]
    tables = [draft.table(line.inputs[1]) for line in branches]
    table = np.concatenate(tables, axis=1) / float(fold.params["d"])
    side_by_side = draft.new_line(fold, "concat", sources, table.shape[1])
    return [side_by_side, draft.matmul(fold, side_by_side.out, table)]


def hoist(draft: Draft) -> bool:
    """`concat(f(u₁), f(u₂), …)` becomes `f(concat(u₁, u₂, …))`."""
    for line in draft.lines:
        if line.op != "concat" or len(line.inputs) < 2:
            continue
        branches = _alike(draft, line.inputs)
        hoisted = _HOISTS[branches[0].op](draft, line, branches) if branches and branches[0].op in _HOISTS else []
        if hoisted:
            draft.replace(line, hoisted)
            return True
    return False


def _hoist_elementwise(draft: Draft, concat: Instruction, branches: Lines) -> Lines:
    widths = [draft.widths[line.out] for line in branches]
    before: Lines = []
    operands = []
    for names in zip(*[line.inputs for line in branches], strict=True):
        joined = _joined(draft, concat, names, widths)
        if joined is None:
            return []
        before += joined[0]
        operands.append(joined[1])
    return [*before, draft.new_line(concat, branches[0].op, operands, sum(widths), **branches[0].params)]


def _joined(draft: Draft, concat: Instruction, names: Sequence[str], widths: Sequence[int]) -> tuple[Lines, str] | None:
    """One operand for all branches, and the lines that make it; None where they are not to be joined."""
    if len(set(names)) == 1 and draft.width(names[0]) == 1:
        return [], names[0]
    constant = [name in draft.constants for name in names]
    if all(constant):
        rows = [np.broadcast_to(draft.table(name), (1, width)) for name, width in zip(names, widths, strict=True)]
        return [], draft.constant(np.concatenate(rows, axis=1))
    if any(constant) or len(set(names)) < len(names):
        return None  # what they share would be copied for each
    found = [draft.widths[name] for name in names]
    line = draft.new_line(concat, "concat", names, sum(found))
    if found == list(widths):
        return [line], line.out
    if any(width != 1 for width in found):
        return None
    repeated = draft.constant(np.repeat(np.arange(len(names)), widths).astype(np.int32))
    spread = draft.new_line(concat, "gather", [line.out, repeated], sum(widths))
    return [line, spread], spread.out


def _hoist_row(draft: Draft, concat: Instruction, branches: Lines) -> Lines:
    sources = [line.inputs[0] for line in branches]
    widths = {draft.widths[name] for name in sources}
    if len(widths) > 1 or "parts" in branches[0].params:
        return []
    wide = draft.new_line(concat, "concat", sources, widths.pop() * len(sources))
    params = {**branches[0].params, "parts": len(sources)}
    return [wide, draft.new_line(concat, branches[0].op, [wide.out], len(sources), **params)]


def _hoist_matmul(draft: Draft, concat: Instruction, branches: Lines) -> Lines:
    tables = [draft.table(line.inputs[1]) for line in branches]
    if len({line.inputs[0] for line in branches}) == 1:
        return [draft.matmul(concat, branches[0].inputs[0], np.concatenate(tables))]
    return []


def _hoist_dist(draft: Draft, concat: Instruction, branches: Lines) -> Lines:
    if len({line.inputs[0] for line in branches}) > 1:
        return []
    rows = np.concatenate([draft.table(line.inputs[1]) for line in branches])
    kept, places = _unique(rows)
    line = draft.new_line(
        concat, "dist", [branches[0].inputs[0], draft.constant(kept)], len(kept), **branches[0].params
    )
    if len(kept) == len(rows):
        return [line]
    return [line, draft.new_line(concat, "gather", [line.out, draft.constant(places)], len(rows))]


def _unique(rows: Table) -> tuple[Table, np.ndarray[tuple[int, ...], np.dtype[np.int32]]]:
    """Each different row once, in the order of its first place, and where each row is found there."""
    seen: dict[bytes, int] = {}
    places = [seen.setdefault(row.tobytes(), len(seen)) for row in rows]
    first = [places.index(number) for number in range(len(seen))]
    return rows[first], np.array(places, dtype=np.int32)


_HOISTS: dict[str, Callable[[Draft, Instruction, Lines], Lines]] = {
    **dict.fromkeys(ELEMENTWISE, _hoist_elementwise),
    "row": _hoist_row,
    "argmax": _hoist_row,
    "matmul": _hoist_matmul,
    "dist": _hoist_dist,
}


def absorb(draft: Draft) -> bool:
    """`(u·W) · c` becomes `u·(c·W)`, and `(u + b) · c` becomes `u · c + b·c`; dividing likewise."""
    for line in draft.lines:
        if line.op not in ("mul", "div"):
            continue
        register, factor = line.inputs
        if line.op == "mul" and register in draft.constants:
            register, factor = factor, register
        before = draft.line(register)
        if before is None or factor not in draft.constants or not draft.read_once(register):
            continue
        if draft.widths[register] != draft.widths[line.out]:
            continue
        new = _absorbed(draft, line, before, draft.table(factor))
        if new:
            draft.replace(line, new)
            return True
    return False


def _absorbed(draft: Draft, line: Instruction, before: Instruction, factor: Table) -> Lines:
    scaled: Callable[[Table], Table] = (lambda table: table * factor) if line.op == "mul" else lambda t: t / factor
    if before.op == "matmul":
        return [draft.matmul(line, before.inputs[0], scaled(draft.table(before.inputs[1]).T).T)]
    if before.op not in ("add", "sub"):
        return []
    a, b = before.inputs
    if a in draft.constants or b not in draft.constants or draft.line(a) is None or not draft.read_once(a):
        return []
    inner = draft.line(a)
    if inner is None or inner.op not in ("matmul", "add", "sub") or draft.widths[a] != draft.widths[line.out]:
        return []
    # Only where the factor goes on to be absorbed: elsewhere nothing is gained.
    product = draft.new_line(line, line.op, [a, draft.constant(factor)], draft.widths[line.out])
    return [
        product,
        draft.new_line(line, before.op, [product.out, draft.constant(scaled(draft.table(b)))], draft.widths[line.out]),
    ]
