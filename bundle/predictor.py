"""Spectra in, answers out: a plan ready to run, with what is known about its axis and what it predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ends import Axis, Classes, Source, Target
from .errors import InputError
from .runtime.inputs import matrix
from .runtime.limits import Limits
from .runtime.plan import ASIDE, BESIDE, Plan
from .runtime.replay import Engine, Opaque, Replay
from .runtime.result import Result
from .settings import Settings
from .sources import Arrival, Sources
from .standards import Standard, Standards

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
        settings: Settings | None = None,
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
        self.limits = limits or Limits()
        self.settings = settings
        self._named = tuple((target.name, target.unit) for target in targets)
        self._labels = None if classes is None else classes.labels
        self._absent = absent(self.limits, classes, missing=self.missing_values)
        self._standard = Standards(self.limits, self.targets, settings, missing=self.missing_values)
        self._single = len(self.targets) == 1
        replaying = partial(Replay, plan, opaque=opaque, profile=profile, threads=threads, engine=engine)
        self.replay = replaying(plan.answers)
        """Gives all answers of the plan, in its order."""
        self._aside = replaying(ASIDE) if "residual" in plan.outputs else None
        # What is told beside an answer takes its time: it is computed for those who ask.
        replays = {plan.answers: self.replay}

        def without(*names: str) -> tuple[Replay, dict[str, int]]:
            left = tuple([name for name in plan.answers if name not in names])
            if left not in replays:
                replays[left] = replaying(left)
            return replays[left], {name: place for place, name in enumerate(left)}

        self._whole, self._unspread, (self._bare, self._bare_places) = without(), without("spread"), without(*BESIDE)

    def predict(
        self,
        X: Any,
        wavelengths: Any = None,
        *,
        unit: str | None = None,
        strict: bool = False,
        signal: Any = None,
        instrument: str | None = None,
        product: str | None = None,
    ) -> NDArray[Any]:
        """Predictions of n spectra (n, p) in the targets' units: shape (n,) for one target, (n, t) for several; of a
        classifier (n,) labels.

        With `wavelengths` (m,), in `unit` or else in the model's unit, spectra (n, m) are brought to the model's points
        by the rules of FORMAT.md §12, and from their `signal` to the model's by those of §13; `strict` takes the
        model's own axis and signal alone. What the settings say for this `instrument` and `product` is done. Raises
        InputError naming every row that cannot be predicted, AxisError or SignalError where nothing leads to the
        model's axis or signal.
        """
        found = self._bare.predict(self._arrived(X, wavelengths, unit, strict, signal)[0])
        return self._told(self._standard(instrument, product).told(found))

    def predict_proba(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False, signal: Any = None
    ) -> NDArray[np.float64]:
        """The probability of each class (n, c). Raises InputError when the model tells none."""
        if "proba" not in self._bare_places:
            what = "predicts quantities" if self.classes is None else "tells the class alone"
            raise InputError(f"this model {what}, it has no probabilities; use predict")
        return self._bare.answers(self._arrived(X, wavelengths, unit, strict, signal)[0])[self._bare_places["proba"]]

    def predict_full(
        self,
        X: Any,
        wavelengths: Any = None,
        *,
        unit: str | None = None,
        strict: bool = False,
        signal: Any = None,
        instrument: str | None = None,
        product: str | None = None,
        on_error: str = "raise",
        spread: bool = True,
    ) -> Result:
        """As `predict`, with how far each prediction may be trusted and how it was made.

        With `on_error="row"` a spectrum that cannot be predicted takes no other with it: its values are NaN, of a
        classifier None, and `reasons` say why. What is wrong with all of them is raised still. Without `spread` that of
        the folds is not told, nor computed; no flag depends on it.
        """
        if on_error not in ("raise", "row"):
            raise ValueError(f"on_error {on_error!r}, expected 'raise' or 'row'")
        arrival = self._arriving.arrival(wavelengths, unit, strict, signal)
        standard = self._standard(instrument, product)
        replay = self._whole if spread else self._unspread
        if on_error == "raise":
            return self._result(X, arrival, standard, *replay)
        rows, reasons = [*range(np.shape(X)[0] if np.ndim(X) else 0)], dict[int, str]()
        while True:
            try:
                found = self._result(np.asarray(X)[rows] if reasons else X, arrival, standard, *replay)
            except InputError as error:
                if not error.rows or len(error.rows) == len(rows):
                    raise
                reasons |= {rows[row]: reason for row, reason in error.rows}
                rows = [row for row in rows if row not in reasons]
            else:
                return found.spread_over(rows, dict(sorted(reasons.items()))) if reasons else found

    def _result(
        self, X: Any, arrival: Arrival, standard: Standard, replay: Replay, places: Mapping[str, int]
    ) -> Result:
        arrived = self._arriving.spectra(X, arrival)
        answers = replay.answers(arrived)
        told = {name: answers[place] for name, place in places.items()}
        raw, proba = told["value"], told.get("proba")
        value = standard.told(raw)
        t2, q = (told["t2"][:, 0], told["q"][:, 0]) if "t2" in told else (None, None)
        flags = standard.judge.codes(matrix(arrived, self.n_features), value, t2, q)
        if arrival.coarse:
            flags = tuple((*flag, "coarse_axis") for flag in flags)
        lower, upper = standard.around(raw)
        std = standard.scaled(told["std"]) if "std" in told else None
        spread = standard.scaled(told["spread"]) if "spread" in told else None
        values = self._told(value)
        return Result(
            values,
            flags,
            arrival.action,
            self.profile,
            self.digest,
            self._named,
            standard.limits,
            self._labels,
            proba,
            self.bound,
            self._column(std),
            self._column(spread),
            self._column(lower),
            self._column(upper),
            t2,
            q,
            values if value is raw else self._told(raw),
            standard.digest,
            {},
            self._absent,
            arrival.signal_action,
        )

    def contributions(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False, signal: Any = None
    ) -> NDArray[np.float64]:
        """What each point of n spectra has that no spectrum of the calibration has: (n, w), the residual of which Q is
        the sum of squares, at the points that the model's preprocessing leaves.

        Raises InputError also when the bundle knows no calibration.
        """
        if self._aside is None:
            raise InputError("contributions: this bundle was written without calibration spectra, and has no Q")
        return self._aside.predict(self._arrived(X, wavelengths, unit, strict, signal)[0])

    def spectra(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False, signal: Any = None
    ) -> NDArray[np.float64]:
        """The n spectra at the points of the model (n, p), as they are before any preprocessing. Raises as `predict`
        does where spectra or wavelengths do not fit; what no row may hold is not looked for.
        """
        arrived, _ = self._arrived(X, wavelengths, unit, strict, signal)
        return matrix(arrived, self.n_features).astype(np.float64)

    def _arrived(self, X: Any, wavelengths: Any, unit: str | None, strict: bool, signal: Any) -> tuple[Any, Arrival]:
        arrival = self._arriving.arrival(wavelengths, unit, strict, signal)
        return self._arriving.spectra(X, arrival), arrival

    def _told(self, values: NDArray[np.float64]) -> NDArray[Any]:
        column: NDArray[np.float64] = values[:, 0] if self._single else values
        return column if self.classes is None else self.classes.named(column)

    def _column(self, values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if values is None else values[:, 0] if self._single else values


def absent(limits: Limits, classes: Classes | None, *, missing: bool) -> tuple[str, ...]:
    """What cannot be told of a prediction, and why."""
    told = []
    if missing:
        told.append("t2, q: spectra may lack values, and have no distance to others")
    elif limits.t2 is None:
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
