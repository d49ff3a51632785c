"""Folds that tell classes: one column for each class of all folds, in one order, whatever a fold was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..chain import Classes, Step
from ..errors import CaptureError
from ..operators import Largest, OneHot, Operators, Project
from .classifiers import BOTH

__all__ = ["aligned", "declared", "decoded", "labels_of"]


def labels_of(fitted: Any) -> list[Any] | None:
    """The classes that a fitted model tells apart, None for a regressor. Raises CaptureError for several outputs."""
    found = getattr(fitted, "classes_", None)
    if found is None:
        return None
    if isinstance(found, list) and found and np.ndim(found[0]) > 0:
        raise CaptureError(f"{type(fitted).__name__}: it tells {len(found)} kinds of classes at once, expected one")
    return list(np.asarray(found).tolist())


def aligned(
    branches: Mapping[str, tuple[Step, ...]], fitted: Mapping[str, Any], methods: Mapping[str, str]
) -> tuple[dict[str, tuple[Step, ...]], Classes, str]:
    """Branches that end in one column for each class, the classes, and how the columns of folds become one answer.

    `soft` averages probabilities, where every fold has them; `hard` counts the votes of the folds.
    """
    found = {fold: labels_of(model) for fold, model in fitted.items()}
    silent = [fold for fold, labels in found.items() if labels is None]
    if silent:
        raise CaptureError(f"fold {silent[0]}: its model tells no classes, and that of another fold does")
    own: dict[str, list[Any]] = {fold: labels or [] for fold, labels in found.items()}
    union = np.unique(np.concatenate([np.asarray(model.classes_) for model in fitted.values()]))
    classes = Classes.of(union)
    rule = "soft" if set(methods.values()) == {"predict_proba"} else "hard"
    ended = {}
    for fold, steps in branches.items():
        scores = _scores(rule, methods[fold], len(own[fold])) + _rearranged(own[fold], union.tolist())
        ended[fold] = _continued(steps, scores)
    return ended, classes, rule


def _continued(steps: tuple[Step, ...], operators: Operators) -> tuple[Step, ...]:
    """The same steps, of which the last does more."""
    return (*steps[:-1], replace(steps[-1], operators=steps[-1].operators + operators)) if operators else steps


def _scores(rule: str, method: str, count: int) -> Operators:
    if rule == "soft":
        return ()
    return (Largest(), OneHot(count)) if method == "predict_proba" else (OneHot(count),)


def _rearranged(own: Sequence[Any], wanted: Sequence[Any]) -> Operators:
    """Columns for the classes `own` become columns for the classes `wanted`, 0 for those it was never shown."""
    if list(own) == list(wanted):
        return ()
    return (Project(np.array([[1.0 if label == other else 0.0 for label in own] for other in wanted])),)


def declared(
    branches: Mapping[str, tuple[Step, ...]], width: int, labels: Any
) -> tuple[dict[str, tuple[Step, ...]], Classes]:
    """Regressors of 0/1 columns as a classifier (PLS-DA): the class is that of the largest column.

    One column stands for two classes: 1 for the second of them, so that ½ divides them.
    """
    classes = Classes.of(np.asarray(labels))
    if width == len(classes.labels):
        return dict(branches), classes
    if width != 1 or len(classes.labels) != 2:
        raise CaptureError(f"classes: {len(classes.labels)} were given for a model that answers {width} columns")
    return {fold: _continued(steps, (BOTH,)) for fold, steps in branches.items()}, classes


def decoded(classes: Classes | None, encoder: Any, where: str) -> Classes:
    """The classes whose numbers a fitted LabelEncoder made. Raises CaptureError for anything else."""
    kind = type(encoder).__name__
    if classes is None or kind != "LabelEncoder":
        raise CaptureError(f"{where} ({kind}): done to the target of a classifier, expected a LabelEncoder")
    names = np.asarray(encoder.classes_)
    numbers = [number for label in classes.labels for number in range(len(names)) if label == number]
    if len(numbers) < len(classes.labels):
        raise CaptureError(f"{where} ({kind}): it numbers {len(names)} classes, and the model tells {classes.labels}")
    try:
        return Classes.of(names[numbers])
    except ValueError as error:
        raise CaptureError(f"{where} ({kind}): {error}") from error
