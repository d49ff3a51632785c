"""What is run of a plan: the lines that its outputs need, each with the kernel that does it in a profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import fast
from .errors import PlanError
from .evidence import evidence
from .instructions import INSTRUCTIONS
from .moments import one_pass
from .plan import Instruction, Plan

__all__ = ["PROFILES", "Call", "Engine", "Kernel", "Opaque", "Program", "needed", "programs"]

Matrix = NDArray[np.float64]
Opaque = Mapping[str, Callable[[Matrix], Matrix]]
Call = Callable[[], Any]
Kernel = Callable[..., list[Call]]
Engine = Callable[[Plan, Sequence[Instruction]], Mapping[str, Kernel]]
"""Makes kernels of its own for some lines of a checked plan, by the register that they compute."""

PROFILES: Mapping[str, Mapping[str, Kernel]] = MappingProxyType({"exact": {}, "fast": fast.KERNELS})
"""The kernels that each profile puts in the place of the exact ones."""


@dataclass(frozen=True, eq=False)
class Program:
    """Lines of a plan that compute the registers `wanted` from those `given`, and the kernel of each."""

    plan: Plan
    lines: Sequence[tuple[Instruction, Kernel]]
    given: Sequence[str]
    wanted: Sequence[str]
    seen: Sequence[str] | None
    """Registers that show whether what is given may be used; None where it must be looked at before."""
    enough: int = 0
    """How many of those wanted, the last ones, are above zero only for rows that this program may answer."""

    def has(self, word: str) -> bool:
        """Whether there is a line of this word."""
        return any(line.op == word for line, _ in self.lines)


def programs(
    plan: Plan, outputs: Sequence[str], opaque: Opaque, profile: str, engine: Engine | None = None
) -> tuple[Program, Program]:
    """What gives `outputs` of a few spectra, or of any, and what gives them of many."""
    wanted = [plan.outputs[name].register for name in outputs]
    few = needed(plan.body, wanted)
    kernels = PROFILES[profile]
    own = engine(plan, few) if engine else {}

    def program(plan: Plan, body: Sequence[Instruction], enough: Sequence[str] = ()) -> Program:
        lines = [(line, own.get(line.out) or _kernel(line, opaque, kernels)) for line in body]
        # A pickled step sees no value that was not checked, and what is missing would hide in evidence what is wrong.
        blind = plan.inputs[0].missing or any(line.op == "opaque" for line in body)
        seen = None if blind else evidence(plan, body, plan.inputs[0].name)
        return Program(plan, lines, [plan.inputs[0].name], [*wanted, *enough], seen, len(enough))

    first = program(plan, few)
    short = one_pass(plan, few, wanted) if profile == "fast" else None
    return first, first if short is None else program(short[0], short[0].body, short[1])


def needed(body: Sequence[Instruction], wanted: Iterable[str]) -> list[Instruction]:
    """The lines that compute these registers."""
    kept, wanted = [], set(wanted)
    for line in reversed(body):
        if line.out in wanted:
            kept.append(line)
            wanted.update(line.inputs)
    return kept[::-1]


def _kernel(line: Instruction, opaque: Opaque, special: Mapping[str, Kernel]) -> Kernel:
    """What gives the calls of an instruction: a pickled step, the `special` kernel of its word, or the exact one."""
    if line.op == "opaque" and line.params["artifact"] in opaque:
        return partial(_opaque, opaque[line.params["artifact"]])
    return partial(special[line.op] if line.op in special else INSTRUCTIONS[line.op].kernel, **line.params)


def _opaque(compute: Callable[[Matrix], Matrix], out: Matrix, scratch: Any, a: Matrix) -> list[Call]:
    def call() -> None:
        # A copy, because what is pickled may change its argument in place.
        answer = np.asarray(compute(a.copy()))
        if answer.size != out.size:
            raise PlanError(f"a pickled step answered with shape {answer.shape}, expected {out.shape}")
        np.copyto(out, answer.reshape(out.shape))

    return [call]
