"""Gaussian processes: the mean, and how far it may be off, both from likeness to the training spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models import Deviation, Kernel, KernelProduct, KernelSum, Power, Squares
from ..operators import Affine, Linear, Operators
from ..runtime import stdlib
from .registry import Reading, reads, spelled
from .state import State
from .triangular import inverse

__all__: list[str] = []

Own = Operators | float
"""How a spectrum varies with itself, k(x, x): one column made from x, or the same number for all."""


@reads(
    "kernel",
    spelled("sklearn.gaussian_process", ["_gpr"], "GaussianProcessRegressor"),
    "the mean, and of a single model the standard deviation; sums and products of RBF, Matern (½, 3/2, 5/2), "
    "RationalQuadratic, DotProduct, Constant, White",
    method="predict",
)
def gaussian_process(state: State) -> Reading:
    vectors, kernel = state.table("X_train_"), state.get("kernel_")
    likeness = _covariance(state, kernel, vectors)
    if likeness is None:
        raise state.refuse("its kernel is white noise alone, which says nothing of new spectra")
    alpha = state.finite("alpha_", np.asarray(state.get("alpha_")).reshape(len(vectors), -1).T)
    mean, scale = (
        np.broadcast_to(state.vector(name), (len(alpha),)).copy() for name in ("_y_train_mean", "_y_train_std")
    )
    spread: Operators = ()
    if state.live is not None:  # elsewhere nothing could prove it
        deviation = Deviation(likeness, _own(kernel), inverse(state.table("L_")))
        spread = (deviation, Linear(scale.reshape(-1, 1), np.zeros(len(scale))))
    return Reading((*likeness, Linear(alpha, np.zeros(len(alpha))), Affine(scale, mean)), spread=spread)


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


def _own(kernel: Any) -> Own:
    """k(x, x), noise and all, of a kernel whose covariance was read."""
    name = type(kernel).__name__
    if name in ("Sum", "Product"):
        return _joined(name, _own(kernel.k1), _own(kernel.k2))
    if name == "Exponentiation":
        base, exponent = _own(kernel.kernel), float(kernel.exponent)
        if isinstance(base, float):
            # By the plans' own functions: those of a mathematics library differ from one to the next.
            return float(stdlib.map_([exponent * stdlib.map_([base], "log")[0]], "exp")[0])
        return (*base, Power(exponent))
    if name == "DotProduct":
        return (Squares(), _times(1.0, float(kernel.sigma_0) ** 2))
    if name == "WhiteKernel":
        return float(kernel.noise_level)
    return float(kernel.constant_value) if name == "ConstantKernel" else 1.0


def _joined(name: str, left: Own, right: Own) -> Own:
    if isinstance(left, float) and isinstance(right, float):
        return left + right if name == "Sum" else left * right
    if isinstance(left, float):
        left, right = right, left
    if isinstance(left, tuple) and isinstance(right, float):
        return (*left, _times(1.0, right) if name == "Sum" else _times(right, 0.0))
    both = tuple(side for side in (left, right) if isinstance(side, tuple))
    return (KernelSum(both) if name == "Sum" else KernelProduct(both),)
