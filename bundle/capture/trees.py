"""Decision trees and what is made of many: forests, boosting, bagging. A leaf's values are taken as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models import Activation, Softmax, Trees, WeightedMedian
from ..operators import Affine, Concat, Linear, Mean, Operators, Scale, Select
from .classifiers import BOTH
from .nested import answers_by, class_scores, nested
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "trees"
TREES = "sklearn.tree"
ENSEMBLES = "sklearn.ensemble"

Values = Callable[[Any], NDArray[np.float64]]


def _quantities(tree: Any) -> NDArray[np.float64]:
    """What each node predicts: (nodes, targets)."""
    return np.asarray(tree.value, dtype=np.float64)[:, :, 0]


def _shares(tree: Any) -> NDArray[np.float64]:
    """The share of each class in each node: (nodes, classes)."""
    values = np.asarray(tree.value, dtype=np.float64)[:, 0, :]
    totals = values.sum(axis=1, keepdims=True)
    # Shares since scikit-learn 1.3; before that, counts.
    return values if np.abs(totals - 1.0).max() < 1e-9 else values / totals


def _planted(state: State, trees: Sequence[Any], groups: Sequence[int], values: Values, factor: float = 1.0) -> Trees:
    """scikit-learn's trees as one table of nodes, group after group."""
    parts: list[tuple[NDArray[Any], ...]] = []
    roots, start = [], 0
    for tree in trees:
        count = int(tree.node_count)
        own = np.arange(start, start + count)
        left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
        leaf = left < 0
        parts.append(
            (
                np.where(leaf, 0, tree.feature),
                np.where(leaf, 0.0, tree.threshold),
                np.where(leaf, own, left + start),
                np.where(leaf, own, right + start),
                values(tree) * factor,
            )
        )
        roots.append(start)
        start += count
    feature, threshold, left, right, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Trees(
        feature.astype(np.int32),
        state.finite("thresholds", threshold),
        left.astype(np.int32),
        right.astype(np.int32),
        state.finite("values", value),
        np.array(roots, dtype=np.int32),
        tuple(map(int, groups)),
    )


def _mean_of(state: State, trees: Sequence[Any], values: Values) -> Reading:
    summed = _planted(state, trees, [len(trees)], values)
    return Reading((summed, Scale(None, np.full(summed.value.shape[1], float(len(trees))))))


def _one_output(state: State) -> None:
    if np.size(state.get("n_classes_")) > 1:
        raise state.refuse("it tells several kinds of classes at once, which is not supported")


@reads(FAMILY, spelled(TREES, ["_classes"], "DecisionTreeRegressor", "ExtraTreeRegressor"), method="predict")
def tree(state: State) -> Reading:
    return Reading((_planted(state, [state.get("tree_")], [1], _quantities),))


@reads(FAMILY, spelled(TREES, ["_classes"], "DecisionTreeClassifier", "ExtraTreeClassifier"), method="predict_proba")
def tree_classes(state: State) -> Reading:
    _one_output(state)
    return Reading((_planted(state, [state.get("tree_")], [1], _shares),))


def _members(state: State) -> list[Any]:
    return [member.tree_ for member in state.get("estimators_")]


@reads(FAMILY, spelled(ENSEMBLES, ["_forest"], "RandomForestRegressor", "ExtraTreesRegressor"), method="predict")
def forest(state: State) -> Reading:
    return _mean_of(state, _members(state), _quantities)


@reads(
    FAMILY, spelled(ENSEMBLES, ["_forest"], "RandomForestClassifier", "ExtraTreesClassifier"), method="predict_proba"
)
def forest_classes(state: State) -> Reading:
    _one_output(state)
    return _mean_of(state, _members(state), _shares)


def _boosted(state: State) -> tuple[Operators, int]:
    """The raw scores of gradient boosting: a start, and the trees' values times the learning rate."""
    stages = np.asarray(state.get("estimators_"))
    trees = [member.tree_ for column in stages.T for member in column]
    rounds, count = stages.shape
    summed = _planted(state, trees, [rounds] * count, _quantities, state.real("learning_rate"))
    return (summed, Affine(np.ones(count), _start(state, count))), count


def _start(state: State, count: int) -> NDArray[np.float64]:
    """What boosting starts from, read from the live object: a constant for each score."""
    if isinstance(state.get("init_"), str):  # init='zero'
        return np.zeros(count)
    if state.live is None or not hasattr(state.live, "_raw_predict_init"):
        raise state.refuse("what its boosting starts from is only known to the live object")
    if type(state.get("init_")).__module__ != "sklearn.dummy":
        raise state.refuse("init: boosting that starts from another model is not supported")
    start = np.asarray(state.live._raw_predict_init(np.zeros((1, state.whole("n_features_in_")), np.float32)))
    return state.finite("init_", np.ravel(start))


@reads(FAMILY, spelled(ENSEMBLES, ["_gb"], "GradientBoostingRegressor"), "every loss", method="predict")
def boosting(state: State) -> Reading:
    return Reading(_boosted(state)[0])


@reads(FAMILY, spelled(ENSEMBLES, ["_gb"], "GradientBoostingClassifier"), "every loss", method="predict_proba")
def boosting_classes(state: State) -> Reading:
    raw, count = _boosted(state)
    loss = state.expect("loss", "log_loss", "exponential", default="log_loss")
    if count > 1:
        return Reading((*raw, Softmax()))
    doubled: Operators = (Affine(np.array([2.0]), np.zeros(1)),) if loss == "exponential" else ()
    return Reading((*raw, *doubled, Activation("logistic"), BOTH))


