"""LightGBM by its own model document, the text that a booster saves.

It compares and adds float64, as plans do, so that sums are its own to the last bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..models import Activation, Softmax
from ..operators import Affine, Largest, Operators, Scale
from .classifiers import BOTH
from .planting import Nodes, planted
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "LightGBM"

OBJECTIVES = {
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), "identity"),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
    **dict.fromkeys(("binary", "multiclassova", "cross_entropy"), "logistic"),
    "multiclass": "softmax",
}
"""From an objective to what makes answers of the sums."""

CATEGORICAL, LEFT, MISSING, ZERO, NAN = 1, 2, 3, 1, 2
"""Of the `decision_type` of a node: the bit for categories; the one for missing values that go to the left; two bits
above for what counts as missing, and their values where that is 0, and where it is NaN."""

NOTHING = float(np.float32(1e-35))
"""The largest number that LightGBM takes for 0."""

Fields = dict[str, str]


class Learner(NamedTuple):
    """What a booster says: its objective, and the operators up to its answers."""

    objective: str
    operators: Operators


def _learner(state: State, booster: Any) -> Learner:
    if state.live is None or booster is None:
        raise state.refuse("its trees are only known to the live object, with lightgbm installed; is it fitted?")
    # The rounds that predict uses: up to the best one, where training was stopped early.
    head, *trees = booster.model_to_string().partition("\nend of trees")[0].split("\nTree=")
    said = _fields(head)
    objective, *options = said.get("objective", "custom").split()
    settings = dict(option.split(":", 1) for option in options if ":" in option)
    unknown = [option for option in options if option.partition(":")[0] not in ("num_class", "sigmoid")]
    if objective not in OBJECTIVES or unknown:
        raise state.refuse(
            f"objective {' '.join([objective, *unknown])!r} is not supported, only {', '.join(OBJECTIVES)}"
        )
    count = int(said["num_tree_per_iteration"])
    rounds = len(trees) // count
    grown = [_nodes(state, _fields(tree)) for tree in trees]
    table = planted(
        state, (grown[k] for c in range(count) for k in range(c, len(grown), count)), [rounds] * count, single=False
    )
    mean: Operators = (Scale(None, np.full(count, float(rounds))),) if "average_output" in said else ()
    return Learner(objective, (table, *mean, *_link(OBJECTIVES[objective], count, float(settings.get("sigmoid", 1.0)))))


def _link(name: str, count: int, sigmoid: float) -> Operators:
    if name == "logistic":
        steeper: Operators = (Affine(np.full(count, sigmoid), np.zeros(count)),) if sigmoid != 1.0 else ()
        return (*steeper, Activation("logistic"))
    links: dict[str, Operators] = {"identity": (), "exp": (Activation("exp"),), "softmax": (Softmax(),)}
    return links[name]


def _fields(text: str) -> Fields:
    """Lines `name=value`; a name alone says that something is so."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, _, value in pairs if name}


def _nodes(state: State, tree: Fields) -> Nodes:
    """The nodes of a tree, then its leaves: a kid below 0 is the leaf of the number −1 − kid."""
    if int(tree.get("is_linear", "0")):
        raise state.refuse("linear_tree=True is not supported: its leaves are regressions")
    leaves = int(tree["num_leaves"])
    inner = leaves - 1
    decision = np.array(tree.get("decision_type", "").split(), dtype=np.int64)
    if (decision & CATEGORICAL).any():
        raise state.refuse("categorical features are not supported")
    if ((decision >> 2) & MISSING == ZERO).any():
        raise state.refuse("zero_as_missing=True is not supported, only NaN counts as missing")
    none = np.full(leaves, -1)
    kids = (np.array(tree.get(side, "").split(), dtype=np.int64) for side in ("left_child", "right_child"))
    left, right = (np.concatenate([np.where(kid < 0, inner - 1 - kid, kid), none]) for kid in kids)
    values = np.concatenate([np.zeros(inner), np.array(tree["leaf_value"].split(), dtype=np.float64)])
    thresholds = _met(np.array(tree.get("threshold", "").split(), dtype=np.float64))
    missing = (decision >> 2) & MISSING == NAN
    # Where a node met no missing value, it takes one for 0.
    missing_left = np.where(missing, (decision & LEFT) > 0, thresholds >= 0.0)
    return Nodes(
        np.concatenate([np.array(tree.get("split_feature", "").split(), dtype=np.int64), none]),
        np.concatenate([thresholds, none]),
        left,
        right,
        values[:, None],
        np.concatenate([missing_left, none < 0]),
        bool(missing.any()),
    )


def _met(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The doubles T for which x ≤ T says where x goes: numbers that count as 0 go with it, all to one side."""
    sides = np.where(thresholds < 0.0, np.nextafter(-NOTHING, -np.inf), NOTHING)
    return np.where(np.abs(thresholds) <= NOTHING, sides, thresholds)


WORDS = f"every boosting, numbers; {', '.join(OBJECTIVES)}"


@reads(FAMILY, spelled("lightgbm", ["sklearn"], "LGBMRegressor"), WORDS, method="predict")
def regressor(state: State) -> Reading:
    return Reading(_learner(state, state.get("_Booster")).operators)


@reads(FAMILY, spelled("lightgbm", ["basic"], "Booster"), WORDS, method="predict")
def booster(state: State) -> Reading:
    return Reading(_learner(state, state.live).operators)


CLASSIFIERS = spelled("lightgbm", ["sklearn"], "LGBMClassifier")
CHANCES = "every boosting, numbers; binary, multiclass, multiclassova"


@reads(FAMILY, CLASSIFIERS, CHANCES, method="predict_proba")
def chances(state: State) -> Reading:
    learner = _learner(state, state.get("_Booster"))
    if learner.objective not in ("binary", "multiclass", "multiclassova"):
        raise state.refuse(f"objective {learner.objective!r} is not supported for classes")
    return Reading((*learner.operators, BOTH) if learner.objective == "binary" else learner.operators)


@reads(FAMILY, CLASSIFIERS, CHANCES, method="predict")
def classes(state: State) -> Reading:
    return Reading((*chances(state).operators, Largest()))
