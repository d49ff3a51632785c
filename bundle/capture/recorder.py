"""The branches of one chain, read step by step: each is proven on the rows that reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..chain import Axis, Chain, Classes, Source, Step, Target
from ..errors import CaptureError
from .ends import targets_of, weights_of
from .flatten import leaves
from .labels import aligned, declared, decoded, labels_of
from .missing import Gaps, meant
from .nested import answers_by
from .steps import Block, FittedStep, Flow, Reader
from .verify import synthetic_rows

__all__ = ["Recorder"]


class Recorder:
    """Reads the branches of one chain; a step that several folds share is read once.

    `probes` (n, p) are the rows on which steps are proven, those with missing values (NaN) on their own; they are made
    up where there are none. With `opaque` a step that is not known is carried as a pickle. A spectrum is one block, or
    as many as there are `sources`. `environment` is where all of it was fitted, as far as known.
    """

    def __init__(
        self,
        width: int,
        probes: ArrayLike | None,
        opaque: bool,
        axis: Axis | None,
        sources: tuple[Source, ...],
        environment: Mapping[str, str],
    ) -> None:
        self.width, self.axis, self.sources, self.environment = width, axis, sources, environment
        rows = synthetic_rows(width) if probes is None else np.array(probes, dtype=np.float64, ndmin=2)
        if rows.shape[1] != width:
            raise CaptureError(f"probes: {rows.shape[1]} values in each row, expected {width}")
        if not len(rows):
            raise CaptureError("probes: no rows were given, expected at least one spectrum")
        lacking = np.isnan(rows).any(axis=1)
        whole = rows[~lacking] if not lacking.all() else synthetic_rows(width)
        self._asked_for_missing = bool(lacking.any())
        blocks = tuple(Block(source.width, source.axis) for source in sources)
        self._start = Flow(whole, blocks or (Block(width, axis),), Gaps.of(rows))
        self._reader = Reader(opaque, environment)
        self._branches: dict[str, tuple[Step, ...]] = {}
        self._models: dict[str, Any] = {}
        self._methods: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._gaps: list[Gaps] = []
        self._known: dict[tuple[tuple[int, str], ...], tuple[Step, Flow]] = {}

    def branch(self, fold: str, steps: Sequence[FittedStep], model: Any, on_target: Sequence[FittedStep] = ()) -> None:
        """Read the steps of one fold, then its model, then those that undo what was done to the target."""
        found = list(leaves(model, ""))
        if not found:
            raise CaptureError("the model is empty: there is nothing in it that predicts")
        fitted, last = found[-1][1], max((step.index for step in steps), default=0)
        method = "predict" if labels_of(fitted) is None else answers_by(fitted)
        asked = [(f"step {step.index}", step) for step in steps]
        for number, (where, leaf) in enumerate(found, 1):
            asked_for = method if number == len(found) else "transform"
            step = FittedStep(last + number, type(leaf).__name__, fitted=leaf, method=asked_for)
            asked.append((where or f"step {last + number}", step))
        asked += [(f"step {step.index}", step) for step in on_target]
        self._branches[fold], flow = self._read(asked)
        self._models[fold], self._methods[fold], self._counts[fold] = fitted, method, flow.rows.shape[1]
        self._gaps.append(flow.gaps)

    def _read(self, asked: Sequence[tuple[str, FittedStep]]) -> tuple[tuple[Step, ...], Flow]:
        flow, branch = self._start, []
        path: tuple[tuple[int, str], ...] = ()
        for where, step in asked:
            # The same object after the same steps is read once, unless it is asked for something else.
            path = (*path, step.identity)
            if path not in self._known:
                self._known[path] = self._reader.read(step, where, flow)
            read, flow = self._known[path]
            branch.append(read)
        return tuple(branch), flow

    def chain(
        self,
        *,
        targets: Sequence[str | Target] | None,
        classes: ArrayLike | None,
        encoders: Sequence[FittedStep] = (),
        weights: Sequence[float] | None,
        signal: str | None = None,
        provenance: Mapping[str, Any],
    ) -> Chain:
        """The chain of the branches that were read; `encoders` made the numbers of classes that its models tell."""
        branches, labels, rule = self._ended(classes)
        for step in reversed(encoders):
            labels = decoded(labels, step.fitted, f"step {step.index}")
        return Chain(
            self.width,
            branches,
            targets_of(targets, 1 if labels else self._count()),
            self.axis,
            fold_rule=rule,
            weights=weights_of(weights, len(branches)),
            classes=labels,
            sources=self.sources,
            missing=self._missing(),
            signal=signal,
            opaque=self._reader.pickled,
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

    def _missing(self) -> bool:
        """Whether spectra may have missing values: the objects give all of them a meaning, and one is there for that.

        Who has such among the probes says so himself. Raises CaptureError, with the reason, where they have no meaning.
        """
        reasons = [
            gaps.refused or "no step fills them in" for gaps in self._gaps if gaps.refused or gaps.rows is not None
        ]
        if not self._asked_for_missing:
            return not reasons and any(meant(step.operators) for steps in self._branches.values() for step in steps)
        if reasons:
            raise CaptureError(f"probes: values are missing (NaN), which the model does not handle: {reasons[0]}")
        return True

    def _count(self) -> int:
        counts = sorted(set(self._counts.values()))
        if len(counts) > 1:
            raise CaptureError(f"the folds predict {counts} targets, expected the same number from each")
        return counts[0]
