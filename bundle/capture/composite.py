"""Estimators made of estimators: unions, column transformers, votes, stacks, and models of a transformed target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..operators import Affine, Concat, Largest, Mean, Operators, Select
from .nested import class_scores, nested
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "composite"


@reads(FAMILY, spelled("sklearn.pipeline", [], "FeatureUnion"), "weights too")
def feature_union(state: State) -> Reading:
    weights = state.get("transformer_weights", default=None) or {}
    branches = []
    for name, transformer in state.get("transformer_list"):
        if _dropped(transformer):
            continue
        branch = nested(state, name, transformer)
        if name in weights:
            branch += (Affine(np.array([float(weights[name])]), np.zeros(1)),)
        branches.append(branch)
    return Reading((Concat(tuple(branches)),))


@reads(FAMILY, ["nirs4all.operators.transforms.concat.FeatureConcat"])
def nirs4all_concat(state: State) -> Reading:
    state.ignore("operations")
    return Reading(nested(state, "union_", state.get("union_")))


@reads(FAMILY, ["nirs4all.operators.transforms.concat._Chain"])
def nirs4all_chain(state: State) -> Reading:
    operators: Operators = ()
    state.ignore("steps")
    for number, step in enumerate(state.get("fitted_"), 1):
        operators += nested(state, f"fitted_[{number}]", step)
    return Reading(operators)


@reads(FAMILY, spelled("sklearn.compose", ["_column_transformer"], "ColumnTransformer"), "dense results")
def column_transformer(state: State) -> Reading:
    state.expect("sparse_output_", False, default=False)
    columns = state.get("_transformer_to_input_indices")
    weights = state.get("transformer_weights", default=None) or {}
    branches = []
    for name, transformer, _ in state.get("transformers_"):
        index = np.asarray(columns.get(name, ()), dtype=np.int32)
        if not len(index) or _dropped(transformer):
            continue
        branch = (Select(index), *nested(state, name, transformer))
        if name in weights:
            branch += (Affine(np.array([float(weights[name])]), np.zeros(1)),)
        branches.append(branch)
    if not branches:
        raise state.refuse("all its columns are dropped")
    return Reading((Concat(tuple(branches)),))


@reads(FAMILY, spelled("sklearn.ensemble", ["_voting"], "VotingRegressor"), "weights too", method="predict")
def voting_regressor(state: State) -> Reading:
    members, weights = _members(state)
    branches = tuple(nested(state, name, member, "predict") for name, member in members)
    return Reading((Mean(branches, weights),))


VOTING = spelled("sklearn.ensemble", ["_voting"], "VotingClassifier")


@reads(FAMILY, VOTING, "soft and hard, weights too", method="predict_proba")
def soft_voting(state: State) -> Reading:
    state.expect("voting", "soft")
    return Reading((_votes(state, soft=True),))


@reads(FAMILY, VOTING, "soft and hard, weights too", method="predict")
def voting(state: State) -> Reading:
    return Reading((_votes(state, soft=state.expect("voting", "soft", "hard") == "soft"), Largest()))


def _votes(state: State, *, soft: bool) -> Mean:
    members, weights = _members(state)
    count = len(state.get("classes_"))
    return Mean(tuple(class_scores(state, name, member, count, soft=soft) for name, member in members), weights)


def _members(state: State) -> tuple[list[tuple[str, Any]], tuple[float, ...]]:
    """The fitted estimators that take part, by name, and their weights."""
    given = [name for name, member in state.get("estimators") if not _dropped(member)]
    weights = state.get("weights", default=None)
    kept: tuple[float, ...] = ()
    if weights is not None:
        pairs = zip(state.get("estimators"), weights, strict=True)
        kept = tuple(float(weight) for (_, member), weight in pairs if not _dropped(member))
    return list(zip(given, state.get("estimators_"), strict=True)), kept


def _dropped(member: Any) -> bool:
    return member is None or (isinstance(member, str) and member == "drop")


@reads(FAMILY, spelled("sklearn.ensemble", ["_stacking"], "StackingRegressor"), method="predict")
def stacking_regressor(state: State) -> Reading:
    return Reading((_lower_level(state), *nested(state, "final_estimator_", state.get("final_estimator_"), "predict")))


STACKING = spelled("sklearn.ensemble", ["_stacking"], "StackingClassifier")


@reads(FAMILY, STACKING, "lower models by probabilities or classes", method="predict_proba")
def stacking_proba(state: State) -> Reading:
    final = state.get("final_estimator_")
    return Reading((_lower_level(state), *nested(state, "final_estimator_", final, "predict_proba")))


@reads(FAMILY, STACKING, "lower models by probabilities or classes", method="predict")
def stacking_classifier(state: State) -> Reading:
    return Reading((_lower_level(state), *nested(state, "final_estimator_", state.get("final_estimator_"), "predict")))


def _lower_level(state: State) -> Concat:
    """What the models of the lower level predict, side by side; with `passthrough` the spectrum itself after them."""
    names = [name for name, member in state.get("estimators") if not _dropped(member)]
    methods = state.get("stack_method_")
    branches = list(_predictions(state, zip(names, state.get("estimators_"), methods, strict=True)))
    return Concat((*branches, ()) if state.get("passthrough", default=False) else tuple(branches))


def _predictions(state: State, members: Iterator[tuple[str, Any, str]]) -> Iterator[Operators]:
    for name, member, method in members:
        branch = nested(state, name, member, method)
        if method == "predict_proba" and len(member.classes_) == 2:
            # The two columns say the same; scikit-learn keeps the second.
            branch += (Select(np.array([1], dtype=np.int32)),)
        yield branch


@reads(
    FAMILY,
    spelled("sklearn.compose", ["_target"], "TransformedTargetRegressor"),
    "scalers and functions that are known",
    method="predict",
)
def transformed_target(state: State) -> Reading:
    regressor = nested(state, "regressor_", state.get("regressor_"), "predict")
    return Reading((*regressor, *nested(state, "transformer_", state.get("transformer_"), "inverse_transform")))


@reads(FAMILY, spelled("sklearn.multioutput", [], "MultiOutputRegressor"), method="predict")
def multi_output(state: State) -> Reading:
    members = state.get("estimators_")
    return Reading((Concat(tuple(nested(state, f"estimators_[{k}]", m, "predict") for k, m in enumerate(members))),))
