"""Models that compare with spectra they keep: support vectors, kernel ridge, nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..models import Kernel, Neighbors, PairVotes
from ..operators import Largest, Linear
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "kernel"
SVM = "sklearn.svm"


KINDS = {kind: kind for kind in ("rbf", "linear", "poly", "sigmoid")}
RIDGE_KINDS = {**KINDS, "laplacian": "laplacian", "polynomial": "poly"}
"""Kernels by scikit-learn's names, and what they are called here."""


def _kernel(state: State, vectors: NDArray[np.float64], gamma: float, kinds: Mapping[str, str] = KINDS) -> Kernel:
    given = state.get("kernel")
    kind = kinds.get(given) if isinstance(given, str) else None
    if kind is None:
        *others, last = dict.fromkeys(kinds.values())
        raise state.refuse(f"kernel={given!r} is not supported, only {', '.join(others)} and {last}")
    return Kernel(kind, vectors, gamma, state.real("coef0", default=0.0), state.real("degree", default=3.0))


@reads(FAMILY, spelled(SVM, ["_classes"], "SVR", "NuSVR"), "rbf, linear, poly, sigmoid", method="predict")
def support_vector_regression(state: State) -> Reading:
    kernel = _kernel(state, state.table("support_vectors_"), state.real("_gamma"))
    return Reading((kernel, Linear(state.table("dual_coef_"), state.vector("intercept_"))))


@reads(
    FAMILY,
    spelled(SVM, ["_classes"], "SVC", "NuSVC"),
    "rbf, linear, poly, sigmoid; the class, not probabilities",
    method="predict",
)
def support_vector_classes(state: State) -> Reading:
    state.expect("break_ties", False, default=False)
    kernel = _kernel(state, state.table("support_vectors_"), state.real("_gamma"))
    counts = [int(n) for n in state.get("_n_support", "n_support_")]
    table = _pair_weights(state.table("_dual_coef_"), counts)
    return Reading((kernel, Linear(table, state.vector("_intercept_")), PairVotes(len(counts)), Largest()))


@reads(
    FAMILY,
    spelled(SVM, ["_classes"], "SVC", "NuSVC"),
    "rbf, linear, poly, sigmoid; the class, not probabilities",
    method="decision_function",
)
def support_vector_scores(state: State) -> Reading:
    if len(state.get("classes_")) > 2:
        raise state.refuse("its scores of more than two classes count votes, which is not supported")
    kernel = _kernel(state, state.table("support_vectors_"), state.real("_gamma"))
    return Reading((kernel, Linear(state.table("_dual_coef_") * -1.0, state.vector("_intercept_") * -1.0)))


def _pair_weights(dual: NDArray[np.float64], counts: list[int]) -> NDArray[np.float64]:
    """What each support vector weighs in the decision of each pair of classes.

    libsvm keeps one coefficient of a vector for every other class: those of class i against a later j in row j − 1,
    those of class j against an earlier i in row i.
    """
    starts = np.concatenate([[0], np.cumsum(counts)])
    rows = []
    for i in range(len(counts)):
        for j in range(i + 1, len(counts)):
            row = np.zeros(dual.shape[1])
            own, other = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
            row[own], row[other] = dual[j - 1, own], dual[i, other]
            rows.append(row)
    return np.array(rows)


@reads(
    FAMILY,
    spelled("sklearn.kernel_ridge", [], "KernelRidge"),
    "rbf, linear, poly, sigmoid, laplacian",
    method="predict",
)
def kernel_ridge(state: State) -> Reading:
    vectors = state.table("X_fit_")
    given = state.get("gamma", default=None)
    gamma = 1.0 / vectors.shape[1] if given is None else float(given)
    kernel = _kernel(state, vectors, gamma, RIDGE_KINDS)
    dual = state.finite("dual_coef_", np.asarray(state.get("dual_coef_")).reshape(len(vectors), -1).T)
    return Reading((kernel, Linear(dual, np.zeros(len(dual)))))


NEIGHBORS = spelled("sklearn.neighbors", ["_regression"], "KNeighborsRegressor")
METRICS = {"euclidean": "l2", "l2": "l2", "manhattan": "l1", "cityblock": "l1", "l1": "l1"}


def _neighbors(state: State, values: NDArray[np.float64]) -> Neighbors:
    named = str(state.get("effective_metric_"))
    if named == "minkowski":
        named = f"l{state.get('p')}"
    metric = METRICS.get(named)
    if metric is None:
        raise state.refuse(f"metric {named!r} is not supported, only euclidean and manhattan")
    weights = str(state.expect("weights", "uniform", "distance"))
    return Neighbors(state.table("_fit_X"), values, state.whole("n_neighbors"), metric, weights)


@reads(FAMILY, NEIGHBORS, "euclidean and manhattan; uniform and by distance", method="predict")
def nearest_values(state: State) -> Reading:
    values = state.table("_y")
    return Reading((_neighbors(state, values if np.ndim(state.get("_y")) == 2 else values.T.copy()),))


@reads(
    FAMILY,
    spelled("sklearn.neighbors", ["_classification"], "KNeighborsClassifier"),
    "euclidean and manhattan; uniform and by distance",
    method="predict_proba",
)
def nearest_classes(state: State) -> Reading:
    numbers = np.ravel(state.get("_y"))
    votes = np.zeros((len(numbers), len(state.get("classes_"))))
    votes[np.arange(len(numbers)), numbers] = 1.0
    return Reading((_neighbors(state, votes),))
