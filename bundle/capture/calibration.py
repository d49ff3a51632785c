"""Calibrated classifiers: scores of classes made into probabilities by a sigmoid or by isotonic steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..models import Activation, Lines, Proportions
from ..operators import Affine, Largest, Mean, Operators, Select
from .classifiers import BOTH
from .nested import nested
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "calibration"


CALIBRATED = spelled("sklearn.calibration", [], "CalibratedClassifierCV")
OPTIONS = "sigmoid and isotonic; of linear classifiers, SVC of two classes, and models of probabilities without scores"


@reads(FAMILY, CALIBRATED, OPTIONS, method="predict")
def calibrated_class(state: State) -> Reading:
    return Reading((*calibrated(state).operators, Largest()))


@reads(FAMILY, CALIBRATED, OPTIONS, method="predict_proba")
def calibrated(state: State) -> Reading:
    if state.live is None:
        raise state.refuse("what it calibrates, scores or probabilities, only the live object tells")
    members = enumerate(state.get("calibrated_classifiers_"))
    return Reading((Mean(tuple(_calibrated(State.of(one, f"{state.where}, [{k}]")) for k, one in members)),))


def _calibrated(state: State) -> Operators:
    """The probabilities of one of its members."""
    method = state.expect("method", "sigmoid", "isotonic")
    fitted, classes = state.get("estimator", "base_estimator"), state.get("classes")
    if list(fitted.classes_) != list(classes):
        raise state.refuse(f"a member was shown the classes {list(fitted.classes_)} alone, which is not supported")
    scores = _scores(state, fitted, len(classes))
    calibrators = [State.of(one, state.where) for one in state.get("calibrators")]
    curve = _sigmoid(calibrators) if method == "sigmoid" else _isotonic(calibrators)
    return (*scores, *curve, BOTH if len(classes) == 2 else Proportions())


def _scores(state: State, fitted: Any, count: int) -> Operators:
    """One column of what is calibrated for each class, or of two classes for the second: scores, if there are any."""
    if hasattr(fitted, "decision_function"):
        return nested(state, "estimator", fitted, "decision_function")
    probabilities = nested(state, "estimator", fitted, "predict_proba")
    return (*probabilities, Select(np.array([1], dtype=np.int32))) if count == 2 else probabilities


def _sigmoid(calibrators: list[State]) -> Operators:
    slopes, offsets = (np.array([-one.real(name) for one in calibrators]) for name in ("a_", "b_"))
    return (Affine(slopes, offsets), Activation("logistic"))


def _isotonic(calibrators: list[State]) -> Operators:
    for one in calibrators:
        one.expect("out_of_bounds", "clip")
        if np.asarray(one.get("X_thresholds_")).dtype != np.float64:
            raise one.refuse("it rounds scores to another type than float64, which is not supported")
    places, values = (tuple(one.vector(name) for one in calibrators) for name in ("X_thresholds_", "y_thresholds_"))
    return (Lines(places, values),)
