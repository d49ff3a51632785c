"""XGBoost by its own model document, the JSON that a booster saves.

XGBoost rounds x to float32 and goes left where it is *below* a threshold: the float32 before that threshold is the
largest to go left, so that every spectrum reaches the very leaf. It adds leaves in float32, one rounding a tree; ours
are added in float64, and differ from its answers by these roundings, each at most 2⁻²⁴ of the sum that it rounds.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..models import Activation, Softmax, Trees
from ..operators import Largest, Operators
from ..runtime import stdlib
from .classifiers import BOTH
from .planting import Nodes, planted
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "XGBoost"

LINKS: dict[str, Operators] = {
    "identity": (),
    "exp": (Activation("exp"),),
    "logistic": (Activation("logistic"),),
    "softmax": (Softmax(),),
    "class": (Largest(),),
}

OBJECTIVES = {
    **dict.fromkeys(("reg:squarederror", "reg:squaredlogerror", "reg:pseudohubererror"), "identity"),
    **dict.fromkeys(("reg:absoluteerror", "reg:quantileerror", "binary:logitraw"), "identity"),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), "exp"),
    **dict.fromkeys(("reg:logistic", "binary:logistic"), "logistic"),
    "multi:softprob": "softmax",
    "multi:softmax": "class",
}
"""From an objective to what makes answers of the sums."""

ROUNDINGS = 8
"""Roundings to float32 beyond one a tree: of the start, and of what is made of the sum."""


class Learner(NamedTuple):
    """What a booster says before its link."""

    objective: str
    sums: Trees
    singles: int

    def reading(self, *after: Any, asked_by: str = "") -> Reading:
        return Reading((self.sums, *LINKS[OBJECTIVES[self.objective]], *after), (), self.singles, asked_by)


def _learner(state: State, booster: Any, *, best: bool) -> Learner:
    """Read a booster; with `best` the rounds up to the best one, where training was stopped early."""
    if state.live is None or booster is None:
        raise state.refuse("its trees are only known to the live object, with xgboost installed; is it fitted?")
    said = json.loads(bytes(booster.save_raw("json")))["learner"]
    objective, params = said["objective"]["name"], said["learner_model_param"]
    if objective not in OBJECTIVES:
        raise state.refuse(f"objective {objective!r} is not supported, only {', '.join(OBJECTIVES)}")
    model, weights = _grown(state, said["gradient_booster"])
    trees, info = model["trees"], model["tree_info"]
    count = max(int(params["num_class"]), int(params["num_target"]), 1)
    if best and "best_iteration" in said["attributes"]:
        parallel = max(1, int(model["gbtree_model_param"]["num_parallel_tree"]))
        info = info[: count * parallel * (int(said["attributes"]["best_iteration"]) + 1)]
    order = sorted(range(len(info)), key=lambda number: info[number])
    nodes = (_nodes(state, trees[k], weights[k]) for k in order)
    groups = [info.count(column) for column in range(count)]
    start = np.broadcast_to(_start(OBJECTIVES[objective], np.ravel(json.loads(params["base_score"]))), (count,))
    sums = planted(state, nodes, groups, starts=start)
    return Learner(objective, replace(sums, met_missing=_met_missing(sums)), max(groups) + ROUNDINGS)


def _met_missing(trees: Trees) -> bool:
    """Whether the trees met missing values: without any, all nodes send these to the same side."""
    assert trees.missing_left is not None  # every node of its document says it
    sides = trees.missing_left[trees.left != np.arange(len(trees.left))]
    return bool(sides.any() and not sides.all())


def _grown(state: State, booster: dict[str, Any]) -> tuple[dict[str, Any], list[float]]:
    """The trees in the order in which they were grown, and what each weighs."""
    name = booster["name"]
    if name not in ("gbtree", "dart"):
        raise state.refuse(f"booster {name!r} is not supported, only 'gbtree' and 'dart'")
    if name == "dart":
        return booster["gbtree"]["model"], booster["weight_drop"]
    return booster["model"], [1.0] * len(booster["model"]["trees"])


def _nodes(state: State, tree: dict[str, Any], weight: float) -> Nodes:
    if any(tree["split_type"]):
        raise state.refuse("categorical features are not supported")
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise state.refuse("multi_strategy='multi_output_tree' is not supported, only one tree for each output")
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    kept = _reached(state, left, right)
    place = np.full(len(left) + 1, -1)  # the last for -1, which leaves have for kids
    place[kept] = np.arange(len(kept))
    said = np.array(tree["split_conditions"], dtype=np.float32)[kept]
    return Nodes(
        np.array(tree["split_indices"])[kept],
        np.nextafter(said, np.float32(-np.inf)).astype(np.float64),
        place[left[kept]],
        place[right[kept]],
        said.astype(np.float64)[:, None] * weight,
        np.array(tree["default_left"], dtype=np.bool_)[kept],
    )


def _reached(state: State, left: NDArray[Any], right: NDArray[Any]) -> list[int]:
    """Nodes in the order of a walk from the root, parents first. Those that were pruned away are still in the file."""
    found, ahead = [], [0]
    while ahead:
        node = ahead.pop()
        found.append(node)
        if len(found) > len(left) or not -1 <= max(left[node], right[node]) < len(left):
            raise state.refuse("the nodes of one of its trees form no tree")
        if left[node] >= 0:
            ahead += [int(right[node]), int(left[node])]
    return found


def _start(link: str, base: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum from which XGBoost starts to add: its base score before the link, in float32 as there."""
    score = base.astype(np.float32)
    if link == "logistic":
        odds = np.float32(1.0) / score - np.float32(1.0)
        return -np.array(stdlib.map_(odds.astype(np.float64).tolist(), "log")).astype(np.float32).astype(np.float64)
    if link == "exp":
        score = np.array(stdlib.map_(score.astype(np.float64).tolist(), "log")).astype(np.float32)
    return score.astype(np.float64)


def _fitted(state: State) -> Learner:
    missing = state.get("missing", default=None)
    if missing is not None and not np.isnan(missing):
        raise state.refuse(f"missing={missing!r} is not supported, only NaN")
    return _learner(state, state.get("_Booster"), best=True)


WORDS = f"gbtree and dart, numbers; {', '.join(OBJECTIVES)}"


@reads(FAMILY, spelled("xgboost", ["sklearn"], "XGBRegressor", "XGBRFRegressor"), WORDS, method="predict")
def regressor(state: State) -> Reading:
    return _fitted(state).reading()


@reads(FAMILY, spelled("xgboost", ["core"], "Booster"), WORDS, method="predict")
def booster(state: State) -> Reading:
    return _learner(state, state.live, best=False).reading(asked_by="inplace_predict")


CLASSIFIERS = spelled("xgboost", ["sklearn"], "XGBClassifier", "XGBRFClassifier")
CHANCES = "gbtree and dart, numbers; binary:logistic, multi:softprob"


@reads(FAMILY, CLASSIFIERS, CHANCES, method="predict_proba")
def chances(state: State) -> Reading:
    learner = _fitted(state)
    if learner.objective not in ("binary:logistic", "multi:softprob"):
        raise state.refuse(f"objective {learner.objective!r} is not supported, only binary:logistic and multi:softprob")
    return learner.reading(BOTH) if learner.objective == "binary:logistic" else learner.reading()


@reads(FAMILY, CLASSIFIERS, CHANCES, method="predict")
def classes(state: State) -> Reading:
    found = chances(state)
    return Reading((*found.operators, Largest()))
