"""Compute equal lines once and keep equal constants once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..runtime.plan import Output
from .draft import Draft

__all__ = ["share"]


def share(draft: Draft) -> None:
    """Compute equal lines once and keep equal constants once."""
    same: dict[str, str] = {}
    constants: dict[Any, str] = {}
    for name, constant in draft.constants.items():
        key = (constant.dtype.str, constant.shape, constant.array.tobytes())
        same[name] = constants.setdefault(key, name)
    lines: dict[Any, str] = {}
    kept = []
    for line in draft.lines:
        inputs = tuple(same.get(name, name) for name in line.inputs)
        meaning = (line.op, inputs, repr(sorted(line.params.items())))
        same[line.out] = lines.setdefault(meaning, line.out)
        if same[line.out] == line.out:
            kept.append(replace(line, inputs=inputs))
    draft.lines = kept
    draft.outputs = {
        key: Output(same.get(output.register, output.register), output.names) for key, output in draft.outputs.items()
    }