HISTOGRAMS = spelled(ENSEMBLES, ["_hist_gradient_boosting.gradient_boosting"], "HistGradientBoostingRegressor")


def _histograms(state: State) -> tuple[Operators, int]:
    """The raw scores of histogram boosting; its trees compare float64."""
    stages: list[list[Any]] = state.get("_predictors")
    if any(predictor.nodes["is_categorical"].any() for stage in stages for predictor in stage):
        raise state.refuse("categorical features are not supported")
    count = len(stages[0])
    columns: list[list[NDArray[Any]]] = [[], [], [], [], []]
    roots, start = [], 0
    for k in range(count):
        for stage in stages:
            nodes = stage[k].nodes
            own = np.arange(start, start + len(nodes))
            leaf = nodes["is_leaf"].astype(bool)
            children = [np.where(leaf, own, nodes[side].astype(np.int64) + start) for side in ("left", "right")]
            found = (np.where(leaf, 0, nodes["feature_idx"]), np.where(leaf, 0.0, nodes["num_threshold"]), *children)
            for column, values in zip(columns, (*found, nodes["value"]), strict=True):
                column.append(values)
            roots.append(start)
            start += len(nodes)
    feature, threshold, left, right, value = map(np.concatenate, columns)
    trees = Trees(
        feature.astype(np.int32),
        state.finite("thresholds", threshold),
        left.astype(np.int32),
        right.astype(np.int32),
        state.finite("values", value.reshape(-1, 1)),
        np.array(roots, dtype=np.int32),
        (len(stages),) * count,
        single=False,
    )
    baseline = state.vector("_baseline_prediction")
    return (trees, Affine(np.ones(count), np.broadcast_to(baseline, (count,)).copy())), count


@reads(FAMILY, HISTOGRAMS, "numbers, every loss", method="predict")
def histogram_boosting(state: State) -> Reading:
    raw, _ = _histograms(state)
    return Reading((*raw, Activation("exp")) if state.get("loss") in ("poisson", "gamma") else raw)


@reads(
    FAMILY,
    spelled(ENSEMBLES, ["_hist_gradient_boosting.gradient_boosting"], "HistGradientBoostingClassifier"),
    "numbers",
    method="predict_proba",
)
def histogram_boosting_classes(state: State) -> Reading:
    raw, count = _histograms(state)
    return Reading((*raw, Softmax()) if count > 1 else (*raw, Activation("logistic"), BOTH))


@reads(FAMILY, spelled(ENSEMBLES, ["_weight_boosting"], "AdaBoostRegressor"), method="predict")
def ada_boost(state: State) -> Reading:
    members = state.get("estimators_")
    branches = tuple(nested(state, f"estimators_[{k}]", member, "predict") for k, member in enumerate(members))
    return Reading((Concat(branches), WeightedMedian(state.vector("estimator_weights_")[: len(members)])))


ADA_CLASSES = spelled(ENSEMBLES, ["_weight_boosting"], "AdaBoostClassifier")


@reads(FAMILY, ADA_CLASSES, "SAMME", method="predict_proba")
def ada_boost_classes(state: State) -> Reading:
    votes, count = _ada_votes(state)
    if count == 2:
        return Reading((votes, Linear(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.zeros(2)), Softmax()))
    rest = float(count - 1)
    # A class gets its votes less its part of those for the others, all divided by the number of others.
    scaled = Affine(np.full(count, (1.0 + 1.0 / rest) / rest), np.full(count, -1.0 / rest / rest))
    return Reading((votes, scaled, Softmax()))


def _ada_votes(state: State) -> tuple[Mean, int]:
    state.expect("algorithm", "SAMME", "deprecated", default="SAMME")
    members, count = state.get("estimators_"), len(state.get("classes_"))
    weights = tuple(state.vector("estimator_weights_")[: len(members)].tolist())
    return Mean(_voters(state, members, count, soft=False), weights), count


def _voters(state: State, members: Iterable[Any], count: int, *, soft: bool) -> tuple[Operators, ...]:
    return tuple(class_scores(state, f"estimators_[{k}]", member, count, soft=soft) for k, member in enumerate(members))


def _chosen(state: State) -> list[Operators]:
    """Before each member of a bag: the points that it was shown."""
    points = state.whole("n_features_in_")
    indices = [np.asarray(index) for index in state.get("estimators_features_")]
    return [
        () if len(index) == points and (index == np.arange(points)).all() else (Select(index.astype(np.int32)),)
        for index in indices
    ]


@reads(FAMILY, spelled(ENSEMBLES, ["_bagging"], "BaggingRegressor"), "of every known model", method="predict")
def bagging(state: State) -> Reading:
    members = enumerate(state.get("estimators_"))
    branches = [nested(state, f"estimators_[{k}]", member, "predict") for k, member in members]
    return Reading((Mean(tuple(c + b for c, b in zip(_chosen(state), branches, strict=True))),))


@reads(FAMILY, spelled(ENSEMBLES, ["_bagging"], "BaggingClassifier"), "of every known model", method="predict_proba")
def bagging_classes(state: State) -> Reading:
    members = state.get("estimators_")
    soft = hasattr(members[0], "predict_proba")
    if soft and answers_by(members[0]) != "predict_proba":
        raise state.refuse("its members tell probabilities that are not known as data")
    branches = _voters(state, members, len(state.get("classes_")), soft=soft)
    return Reading((Mean(tuple(c + b for c, b in zip(_chosen(state), branches, strict=True))),))
