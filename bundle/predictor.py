"""Spectra in, answers out: a plan ready to run, with what is known about its axis and what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ends import Axis, Classes, Source, Target
from .errors import InputError
from .runtime.inputs import matrix
from .runtime.plan import Plan
from .runtime.replay import Engine, Opaque, Replay
from .runtime.result import Result
from .sources import Arrival, Sources

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
        signal: str | None = None,
        opaque: Opaque | None = None,
        profile: str = "exact",
        threads: int = 1,
        engine: Engine | None = None,
    ) -> None:
        self.axis = axis
        self.targets = tuple(targets)
        self.classes = classes
        self.sources = tuple(sources)
        self.signal = signal
        self.digest = digest
        self.profile = "opaque" if any(line.op == "opaque" for line in plan.body) else profile
        self.bound: float | None = None
        """How far the `fast` profile was from the exact one on the golden rows, once that is measured."""
        self.n_features = plan.inputs[0].width
        self.missing_values = plan.inputs[0].missing
        self._arriving = Sources(self.n_features, axis, self.sources, signal=signal, missing=self.missing_values)
        self._single = len(self.targets) == 1
        self._proba, self._std = (plan.answers.index(o) if o in plan.outputs else None for o in ("proba", "std"))
        self.replay = Replay(plan, plan.answers, opaque, profile=profile, threads=threads, engine=engine)

    def predict(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False, signal: Any = None
    ) -> NDArray[Any]:
        """Predictions of n spectra (n, p) in the targets' units: shape (n,) for one target, (n, t) for several; of a
        classifier (n,) labels.

        With `wavelengths` (m,), in `unit` or else in the model's unit, spectra (n, m) are brought to the model's points
        by the rules of FORMAT.md §12, and from their `signal` to the model's by those of §13; `strict` takes the
        model's own axis and signal alone. Raises InputError naming every row that cannot be predicted, AxisError or
        SignalError where nothing leads to the model's axis or signal.
        """
        return self._told(self.replay.predict(self._arrived(X, wavelengths, unit, strict, signal)[0]))

    def predict_proba(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False, signal: Any = None
    ) -> NDArray[np.float64]:
        """The probability of each class (n, c). Raises InputError when the model tells none."""
        if self._proba is None:
            what = "predicts quantities" if self.classes is None else "tells the class alone"
            raise InputError(f"this model {what}, it has no probabilities; use predict")
        return self.replay.answers(self._arrived(X, wavelengths, unit, strict, signal)[0])[self._proba]

    def predict_full(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False, signal: Any = None
    ) -> Result:
        """As `predict`, with what is noteworthy about each spectrum and how the prediction was made."""
        arrived, arrival = self._arrived(X, wavelengths, unit, strict, signal)
        answers = self.replay.answers(arrived)
        proba = None if self._proba is None else answers[self._proba]
        std = None if self._std is None else self._column(answers[self._std])
        flags = (_flags_of_gaps if self.missing_values else _flags)(matrix(arrived, self.n_features))
        if arrival.coarse:
            flags = tuple((*flag, "coarse_axis") for flag in flags)
        return Result(
            self._told(answers[0]),
            flags,
            arrival.action,
            self.profile,
            self.digest,
            proba,
            self.bound,
            std,
            signal_action=arrival.signal_action,
        )

    def _arrived(self, X: Any, wavelengths: Any, unit: str | None, strict: bool, signal: Any) -> tuple[Any, Arrival]:
        arrival = self._arriving.arrival(wavelengths, unit, strict, signal)
        return self._arriving.spectra(X, arrival), arrival

    def _told(self, values: NDArray[np.float64]) -> NDArray[Any]:
        column = self._column(values)
        return column if self.classes is None else self.classes.named(column)

    def _column(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[:, 0] if self._single else values


def _flags(spectra: NDArray[Any]) -> tuple[tuple[str, ...], ...]:
    flat = _flat(spectra.min(axis=1), spectra.max(axis=1))
    return tuple(("constant_row",) if constant else () for constant in flat.tolist())


def _flags_of_gaps(spectra: NDArray[Any]) -> tuple[tuple[str, ...], ...]:
    """The same of what is there, and which spectra lack something."""
    flat = _flat(np.fmin.reduce(spectra, axis=1), np.fmax.reduce(spectra, axis=1))
    gaps = np.isnan(spectra).any(axis=1)
    named = (("constant_row", flat.tolist()), ("missing_values", gaps.tolist()))
    return tuple(tuple(flag for flag, rows in named if rows[row]) for row in range(len(spectra)))


def _flat(least: NDArray[Any], largest: NDArray[Any]) -> NDArray[np.bool_]:
    least, largest = least.astype(np.float64), largest.astype(np.float64)
    return np.asarray(largest - least <= FLAT * np.maximum(np.abs(least), np.abs(largest)))
