"""Compute equal lines once and keep equal constants once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..runtime.plan import Output
from .draft import Draft

__all__ = ["share", "share_lines"]


def share(draft: Draft) -> None:
    """Keep equal constants once, and compute equal lines once."""
    same: dict[str, str] = {}
    constants: dict[Any, str] = {}
    for name, constant in draft.constants.items():
        key = (constant.dtype.str, constant.shape, constant.array.tobytes())
        same[name] = constants.setdefault(key, name)
    draft.lines = [replace(line, inputs=tuple(same.get(n, n) for n in line.inputs)) for line in draft.lines]
    share_lines(draft)


def share_lines(draft: Draft) -> None:
    """Compute lines once that do the same with the same registers and constants."""
    same: dict[str, str] = {}
    lines: dict[Any, str] = {}
    kept = []
    for line in draft.lines:
        inputs = tuple(same.get(name, name) for name in line.inputs)
        meaning = (line.op, inputs, repr(sorted(line.params.items())))
        same[line.out] = lines.setdefault(meaning, line.out)
        if same[line.out] == line.out:
            kept.append(replace(line, inputs=inputs) if inputs != line.inputs else line)
    draft.lines = kept
    draft.outputs = {
        key: Output(same.get(output.register, output.register), output.names) for key, output in draft.outputs.items()
    }
