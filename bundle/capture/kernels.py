"""Models that compare with spectra they keep: support vectors, kernel ridge, Gaussian processes, nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models import Kernel, KernelProduct, KernelSum, Neighbors, PairVotes, Power
from ..operators import Affine, Largest, Linear, Operators
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "kernel"
SVM = "sklearn.svm"


def _kernel(state: State, vectors: NDArray[np.float64], gamma: float) -> Kernel:
    kind = state.get("kernel")
    if kind not in ("rbf", "linear", "poly", "sigmoid"):
        raise state.refuse(f"kernel={kind!r} is not supported, only rbf, linear, poly and sigmoid")
    return Kernel(str(kind), vectors, gamma, state.real("coef0", default=0.0), state.real("degree", default=3.0))


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
    kind = {"polynomial": "poly"}.get(str(state.get("kernel")), str(state.get("kernel")))
    if kind not in ("rbf", "linear", "poly", "sigmoid", "laplacian"):
        raise state.refuse(f"kernel={kind!r} is not supported, only rbf, linear, poly, sigmoid and laplacian")
    given = state.get("gamma", default=None)
    gamma = 1.0 / vectors.shape[1] if given is None else float(given)
    kernel = Kernel(kind, vectors, gamma, state.real("coef0"), state.real("degree"))
    dual = state.finite("dual_coef_", np.asarray(state.get("dual_coef_")).reshape(len(vectors), -1).T)
    return Reading((kernel, Linear(dual, np.zeros(len(dual)))))


@reads(
    FAMILY,
    spelled("sklearn.gaussian_process", ["_gpr"], "GaussianProcessRegressor"),
    "the mean; sums and products of RBF, Matern (½, 3/2, 5/2), RationalQuadratic, DotProduct, Constant, White",
    method="predict",
)
def gaussian_process(state: State) -> Reading:
    vectors = state.table("X_train_")
    likeness = _covariance(state, state.get("kernel_"), vectors)
    if likeness is None:
        raise state.refuse("its kernel is white noise alone, which says nothing of new spectra")
    alpha = state.finite("alpha_", np.asarray(state.get("alpha_")).reshape(len(vectors), -1).T)
    mean, scale = state.vector("_y_train_mean"), state.vector("_y_train_std")
    back = Affine(np.broadcast_to(scale, (len(alpha),)).copy(), np.broadcast_to(mean, (len(alpha),)).copy())
    return Reading((*likeness, Linear(alpha, np.zeros(len(alpha))), back))


KERNELS = "sklearn.gaussian_process.kernels"
MATERN = {0.5: ("exponential", 1.0), 1.5: ("matern3", 3.0**0.5), 2.5: ("matern5", 5.0**0.5)}


def _covariance(state: State, kernel: Any, vectors: NDArray[np.float64]) -> Operators | None:
    """The covariance with each training spectrum; None where there is none, as of white noise."""
    inner = State.of(kernel, f"{state.where}, kernel_")
    module, _, name = inner.name.rpartition(".")
    if module != KERNELS:
        raise state.refuse(f"kernel {inner.name} is not supported")
    if name in ("Sum", "Product"):
        return _pair(state, name, [inner.get("k1"), inner.get("k2")], vectors)
    if name == "WhiteKernel":
        return None
    if name == "Exponentiation":
        base = _covariance(state, inner.get("kernel"), vectors)
        return None if base is None else (*base, Power(inner.real("exponent")))
    if name == "DotProduct":
        return (Kernel("linear", vectors), _times(1.0, inner.real("sigma_0") ** 2))
    if name == "RationalQuadratic":
        alpha, length = inner.real("alpha"), inner.real("length_scale")
        return (Kernel("rational", vectors, 1.0 / (2.0 * alpha * length**2), degree=alpha),)
    lengths = np.broadcast_to(np.ravel(inner.get("length_scale")), (vectors.shape[1],)).astype(np.float64)
    if name == "RBF":
        return (Kernel("rbf", vectors, 0.5, scales=lengths),)
    if name == "Matern" and inner.real("nu") in MATERN:
        kind, factor = MATERN[inner.real("nu")]
        return (Kernel(kind, vectors, factor, scales=lengths),)
    if name == "Matern" and inner.real("nu") == np.inf:
        return (Kernel("rbf", vectors, 0.5, scales=lengths),)
    raise state.refuse(f"kernel {kernel} is not supported")


def _pair(state: State, name: str, kernels: list[Any], vectors: NDArray[np.float64]) -> Operators | None:
    """A sum or a product of two kernels; constants become a factor or an offset of the other."""
    constants = [k for k in kernels if type(k).__name__ == "ConstantKernel"]
    others = [_covariance(state, k, vectors) for k in kernels if k not in constants]
    if len(constants) == 2:
        raise state.refuse("a kernel of two constants is not supported")
    if constants:
        value, (other,) = float(constants[0].constant_value), others
        if other is None:
            raise state.refuse("a constant with white noise alone is not supported")
        return (*other, _times(value, 0.0) if name == "Product" else _times(1.0, value))
    if name == "Product":
        return None if None in others else (KernelProduct(tuple(o for o in others if o is not None)),)
    left = tuple(other for other in others if other is not None)
    return (left[0] if len(left) == 1 else (KernelSum(left),)) if left else None


def _times(scale: float, offset: float) -> Affine:
    return Affine(np.array([scale]), np.array([offset]))


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
