"""The branches of one chain, read step by step: each is proven on the rows that reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..chain import Axis, Chain, Classes, Source, Step, Target
from ..errors import CaptureError
from ..operators import Operators
from .flatten import leaves
from .labels import aligned, declared, labels_of
from .nested import answers_by, understood
from .opaque import carry
from .origin import witnessed
from .registry import reader_of
from .state import State
from .verify import Matrix, apply, prove, synthetic_rows

__all__ = ["FittedStep", "Recorder"]


@dataclass(frozen=True, eq=False)
class FittedStep:
    """A preprocessing step as a workspace recorded it; `fitted` is None for one without state."""

    index: int
    operator_class: str
    params: Mapping[str, Any] = field(default_factory=dict)
    fitted: Any = None


class Recorder:
    """Reads the branches of one chain; a step that several folds share is read once.

    `probes` (n, p) are the rows on which steps are proven, made up where there are none; with `opaque` a step that is
    not known is carried as a pickle. `environment` is where all of it was fitted, as far as known.
    """

    def __init__(self, width: int, probes: ArrayLike | None, opaque: bool, environment: Mapping[str, str]) -> None:
        self.width = width
        self.environment = environment
        self.rows = synthetic_rows(width) if probes is None else np.array(probes, dtype=np.float64, ndmin=2)
        if self.rows.shape[1] != width:
            raise CaptureError(f"probes: {self.rows.shape[1]} values in each row, expected {width}")
        if not len(self.rows):
            raise CaptureError("probes: no rows were given, expected at least one spectrum")
        self.opaque = opaque
        self.pickled: dict[str, bytes] = {}
        self._branches: dict[str, tuple[Step, ...]] = {}
        self._models: dict[str, Any] = {}
        self._methods: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._known: dict[tuple[tuple[int, str], ...], tuple[Step, Matrix]] = {}

    def branch(self, fold: str, steps: Sequence[FittedStep], model: Any, on_target: Sequence[FittedStep] = ()) -> None:
        """Read the steps of one fold, then its model, then what undoes `on_target`."""
        last = max((step.index for step in steps), default=0)
        found = list(leaves(model, ""))
        if not found:
            raise CaptureError("the model is empty: there is nothing in it that predicts")
        fitted = found[-1][1]
        method = "predict" if labels_of(fitted) is None else answers_by(fitted)
        asked = [(step.index, _state_of(step), "transform") for step in steps]
        for number, (where, step) in enumerate(found, 1):
            state = State.of(step, where or f"step {last + number}")
            asked.append((last + number, state, method if number == len(found) else "transform"))
        asked += [(step.index, _state_of(step), "inverse_transform") for step in reversed(on_target)]
        branch, rows = [], self.rows
        path: tuple[tuple[int, str], ...] = ()
        for index, state, method_ in asked:
            # The same object after the same steps is read once, unless it is asked for something else.
            path = (*path, (id(state.live) if state.live is not None else -index, method_))
            if path not in self._known:
                self._known[path] = self._read(index, state, rows, method_)
            step_, rows = self._known[path]
            branch.append(step_)
        self._branches[fold], self._models[fold], self._methods[fold] = tuple(branch), fitted, method
        self._counts[fold] = rows.shape[1]

    def _read(self, index: int, state: State, rows: Matrix, method: str) -> tuple[Step, Matrix]:
        state = replace(state, width=rows.shape[1])
        if reader_of(state, method) is None and self.opaque and state.live is not None:
            operator, pickled, answer = carry(state, rows, method)
            self.pickled[operator.artifact] = pickled
            operators: Operators = (operator,)
            verified = "live"
        else:
            reading = understood(state, method)
            verified = prove(state, reading, rows, method)
            operators, answer = reading.operators, apply(reading.operators, rows, state.where)
        verified = witnessed(verified, self.environment)
        return Step(index, state.name.rpartition(".")[2], state.name, _plain(state), operators, verified), answer

    def chain(
        self,
        *,
        axis: tuple[ArrayLike | None, str],
        targets: Sequence[str | Target] | None,
        classes: ArrayLike | None,
        weights: Sequence[float] | None,
        sources: Sequence[Source],
        provenance: Mapping[str, Any],
    ) -> Chain:
        """The chain of the branches that were read."""
        branches, labels, rule = self._ended(classes)
        count = 1 if labels else self._count()
        return Chain(
            self.width,
            branches,
            _targets(targets, count),
            _axis(*axis, self.width),
            fold_rule=rule,
            weights=_weights(weights, len(branches)),
            classes=labels,
            sources=_sources(sources, self.width),
            opaque=self.pickled,
            provenance=provenance,
            environment=self.environment,
        )

    def _ended(self, classes: ArrayLike | None) -> tuple[dict[str, tuple[Step, ...]], Classes | None, str]:
        """Branches with the columns that the folds have in common, the classes, and the fold rule."""
        try:
            if any(labels_of(model) is not None for model in self._models.values()):
                return aligned(self._branches, self._models, self._methods)
            if classes is not None:
                return (*declared(self._branches, self._count(), classes), "scores")
        except ValueError as error:
            raise CaptureError(str(error)) from error
        return self._branches, None, "mean"

    def _count(self) -> int:
        counts = sorted(set(self._counts.values()))
        if len(counts) > 1:
            raise CaptureError(f"the folds predict {counts} targets, expected the same number from each")
        return counts[0]


def _state_of(step: FittedStep) -> State:
    where = f"step {step.index}"
    if step.fitted is not None:
        return State.of(step.fitted, where)
    return State(f"{where} ({step.operator_class.rpartition('.')[2]})", step.operator_class, dict(step.params))


def _plain(state: State) -> dict[str, Any]:
    """The public parameters that are plain values, for people to read."""
    if state.live is not None and hasattr(state.live, "get_params"):
        # Not get_params: an object of another version lacks options that the class has gained since.
        names = [name for name in signature(type(state.live)).parameters if hasattr(state.live, name)]
        params: Mapping[str, Any] = {name: getattr(state.live, name) for name in names}
    else:
        params = state.values
    # Whoever searched over numpy's numbers is told the same as whoever typed them.
    values = {str(name): value.item() if isinstance(value, np.generic) else value for name, value in params.items()}
    return {name: values[name] for name in sorted(values) if isinstance(values[name], str | int | float | None)}


def _targets(targets: Sequence[str | Target] | None, count: int) -> tuple[Target, ...]:
    if targets is None:
        targets = ["y"] if count == 1 else [f"y{number}" for number in range(1, count + 1)]
    elif isinstance(targets, str):
        targets = [targets]
    named = tuple(target if isinstance(target, Target) else Target(str(target)) for target in targets)
    if len(named) != count or len({target.name for target in named}) != count:
        raise CaptureError(f"targets: {[target.name for target in named]} were given, expected {count} different names")
    return named


UNITS = ("nm", "um", "cm-1")


def _axis(wavelengths: ArrayLike | None, unit: str, width: int) -> Axis | None:
    if wavelengths is None:
        return None
    values = np.array(wavelengths, dtype=np.float64).reshape(-1)
    if len(values) != width:
        raise CaptureError(f"wavelengths: {len(values)} were given, expected {width}")
    steps = np.diff(values)
    if not np.isfinite(values).all() or not ((steps > 0).all() or (steps < 0).all()):
        raise CaptureError("wavelengths: expected finite numbers that only ascend or only descend")
    if unit not in UNITS:
        raise CaptureError(f"unit={unit!r}, expected {', '.join(UNITS)}")
    return Axis(values, unit)


def _weights(weights: Sequence[float] | None, count: int) -> tuple[float, ...]:
    """One weight for each fold; none where all are the same."""
    given = tuple(map(float, weights or ()))
    if given and (len(given) != count or not all(0.0 <= w < float("inf") for w in given) or not sum(given)):
        raise CaptureError(f"weights: {list(given)} were given, expected {count} finite numbers ≥ 0, not all 0")
    return given if len(set(given)) > 1 else ()


def _sources(sources: Sequence[Source], width: int) -> tuple[Source, ...]:
    widths = [source.width for source in sources]
    if sources and (sum(widths) != width or min(widths) < 1 or len({s.name for s in sources}) < len(widths)):
        raise CaptureError(f"sources: widths {widths} were given, expected {width} points in all, each its own name")
    return tuple(sources)
