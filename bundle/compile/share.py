"""Compute equal lines once and keep equal constants once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..runtime.plan import Constant, Instruction, Output, Plan
from .draft import Draft

__all__ = ["joined", "share", "share_lines"]


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


def joined(plans: Sequence[Plan]) -> Plan:
    """One plan with the outputs of all, which have the same inputs; what several compute is computed once."""
    if len(plans) == 1:
        return plans[0]
    inputs = {source.name for source in plans[0].inputs}
    constants: dict[str, Constant] = {}
    body: list[Instruction] = []
    outputs: dict[str, Output] = {}
    for number, plan in enumerate(plans):

        def own(name: str, number: int = number) -> str:
            return name if name in inputs else f"{name}.{number}"

        constants |= {own(name): constant for name, constant in plan.constants.items()}
        body += [replace(line, inputs=tuple(map(own, line.inputs)), out=own(line.out)) for line in plan.body]
        outputs |= {name: Output(own(output.register), output.names) for name, output in plan.outputs.items()}
    draft = Draft(Plan(plans[0].inputs, constants, tuple(body), outputs))
    share(draft)
    return draft.plan()
