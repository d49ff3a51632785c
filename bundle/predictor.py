"""Spectra in, answers out: a plan ready to run, with what is known about its axis and what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ends import Axis, Classes, Source, Target
from .errors import InputError
from .judge import Judge
from .runtime.inputs import matrix
from .runtime.limits import Limits
from .runtime.plan import ASIDE, BESIDE, Plan
from .runtime.replay import Engine, Opaque, Replay
from .runtime.result import Result
from .sources import Arrival, Sources

__all__ = ["Predictor"]


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
        limits: Limits | None = None,
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
        self.missing_values = plan.inputs[0].missing
        self._arriving = Sources(self.n_features, axis, self.sources, missing=self.missing_values)
        self.limits = limits or Limits()
        self._named = tuple((target.name, target.unit) for target in targets)
        self._absent = absent(self.limits, classes)
        self._half = None if self.limits.interval is None else np.array([self.limits.interval.half_widths])
        self._judge = Judge(self.limits, missing=self.missing_values)
        self._single = len(self.targets) == 1
        replaying = partial(Replay, plan, opaque=opaque, profile=profile, threads=threads, engine=engine)
        self.replay = replaying(plan.answers)
        """Gives all answers of the plan, in its order."""
        self._aside = replaying(ASIDE) if "residual" in plan.outputs else None
        self._places = {name: place for place, name in enumerate(plan.answers)}
        bare = [name for name in plan.answers if name not in BESIDE]
        # What is told beside an answer takes its time: it is computed for those who ask.
        self._bare = self.replay if len(bare) == len(plan.answers) else replaying(bare)
        self._bare_places = {name: place for place, name in enumerate(bare)}

    def predict(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False
    ) -> NDArray[Any]:
        """Predictions of n spectra (n, p) in the targets' units: shape (n,) for one target, (n, t) for several; of a
        classifier (n,) labels.

        With `wavelengths` (m,), in `unit` or else in the model's unit, spectra (n, m) are brought to the model's points
        by the rules of FORMAT.md §12; `strict` takes the model's own axis alone. Raises InputError naming every row
        that cannot be predicted, AxisError where an axis has no way to the model's.
        """
        return self._told(self._bare.predict(self._arrived(X, wavelengths, unit, strict)[0]))

    def predict_proba(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False
    ) -> NDArray[np.float64]:
        """The probability of each class (n, c). Raises InputError when the model tells none."""
        if "proba" not in self._bare_places:
            what = "predicts quantities" if self.classes is None else "tells the class alone"
            raise InputError(f"this model {what}, it has no probabilities; use predict")
        return self._bare.answers(self._arrived(X, wavelengths, unit, strict)[0])[self._bare_places["proba"]]

    def predict_full(self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False) -> Result:
        """As `predict`, with what is noteworthy about each spectrum and how the prediction was made."""
        arrived, arrival = self._arrived(X, wavelengths, unit, strict)
        answers = self.replay.answers(arrived)
        told = {name: answers[place] for name, place in self._places.items()}
        value, proba = told["value"], told.get("proba")
        t2, q = (told[name][:, 0] if name in told else None for name in ("t2", "q"))
        flags = self._judge.codes(matrix(arrived, self.n_features), value, t2, q)
        if arrival.coarse:
            flags = tuple((*flag, "coarse_axis") for flag in flags)
        lower = upper = None
        if self._half is not None:
            lower, upper = self._column(value - self._half), self._column(value + self._half)
        spread, std = (self._column(told[name]) if name in told else None for name in ("spread", "std"))
        values = self._told(value)
        return Result(
            values,
            flags,
            arrival.action,
            self.profile,
            self.digest,
            self._named,
            self.limits,
            proba,
            self.bound,
            std,
            spread,
            lower,
            upper,
            t2,
            q,
            values,
            None,
            self._absent,
        )

    def contributions(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False
    ) -> NDArray[np.float64]:
        """What each point of n spectra has that no spectrum of the calibration has: (n, w), the residual of which Q is
        the sum of squares, at the points that the model's preprocessing leaves.

        Raises InputError also when the bundle knows no calibration.
        """
        if self._aside is None:
            raise InputError("contributions: this bundle was written without calibration spectra, and has no Q")
        return self._aside.predict(self._arrived(X, wavelengths, unit, strict)[0])

    def _arrived(self, X: Any, wavelengths: Any, unit: str | None, strict: bool) -> tuple[Any, Arrival]:
        arrival = self._arriving.arrival(wavelengths, unit, strict)
        return self._arriving.spectra(X, arrival), arrival

    def _told(self, values: NDArray[np.float64]) -> NDArray[Any]:
        column = self._column(values)
        return column if self.classes is None else self.classes.named(column)

    def _column(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[:, 0] if self._single else values


def absent(limits: Limits, classes: Classes | None) -> tuple[str, ...]:
    """What cannot be told of a prediction, and why."""
    told = []
    if limits.t2 is None:
        known = (
            f"written with {limits.samples} samples, too few or all the same"
            if limits.samples
            else "written without calibration spectra"
        )
        told.append(f"t2, q: the bundle was {known}")
    if classes is None and not limits.ranges:
        told.append("in_range: the bundle was written without reference values")
    if classes is None and limits.interval is None:
        told.append("lower, upper: the bundle was written without enough predictions of samples that were left out")
    return tuple(told)
