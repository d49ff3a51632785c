"""Read fitted estimators into a chain: named operators, proven against the live objects, nothing guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..chain import Chain, Source, Target
from ..errors import CaptureError
from . import (  # noqa: F401  they register their readers
    bayes,
    classifiers,
    composite,
    decomposition,
    kernels,
    lightgbm,
    linear,
    neural,
    pls,
    scaling,
    selection,
    spectral,
    trees,
    xgboost,
)
from .flatten import leaves
from .recorder import FittedStep, Recorder
from .registry import READERS
from .verify import TOLERANCE

__all__ = ["READERS", "TOLERANCE", "FittedStep", "from_sklearn", "from_steps"]


def from_sklearn(
    estimator: Any,
    *,
    wavelengths: ArrayLike | None = None,
    unit: str = "nm",
    targets: Sequence[str | Target] | None = None,
    classes: ArrayLike | None = None,
    weights: Sequence[float] | None = None,
    sources: Sequence[Source] = (),
    n_features: int | None = None,
    probes: ArrayLike | None = None,
    opaque: bool = False,
    provenance: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Chain:
    """A fitted scikit-learn model or pipeline, or one per fold (a list, or a mapping by fold), as a chain.

    `wavelengths` (p,) in `unit` (nm, um or cm-1) are the points of a spectrum, `targets` name what is predicted. Folds
    weigh the same, or as `weights` say. `classes` are those that the columns of a regression of 0/1 stand for (PLS-DA);
    classifiers know their own. `sources` name the blocks of a spectrum that several instruments measured side by
    side. Every step is compared with the live object on `probes` (n, p), spectra of your own, or on made-up rows, and
    on spectra around what it learnt; a difference beyond `TOLERANCE`, or beyond the object's own roundings to float32,
    is refused. With `opaque=True` a step that is not known is carried as a pickle.

    Raises CaptureError, naming the step, for anything that is not known or whose options are not supported.
    """
    folds = _folds(estimator)
    recorder = Recorder(_width(folds.values(), sources, wavelengths, n_features), probes, opaque)
    for fold, model in folds.items():
        recorder.branch(fold, [], model)
    return recorder.chain(
        axis=(wavelengths, unit),
        targets=targets,
        classes=classes,
        weights=weights,
        sources=sources,
        provenance=provenance or {},
        environment=environment or {},
    )


def from_steps(
    steps: Sequence[FittedStep],
    folds: Mapping[str, Any],
    *,
    on_target: Sequence[FittedStep] = (),
    wavelengths: ArrayLike | None = None,
    unit: str = "nm",
    targets: Sequence[str | Target] | None = None,
    classes: ArrayLike | None = None,
    weights: Sequence[float] | None = None,
    sources: Sequence[Source] = (),
    n_features: int | None = None,
    probes: ArrayLike | None = None,
    opaque: bool = False,
    provenance: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Chain:
    """The same from what a workspace recorded: shared steps in order, and the fitted model of each fold.

    A step without a fitted object is read from its class name and parameters; it is never skipped. What was done to the
    target before the model was fitted, `on_target` in that order, is undone after it, the last first.
    """
    models = _folds(folds)
    fitted = [step.fitted for step in steps if step.fitted is not None]
    recorder = Recorder(_width([*fitted, *models.values()], sources, wavelengths, n_features), probes, opaque)
    for fold, model in models.items():
        recorder.branch(fold, steps, model, on_target)
    return recorder.chain(
        axis=(wavelengths, unit),
        targets=targets,
        classes=classes,
        weights=weights,
        sources=sources,
        provenance=provenance or {},
        environment=environment or {},
    )


def _folds(estimator: Any) -> dict[str, Any]:
    if isinstance(estimator, Mapping):
        folds = {str(fold): model for fold, model in estimator.items()}
    elif isinstance(estimator, list | tuple):
        folds = {str(fold): model for fold, model in enumerate(estimator)}
    else:
        folds = {"0": estimator}
    if not folds:
        raise CaptureError("no estimator was given, expected a fitted one or one per fold")
    return folds


def _width(
    fitted: Iterable[Any], sources: Sequence[Source], wavelengths: ArrayLike | None, n_features: int | None
) -> int:
    """Points of a spectrum: as told, or as the first fitted step that knows."""
    if n_features is not None:
        return int(n_features)
    if sources:
        return sum(source.width for source in sources)
    if wavelengths is not None:
        return int(np.size(np.asarray(wavelengths)))
    for estimator in fitted:
        for _, step in leaves(estimator, ""):
            # Not in the state of every object: SelectFromModel asks the estimator inside it.
            count = getattr(step, "n_features_in_", None)
            if count is not None:
                return int(count)
    raise CaptureError("no step knows how many points a spectrum has; give n_features= or wavelengths=")
