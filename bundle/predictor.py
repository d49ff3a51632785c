"""Spectra in, answers out: a plan ready to run, with what is known about its axis and what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axis import axis_action
from .ends import Axis, Classes, Source, Target
from .errors import AxisError, InputError
from .runtime.inputs import matrix
from .runtime.plan import Plan
from .runtime.replay import Engine, Opaque, Replay
from .runtime.result import Result

__all__ = ["FLAT", "Predictor"]

FLAT = 2.0**-48
"""A row whose values differ by no more than this part of the largest is called constant: 16 units in the last place."""


class Predictor:
    """Predicts with one plan. Safe to call from several threads.

    `opaque` maps the digests of pickled artifacts to what they compute; `profile`, `threads` and `engine` are those of
    `Replay`. Raises PlanError when the plan cannot be run.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        axis: Axis | None,
        targets: Sequence[Target],
        digest: str,
        classes: Classes | None = None,
        sources: Sequence[Source] = (),
        opaque: Opaque | None = None,
        profile: str = "exact",
        threads: int = 1,
        engine: Engine | None = None,
    ) -> None:
        self.axis = axis
        self.targets = tuple(targets)
        self.classes = classes
        self.sources = tuple(sources)
        self.digest = digest
        self.profile = "opaque" if any(line.op == "opaque" for line in plan.body) else profile
        self.bound: float | None = None
        """How far the `fast` profile was from the exact one on the golden rows, once that is measured."""
        self.n_features = plan.inputs[0].width
        self._single = len(self.targets) == 1
        self._proba, self._std = (plan.answers.index(o) if o in plan.outputs else None for o in ("proba", "std"))
        self.replay = Replay(plan, plan.answers, opaque, profile=profile, threads=threads, engine=engine)

    def predict(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False
    ) -> NDArray[Any]:
        """Predictions of n spectra (n, p) in the targets' units: shape (n,) for one target, (n, t) for several; of a
        classifier (n,) labels.

        `wavelengths` (p,) are those of the spectra, in `unit` or else in the model's unit; `strict` asks that they are
        given and checked. Raises InputError naming every row that cannot be predicted, AxisError for another axis.
        """
        if wavelengths is not None or strict or unit is not None:
            self._axis_action(wavelengths, unit, strict)
        return self._told(self.replay.predict(self._joined(X)))

    def predict_proba(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False
    ) -> NDArray[np.float64]:
        """The probability of each class (n, c). Raises InputError when the model tells none."""
        if self._proba is None:
            what = "predicts quantities" if self.classes is None else "tells the class alone"
            raise InputError(f"this model {what}, it has no probabilities; use predict")
        if wavelengths is not None or strict or unit is not None:
            self._axis_action(wavelengths, unit, strict)
        return self.replay.answers(self._joined(X))[self._proba]

    def predict_full(self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False) -> Result:
        """As `predict`, with what is noteworthy about each spectrum and how the prediction was made."""
        action = self._axis_action(wavelengths, unit, strict)
        joined = self._joined(X)
        answers = self.replay.answers(joined)
        proba = None if self._proba is None else answers[self._proba]
        std = None if self._std is None else self._column(answers[self._std])
        flags = _flags(matrix(joined, self.n_features))
        return Result(self._told(answers[0]), flags, action, self.profile, self.digest, proba, self.bound, std)

    def _told(self, values: NDArray[np.float64]) -> NDArray[Any]:
        column = self._column(values)
        return column if self.classes is None else self.classes.named(column)

    def _column(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[:, 0] if self._single else values

    def _joined(self, X: Any) -> Any:
        """The spectra of all sources side by side, where they are given one by one."""
        if not self.sources or not isinstance(X, list | tuple) or np.ndim(X[0]) != 2:
            return X
        if len(X) != len(self.sources):
            raise InputError(f"spectra: of {len(X)} sources, expected {self._named_sources()}")
        blocks = [np.asarray(block) for block in X]
        for block, source in zip(blocks, self.sources, strict=True):
            if block.ndim != 2 or block.shape[1] != source.width or len(block) != len(blocks[0]):
                raise InputError(
                    f"spectra: source {source.name!r} has the shape {block.shape}, expected "
                    f"({len(blocks[0])}, {source.width}); the sources are {self._named_sources()}"
                )
        return np.concatenate(blocks, axis=1)

    def _named_sources(self) -> str:
        return ", ".join(f"{source.name!r} of {source.width} points" for source in self.sources)

    def _axis_action(self, wavelengths: Any, unit: str | None, strict: bool) -> str:
        if not self.sources or wavelengths is None:
            return axis_action(self.axis, self.n_features, wavelengths, unit, strict)
        if not isinstance(wavelengths, list | tuple) or len(wavelengths) != len(self.sources):
            raise AxisError(f"wavelengths: expected a list of those of {self._named_sources()}")
        pairs = zip(self.sources, wavelengths, strict=True)
        actions = {axis_action(source.axis, source.width, given, unit, strict) for source, given in pairs}
        return actions.pop() if len(actions) == 1 else "axis_unchecked"


def _flags(spectra: NDArray[Any]) -> tuple[tuple[str, ...], ...]:
    least, largest = spectra.min(axis=1).astype(np.float64), spectra.max(axis=1).astype(np.float64)
    flat = largest - least <= FLAT * np.maximum(np.abs(least), np.abs(largest))
    return tuple(("constant_row",) if constant else () for constant in flat.tolist())
