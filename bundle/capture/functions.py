"""scikit-learn's transformers of each value: numpy's functions by their names, and powers with fitted exponents."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..operators import Operators
from ..preprocessing import BoxCox, Pointwise, YeoJohnson
from .nested import nested
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "functions"
FUNCTION = spelled("sklearn.preprocessing", ["_function_transformer"], "FunctionTransformer")
POWER = spelled("sklearn.preprocessing", ["_data"], "PowerTransformer")

NAMES = {
    "absolute": "abs",
    **dict.fromkeys(("exp", "expm1", "floor", "log", "log10", "log1p", "log2", "negative", "reciprocal", "sqrt")),
    "square": None,
}
"""numpy's functions of each value that are known, and what they are called here if not the same."""

OPTIONS = f"none, and numpy's {', '.join(sorted({*NAMES, 'positive'}))}"


@reads(FAMILY, FUNCTION, OPTIONS)
def function(state: State) -> Reading:
    return Reading(_function(state, "func", "kw_args"))


@reads(FAMILY, FUNCTION, OPTIONS, method="inverse_transform")
def inverse_function(state: State) -> Reading:
    return Reading(_function(state, "inverse_func", "inv_kw_args"))


def _function(state: State, name: str, options: str) -> Operators:
    given, arguments = state.get(name, default=None), state.get(options, default=None)
    # The others are how data go in and out, or the other direction.
    state.ignore(*state.values)
    if given is None:
        return ()
    if arguments:
        raise state.refuse(f"{options}={arguments!r} are not supported, only functions of the values alone")
    return _known(state, given)


def _known(state: State, function: Any) -> Operators:
    called = getattr(function, "__name__", "")
    # The very object, for a name says nothing of what is behind it.
    if function is getattr(np, called, None):
        if called == "positive":
            return ()
        if called in NAMES:
            return (Pointwise(NAMES[called] or called),)
        raise state.refuse(f"numpy.{called} is not supported, only {', '.join(sorted(NAMES))}")
    raise state.refuse("its function is code, which cannot be told as data")


@reads(FAMILY, POWER, "yeo-johnson and box-cox, standardize or not")
def power(state: State) -> Reading:
    scaled = nested(state, "_scaler", state.get("_scaler")) if state.get("standardize") else ()
    return Reading((_exponents(state, undone=False), *scaled))


@reads(FAMILY, POWER, "yeo-johnson and box-cox, standardize or not", method="inverse_transform")
def power_undone(state: State) -> Reading:
    scaled = nested(state, "_scaler", state.get("_scaler"), "inverse_transform") if state.get("standardize") else ()
    return Reading((*scaled, _exponents(state, undone=True)))


def _exponents(state: State, *, undone: bool) -> BoxCox | YeoJohnson:
    method = state.expect("method", "yeo-johnson", "box-cox")
    return (BoxCox if method == "box-cox" else YeoJohnson)(state.vector("lambdas_"), undone)
