"""A trained chain told as data: its steps as operators, its model once per fold, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ends import Axis, Classes, Source, Target
from .operators import Operator
from .runtime.limits import Limits

__all__ = ["Axis", "Chain", "Classes", "Domain", "Source", "Step", "Target"]


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a chain as a person would name it, and the operators that say what it does."""

    index: int
    name: str
    """What to call it, e.g. `SavitzkyGolay`; the class name of the fitted object."""
    operator_class: str
    """Qualified class name of the fitted object."""
    params: Mapping[str, Any]
    """Its public parameters, plain JSON values."""
    operators: tuple[Operator, ...]
    verified: str = "invariants"
    """How the capture was proven: `live`, against the object itself; `live-single`, of one that answers in float32;
    `origin-environment`, by the very scikit-learn that fitted it, as the chain's environment says; or `invariants`, by
    what its numbers must satisfy."""
    spread: tuple[Operator, ...] = ()
    """What makes of the same spectra the standard deviation of each answer, where a model tells one. It is an answer of
    the chain if this is the last step of its only branch: how the errors of folds depend on each other is not known."""


@dataclass(frozen=True, eq=False)
class Domain:
    """Where the spectra of the calibration lie, as the first `after` steps leave them: around `center` (w,), most of
    them within k orthonormal `directions` (k, w), in which their standard deviations are `deviations` (k,).
    """

    after: int
    center: NDArray[np.float64]
    directions: NDArray[np.float64]
    deviations: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Chain:
    """Spectra go through the branches, one per fold, and the folds' answers are averaged in order.

    A branch is its steps in order, the model last, and after it what undoes the scaling of the target; branches that
    share fitted steps hold the same Step objects. A single model is one branch named `0`. Where there are classes a
    branch ends in one column for each, and the answer is the class of the largest mean.
    """

    n_features: int
    branches: Mapping[str, tuple[Step, ...]]
    targets: tuple[Target, ...]
    axis: Axis | None = None
    fold_rule: str = "mean"
    """One of FOLD_RULES."""
    weights: tuple[float, ...] = ()
    """One for each branch where they do not weigh the same."""
    classes: Classes | None = None
    """What a classifier tells apart; None for a regression."""
    sources: tuple[Source, ...] = ()
    """The blocks that a spectrum is made of, side by side, where there are several."""
    missing: bool = False
    """Whether values of a spectrum may be missing (NaN): every branch does with them what its objects do."""
    domain: Domain | None = None
    """Where the spectra of its calibration lie, where that is known."""
    limits: Limits | None = None
    """What is usual in its calibration, where that is known."""
    opaque: Mapping[str, bytes] = field(default_factory=dict)
    """Pickled artifacts of opaque steps by their sha256."""
    signal: str | None = None
    """What the values of spectra are, one of `runtime.signals.SIGNALS`; None where it is not known."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Run, pipeline and chain identifiers, dataset name and hash: plain JSON values, absent when unknown."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Versions of the training environment (python, numpy, scikit-learn, …), recorded when the artifacts were saved."""

    @property
    def task(self) -> str:
        """`regression` or `classification`."""
        return "regression" if self.classes is None else "classification"
