"""Decision trees and what is made of many: forests, boosting, bagging. A leaf's values are taken as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models import Activation, Softmax, WeightedMedian
from ..operators import Affine, Concat, Linear, Mean, Operators, Scale, Select
from .classifiers import BOTH
from .nested import answers_by, class_scores, nested
from .planting import Nodes, met_missing, planted
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
    # Shares in newer versions of scikit-learn; counts up to 1.3.
    return values if np.abs(totals - 1.0).max() < 1e-9 else values / totals


def _nodes(tree: Any, values: NDArray[np.float64]) -> Nodes:
    left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
    sides = getattr(tree, "missing_go_to_left", None)  # from scikit-learn 1.3 on
    missing_left = None if sides is None else np.asarray(sides, dtype=np.bool_)
    nodes = Nodes(np.asarray(tree.feature), np.asarray(tree.threshold), left, right, values, missing_left)
    return nodes._replace(met_missing=met_missing(nodes, np.asarray(tree.n_node_samples)))


def _mean_of(state: State, trees: Sequence[Any], values: Values) -> Reading:
    summed = planted(state, (_nodes(tree, values(tree)) for tree in trees), [len(trees)])
    return Reading((summed, Scale(None, np.full(summed.value.shape[1], float(len(trees))))))


def _one_output(state: State) -> None:
    if np.size(state.get("n_classes_")) > 1:
        raise state.refuse("it tells several kinds of classes at once, which is not supported")


@reads(FAMILY, spelled(TREES, ["_classes"], "DecisionTreeRegressor", "ExtraTreeRegressor"), method="predict")
def tree(state: State) -> Reading:
    grown = state.get("tree_")
    return Reading((planted(state, [_nodes(grown, _quantities(grown))], [1]),))


@reads(FAMILY, spelled(TREES, ["_classes"], "DecisionTreeClassifier", "ExtraTreeClassifier"), method="predict_proba")
def tree_classes(state: State) -> Reading:
    _one_output(state)
    grown = state.get("tree_")
    return Reading((planted(state, [_nodes(grown, _shares(grown))], [1]),))


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
    rate = state.real("learning_rate")
    nodes = (_nodes(tree, _quantities(tree) * rate) for tree in trees)
    return (planted(state, nodes, [rounds] * count, starts=_start(state, count)),), count


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
    trees = planted(
        state,
        (_histogram_nodes(stage[k].nodes) for k in range(count) for stage in stages),
        [len(stages)] * count,
        starts=np.broadcast_to(state.vector("_baseline_prediction"), (count,)),
        single=False,
    )
    return (trees,), count


def _histogram_nodes(nodes: NDArray[Any]) -> Nodes:
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    missing_left = nodes["missing_go_to_left"].astype(np.bool_)
    found = Nodes(
        nodes["feature_idx"], nodes["num_threshold"], left, right, nodes["value"].reshape(-1, 1), missing_left
    )
    return found._replace(met_missing=met_missing(found, nodes["count"]))


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
