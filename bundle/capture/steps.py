"""Steps, single objects or parts side by side: each is read and proven on the rows that reach it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any

import numpy as np

from ..chain import Axis, Step
from ..operators import (
    MSC,
    SNV,
    Affine,
    Clip,
    Concat,
    Detrend,
    Gradient,
    Mean,
    Normalize,
    Operators,
    RobustSNV,
    SavitzkyGolay,
    Scale,
    Select,
)
from .missing import Gaps, side_by_side, through
from .nested import understood
from .opaque import carry
from .origin import witnessed
from .registry import Reading, reader_of
from .state import State
from .verify import Matrix, apply, prove, proven_spread

PROOFS = ("invariants", "live", "origin-environment")
"""How a step may have been proven, the weakest first."""

POINTWISE = (MSC, SNV, Affine, Clip, Detrend, Gradient, Normalize, RobustSNV, SavitzkyGolay, Scale)
"""What leaves every point where it is on the axis."""

__all__ = ["Block", "FittedStep", "Flow", "Part", "Reader", "objects"]


@dataclass(frozen=True, eq=False)
class Part:
    """Steps one after the other, none at all for what is left as it is; on one of the blocks, or on all (None)."""

    steps: Sequence[FittedStep] = ()
    block: int | None = None


@dataclass(frozen=True, eq=False)
class FittedStep:
    """A step as a workspace recorded it: an object, a class and its parameters where nothing was fitted, or parts.

    `method` is what the object is asked for, one of METHODS. The results of parts are side by side, each a block of its
    own (`blocks`) or all one (`block`), or their mean (`mean`).
    """

    index: int
    operator_class: str
    params: Mapping[str, Any] = field(default_factory=dict)
    fitted: Any = None
    method: str = "transform"
    parts: Sequence[Part] = ()
    result: str = "blocks"

    @property
    def identity(self) -> tuple[int, str]:
        """The same for steps that are one and the same object, asked for the same."""
        return id(self if self.fitted is None else self.fitted), self.method


@dataclass(frozen=True, eq=False)
class Block:
    """Columns that belong together: of one source, or what one of several operators made."""

    width: int
    axis: Axis | None = None


@dataclass(frozen=True, eq=False)
class Flow:
    """What reaches a step: rows to prove it on, the blocks that a row is made of, and what is missing of others."""

    rows: Matrix
    blocks: tuple[Block, ...]
    gaps: Gaps

    def of(self, block: int | None) -> tuple[Operators, Flow]:
        """What reaches a part, and the operators that select it."""
        if block is None or (block == 0 and len(self.blocks) == 1):
            return (), self
        first = sum(found.width for found in self.blocks[:block])
        index = np.arange(first, first + self.blocks[block].width, dtype=np.int32)
        rows = np.ascontiguousarray(self.rows[:, index])
        return (Select(index),), Flow(rows, (self.blocks[block],), self.gaps.at(index))


def objects(steps: Sequence[FittedStep]) -> Iterator[Any]:
    """Everything that was fitted, parts included."""
    for step in steps:
        if step.fitted is not None:
            yield step.fitted
        for part in step.parts:
            yield from objects(part.steps)


class Reader:
    """Reads steps; `environment` is where they were fitted, as far as known.

    With `opaque` a step that is not known is carried as a pickle, kept in `pickled` by its digest.
    """

    def __init__(self, opaque: bool, environment: Mapping[str, str]) -> None:
        self.opaque = opaque
        self.environment = environment
        self.pickled: dict[str, bytes] = {}

    def read(self, step: FittedStep, where: str, flow: Flow) -> tuple[Step, Flow]:
        """A step that `where` names, and what leaves it. Raises CaptureError for what is not known or not proven."""
        return self._parts(step, where, flow) if step.parts else self._single(step, where, flow)

    def _single(self, step: FittedStep, where: str, flow: Flow) -> tuple[Step, Flow]:
        state = _state(step, where, flow)
        operators: Operators
        spread: Operators
        if reader_of(state, step.method) is None and self.opaque and state.live is not None:
            operator, pickled, rows = carry(state, flow.rows, step.method)
            self.pickled[operator.artifact] = pickled
            operators, spread = (operator,), ()
            verified, reading = "live", Reading(operators)
        else:
            reading = understood(state, step.method)
            verified = prove(state, reading, flow.rows, step.method)
            operators, rows = reading.operators, apply(reading.operators, flow.rows, state.where)
            spread = proven_spread(state, reading, flow.rows)
        verified = witnessed(verified, self.environment)
        read = Step(step.index, state.name.rpartition(".")[2], state.name, _plain(state), operators, verified, spread)
        gaps = through(state, reading, step.method, flow.gaps)
        return read, Flow(rows, (Block(rows.shape[1], _kept_axis(flow, operators)),), gaps)

    def _parts(self, step: FittedStep, where: str, flow: Flow) -> tuple[Step, Flow]:
        read = [self._part(part, f"{where}, part {number}", flow) for number, part in enumerate(step.parts, 1)]
        branches = tuple(operators for operators, _, _ in read)
        operators: Operators = (Mean(branches),) if step.result == "mean" else (Concat(branches),)
        rows = apply(operators, flow.rows, where)
        verified = self._weakest(proof for _, _, proof in read)
        apart = step.result == "blocks"
        blocks = tuple(_one(end.blocks) for _, end, _ in read) if apart else (Block(rows.shape[1]),)
        name = step.operator_class.rpartition(".")[2]
        gaps = side_by_side(operators, flow.gaps, [end.gaps for _, end, _ in read], where)
        found = Step(step.index, name, step.operator_class, _told(step.params), operators, verified)
        return found, Flow(rows, blocks, gaps)

    def _part(self, part: Part, where: str, flow: Flow) -> tuple[Operators, Flow, str]:
        """What one part does, what leaves it, and how it was proven."""
        operators, flow = flow.of(part.block)
        proofs = []
        for step in part.steps:
            read, flow = self.read(step, where, flow)
            operators += read.operators
            proofs.append(read.verified)
        return operators, flow, self._weakest(proofs)

    def _weakest(self, proofs: Iterable[str]) -> str:
        return min(proofs, key=PROOFS.index, default=witnessed("live", self.environment))


def _one(blocks: Sequence[Block]) -> Block:
    return blocks[0] if len(blocks) == 1 else Block(sum(block.width for block in blocks))


def _state(step: FittedStep, where: str, flow: Flow) -> State:
    axis = flow.blocks[0].axis if len(flow.blocks) == 1 else None
    if step.fitted is not None:
        return replace(State.of(step.fitted, where), width=flow.rows.shape[1], axis=axis)
    title = step.operator_class.rpartition(".")[2]
    width = flow.rows.shape[1]
    return State(f"{where} ({title})", step.operator_class, dict(step.params), width=width, axis=axis)


def _kept_axis(flow: Flow, operators: Operators) -> Axis | None:
    """The axis of what leaves a step: that of what reached it, where every point stayed the same point."""
    one = len(flow.blocks) == 1 and all(isinstance(operator, POINTWISE) for operator in operators)
    return flow.blocks[0].axis if one else None


def _plain(state: State) -> dict[str, Any]:
    """The public parameters that are plain values, for people to read."""
    if state.live is not None and hasattr(state.live, "get_params"):
        # Not get_params: an object of another version lacks options that the class has gained since.
        names = [name for name in signature(type(state.live)).parameters if hasattr(state.live, name)]
        return _told({name: getattr(state.live, name) for name in names})
    return _told(state.values)


def _told(params: Mapping[Any, Any]) -> dict[str, Any]:
    # Whoever searched over numpy's numbers is told the same as whoever typed them.
    values = {str(name): value.item() if isinstance(value, np.generic) else value for name, value in params.items()}
    return {name: values[name] for name in sorted(values) if isinstance(values[name], str | int | float | None)}
