"""A plan for people: its lines under the steps and folds that they come from."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from .runtime.plan import Instruction, Plan

__all__ = ["REASONS", "explain"]

REASONS = {
    "exact": "only + − × ÷ √ and one order of summation: the same bits in every host",
    "opaque": "a pickled step computes as its library does on this machine",
    "fast": "this machine's linear algebra and functions, compared with the exact golden answers",
}
"""Why a profile promises what it promises."""

SHORT = 40
"""Characters of a parameter that are shown."""


def explain(plan: Plan, steps: Mapping[int, str]) -> list[str]:
    """The lines of a plan as a tree, one text each; `steps` names the steps of the chain by their index.

    Constants stand as their shapes: `1×100`, or `12` column numbers.
    """
    groups = [(key, list(lines)) for key, lines in groupby(plan.body, key=lambda line: (line.step, line.fold))]
    told = [f"{source.name}: {source.width} points" for source in plan.inputs]
    for (step, fold), lines in groups:
        told.append(f"├─ {_title(step, fold, steps)}")
        told += [f"│  {'└─' if line is lines[-1] else '├─'} {_line(plan, line)}" for line in lines]
    told.append(f"└─ answers: {', '.join(f'{name} = {plan.outputs[name].register}' for name in plan.answers)}")
    return told


def _title(step: int | None, fold: str | None, steps: Mapping[int, str]) -> str:
    if step is None:
        return "all folds"
    return f"step {step}, {steps.get(step, 'unnamed')}" + (f", fold {fold}" if fold is not None else "")


def _line(plan: Plan, line: Instruction) -> str:
    operands = [_shape(plan, name) if name in plan.constants else name for name in line.inputs]
    params = [f"{name}={_shown(value)}" for name, value in line.params.items()]
    return f"{line.out} = {line.op}({', '.join([*operands, *params])}), {plan.widths[line.out]} wide"


def _shape(plan: Plan, name: str) -> str:
    constant = plan.constants[name]
    if constant.shape == (1, 1):
        return f"{constant.array[0, 0]:.6g}"
    return "×".join(map(str, constant.shape))


def _shown(value: Any) -> str:
    text = f"{len(value)} of them" if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"
