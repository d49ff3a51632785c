"""Constants added in a row become one; the mean of linear branches becomes one branch."""

from __future__ import annotations

from ..runtime.plan import Instruction
from .draft import Draft, Table
from .tables import mean

__all__ = ["chain", "merge"]

Lines = list[Instruction]
"""What stands for the fold afterwards; empty where the branches do not end alike."""


def chain(draft: Draft) -> bool:
    """`(u ± c) ± d` becomes `u + e`."""
    for line in draft.lines:
        outer = _added_constant(draft, line)
        inner_line = draft.line(outer[0]) if outer else None
        inner = _added_constant(draft, inner_line) if inner_line else None
        if outer is None or inner is None or not draft.read_once(outer[0]):
            continue
        if draft.widths[inner[0]] != draft.widths[line.out]:
            continue
        total = draft.constant(inner[1] + outer[1])
        draft.replace(line, [draft.new_line(line, "add", [inner[0], total], draft.widths[line.out])])
        return True
    return False


def _added_constant(draft: Draft, line: Instruction) -> tuple[str, Table] | None:
    """The register and the constant that a line adds; subtracting is adding the negative, to the bit."""
    if line.op not in ("add", "sub"):
        return None
    a, b = line.inputs
    if b in draft.constants and a not in draft.constants:
        return a, draft.table(b) if line.op == "add" else -draft.table(b)
    if line.op == "add" and a in draft.constants and b not in draft.constants:
        return b, draft.table(a)
    return None


def merge(draft: Draft) -> bool:
    """The mean of branches that end alike: what they share moves behind the mean, what is constant is averaged."""
    for fold in draft.lines:
        whole = fold.op == "fold" and "parts" not in fold.params
        branches = [draft.line(name) for name in fold.inputs] if whole else []
        tails = [line for line in branches if line and draft.read_once(line.out)]
        if len(tails) < 2 or len(tails) != len(branches) or len(set(fold.inputs)) != len(tails):
            continue
        new = _merge_added(draft, fold, tails) or _merge_scaled(draft, fold, tails) or _merge_tables(draft, fold, tails)
        if new:
            draft.replace(fold, new)
            return True
    return False


def _merge_added(draft: Draft, fold: Instruction, tails: list[Instruction]) -> Lines:
    added = [_added_constant(draft, line) for line in tails]
    width = draft.widths[fold.out]
    sources = [part[0] for part in added if part]
    if len(sources) < len(tails) or any(draft.widths[name] != width for name in sources):
        return []
    averaged = draft.new_line(fold, "fold", sources, width, **fold.params)
    constant = draft.constant(mean([part[1] for part in added if part], fold.params["d"]))
    return [averaged, draft.new_line(fold, "add", [averaged.out, constant], width)]


def _merge_scaled(draft: Draft, fold: Instruction, tails: list[Instruction]) -> Lines:
    op, scale = tails[0].op, tails[0].inputs[-1]
    width = draft.widths[fold.out]
    if op not in ("mul", "div") or any(line.op != op or line.inputs[1] != scale for line in tails):
        return []
    sources = [line.inputs[0] for line in tails]
    if any(name in draft.constants or draft.widths[name] != width for name in sources):
        return []
    averaged = draft.new_line(fold, "fold", sources, width, **fold.params)
    return [averaged, draft.new_line(fold, op, [averaged.out, scale], width)]


def _merge_tables(draft: Draft, fold: Instruction, tails: list[Instruction]) -> Lines:
    source = tails[0].inputs[0]
    if any(line.op != "matmul" or line.inputs[0] != source for line in tails):
        return []
    return [draft.matmul(fold, source, mean([draft.table(line.inputs[1]) for line in tails], fold.params["d"]))]
