"""Neural networks: layers of linear forms with a function of each value between them."""

from __future__ import annotations

import numpy as np

from ..models import Activation, Softmax
from ..operators import Linear, Operators
from .classifiers import BOTH
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "neural network"
MODULE = "sklearn.neural_network"


def _layers(state: State) -> Operators:
    """All layers but the function after the last."""
    hidden = Activation(str(state.expect("activation", "identity", "logistic", "tanh", "relu")))
    layers: list[Linear | Activation] = []
    for number, (coef, intercept) in enumerate(zip(state.get("coefs_"), state.get("intercepts_"), strict=True)):
        layers += [hidden] * (number > 0)
        layers.append(Linear(state.finite("coefs_", np.asarray(coef).T), state.finite("intercepts_", intercept)))
    return tuple(layers)


@reads(FAMILY, spelled(MODULE, ["_multilayer_perceptron"], "MLPRegressor"), "every activation", method="predict")
def regressor(state: State) -> Reading:
    last = state.expect("out_activation_", "identity", "exp")
    return Reading(_layers(state) if last == "identity" else (*_layers(state), Activation("exp")))


@reads(FAMILY, spelled(MODULE, ["_multilayer_perceptron"], "MLPClassifier"), "every activation", method="predict_proba")
def classifier(state: State) -> Reading:
    last = state.expect("out_activation_", "logistic", "softmax")
    if last == "softmax":
        return Reading((*_layers(state), Softmax()))
    if len(state.get("classes_")) > 2:
        raise state.refuse("it tells several classes of one spectrum, which is not supported")
    return Reading((*_layers(state), Activation("logistic"), BOTH))
