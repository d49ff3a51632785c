"""Read fitted estimators into a chain: named operators, proven against the live objects, nothing guessed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..chain import Chain, Source, Target
from ..errors import CaptureError
from . import (  # noqa: F401  they register their readers
    axis,
    bayes,
    calibration,
    classifiers,
    columns,
    composite,
    correction,
    decomposition,
    functions,
    gaussian_processes,
    intensities,
    kernels,
    lightgbm,
    linear,
    neural,
    pls,
    scaling,
    selection,
    smoothing,
    spectral,
    trees,
    xgboost,
)
from .ends import axis_of, signal_of, sources_of
from .flatten import input_width
from .labels import labels_of
from .origin import check_origin
from .recorder import Recorder
from .registry import READERS
from .steps import FittedStep, Part, objects
from .verify import TOLERANCE

__all__ = ["READERS", "TOLERANCE", "FittedStep", "Part", "from_sklearn", "from_steps"]


def from_sklearn(
    estimator: Any,
    *,
    wavelengths: ArrayLike | None = None,
    unit: str = "nm",
    targets: Sequence[str | Target] | None = None,
    classes: ArrayLike | None = None,
    weights: Sequence[float] | None = None,
    sources: Sequence[Source] = (),
    signal: str | None = None,
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

    `signal` declares what the values of the training were: absorbance, reflectance, transmittance, percent reflectance
    or percent transmittance. Spectra that are declared to be another when they are predicted are then converted to it.
    A source may say its own.

    Spectra may have missing values (NaN) where every object does the same with them as what is read from it, and one is
    there for that: an imputer, or trees that met some when they were fitted. `probes` with NaN ask for it.

    `environment` gives the versions with which it was fitted. Of an object that was unpickled it should be given: by
    its `scikit-learn` the state is read, if another one is running (`n4akit.bundle.dialects.unpickle` finds it).

    Raises CaptureError, naming the step, for anything that is not known or whose options are not supported.
    """
    folds = _folds(estimator)
    check_origin(folds.values(), environment or {})
    width = _width(folds.values(), sources, wavelengths, n_features)
    points = axis_of(wavelengths, unit, width)
    recorder = Recorder(width, probes, opaque, points, sources_of(sources, width), environment or {})
    for fold, model in folds.items():
        recorder.branch(fold, [], model)
    return recorder.chain(
        targets=targets,
        classes=classes,
        weights=weights,
        signal=signal_of(signal),
        provenance=provenance or {},
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
    signal: str | None = None,
    n_features: int | None = None,
    probes: ArrayLike | None = None,
    opaque: bool = False,
    provenance: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Chain:
    """The same from what a workspace recorded: shared steps in order, and the fitted model of each fold.

    A step without a fitted object is read from its class name and parameters; it is never skipped. What was done to the
    target before the model was fitted, `on_target` in that order, is undone after it, the last first; of a classifier
    that is the numbering of its labels.
    """
    models = _folds(folds)
    check_origin([*objects(steps), *models.values(), *objects(on_target)], environment or {})
    width = _width([*_first(steps), *models.values()], sources, wavelengths, n_features)
    points = axis_of(wavelengths, unit, width)
    recorder = Recorder(width, probes, opaque, points, sources_of(sources, width), environment or {})
    tells_classes = any(labels_of(model) is not None for model in models.values())
    undone = [replace(step, method="inverse_transform") for step in reversed(on_target)]
    for fold, model in models.items():
        recorder.branch(fold, steps, model, () if tells_classes else undone)
    return recorder.chain(
        targets=targets,
        classes=classes,
        encoders=on_target if tells_classes else (),
        weights=weights,
        signal=signal_of(signal),
        provenance=provenance or {},
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


def _first(steps: Sequence[FittedStep]) -> Iterator[Any]:
    """The fitted objects that a whole spectrum reaches, the first of them."""
    for step in steps:
        whole = [part for part in step.parts if part.block is None or len({p.block for p in step.parts}) == 1]
        found = [*(fitted for part in whole for fitted in _first(part.steps)), step.fitted]
        yield from (fitted for fitted in found if fitted is not None)


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
        count = input_width(estimator)
        if count is not None:
            return count
    raise CaptureError("no step knows how many points a spectrum has; give n_features= or wavelengths=")
