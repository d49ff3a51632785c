"""Spectra in, numbers out: a plan ready to run, with what is known about its axis and its targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axis import axis_action
from .ends import Axis, Target
from .runtime.inputs import matrix
from .runtime.plan import Plan
from .runtime.replay import Opaque, Replay
from .runtime.result import Result

__all__ = ["FLAT", "Predictor"]

FLAT = 2.0**-48
"""A row whose values differ by no more than this part of the largest is called constant: 16 units in the last place."""


class Predictor:
    """Predicts with one plan. Safe to call from several threads.

    `opaque` maps the digests of pickled artifacts to what they compute; `profile` and `threads` are those of `Replay`.
    Raises PlanError when the plan cannot be run.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        axis: Axis | None,
        targets: Sequence[Target],
        digest: str,
        opaque: Opaque | None = None,
        profile: str = "exact",
        threads: int = 1,
    ) -> None:
        self.axis = axis
        self.targets = tuple(targets)
        self.digest = digest
        self.profile = "opaque" if any(line.op == "opaque" for line in plan.body) else profile
        self.bound: float | None = None
        """How far the `fast` profile was from the exact one on the golden rows, once that is measured."""
        self.n_features = plan.inputs[0].width
        self._single = len(self.targets) == 1
        self.replay = Replay(plan, opaque=opaque, profile=profile, threads=threads)

    def predict(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False
    ) -> NDArray[np.float64]:
        """Predictions of n spectra (n, p) in the targets' units: shape (n,) for one target, (n, t) for several.

        `wavelengths` (p,) are those of the spectra, in `unit` or else in the model's unit; `strict` asks that they are
        given and checked. Raises InputError naming every row that cannot be predicted, AxisError for another axis.
        """
        if wavelengths is not None or strict or unit is not None:
            axis_action(self.axis, self.n_features, wavelengths, unit, strict)
        values = self.replay.predict(X)
        return values[:, 0] if self._single else values

    def predict_full(self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False) -> Result:
        """As `predict`, with what is noteworthy about each spectrum and how the prediction was made."""
        action = axis_action(self.axis, self.n_features, wavelengths, unit, strict)
        values = self.predict(X)
        spectra = matrix(X, self.n_features)
        return Result(values, _flags(spectra), action, self.profile, self.digest, self.bound)


def _flags(spectra: NDArray[Any]) -> tuple[tuple[str, ...], ...]:
    least, largest = spectra.min(axis=1).astype(np.float64), spectra.max(axis=1).astype(np.float64)
    flat = largest - least <= FLAT * np.maximum(np.abs(least), np.abs(largest))
    return tuple(("constant_row",) if constant else () for constant in flat.tolist())
