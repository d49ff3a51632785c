"""What the steps of a chain do, in the words of spectroscopists: frozen values, one per operator.

`capture` reads fitted objects into these, `lower` turns these into instructions. Arrays are float64: vectors of p
points, tables of k rows × p points. n is the number of spectra, p their points, t the targets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MSC",
    "PLS",
    "SNV",
    "Affine",
    "Clip",
    "Concat",
    "Detrend",
    "GapDerivative",
    "Gradient",
    "Largest",
    "Linear",
    "Mean",
    "Normalize",
    "OneHot",
    "Opaque",
    "Operator",
    "Operators",
    "Project",
    "RobustSNV",
    "SavitzkyGolay",
    "Scale",
    "Select",
]

Vector = NDArray[np.float64]
Table = NDArray[np.float64]


class Operator:
    """Base of all operators: what one step of a chain does to each spectrum."""


Operators = tuple[Operator, ...]
"""Operators one after the other; none at all leave a spectrum as it is."""


@dataclass(frozen=True, eq=False)
class SNV(Operator):
    """Standard normal variate: (x − mean(x)) / std(x), each spectrum by itself; std divides by p − ddof."""

    with_mean: bool = True
    with_std: bool = True
    ddof: int = 0


@dataclass(frozen=True, eq=False)
class RobustSNV(Operator):
    """Robust normal variate: (x − median(x)) / (k · median(|x − median(x)|))."""

    with_center: bool = True
    with_scale: bool = True
    k: float = 1.4826


@dataclass(frozen=True, eq=False)
class SavitzkyGolay(Operator):
    """Savitzky–Golay smoothing or derivative, as `scipy.signal.savgol_filter(x, window_length, polyorder, deriv, delta,
    mode=mode, cval=cval)`; the weights follow from exact rational arithmetic."""

    window_length: int
    polyorder: int
    deriv: int = 0
    delta: float = 1.0
    mode: str = "interp"
    cval: float = 0.0


@dataclass(frozen=True, eq=False)
class GapDerivative(Operator):
    """Norris–Williams derivative of order `deriv` (1 or 2): means of `segment` points, first and last of `gap` of these
    subtracted, divided by `gap`."""

    segment: int
    gap: int
    deriv: int = 1
    delta: float = 1.0
    mode: str = "nearest"


@dataclass(frozen=True, eq=False)
class Gradient(Operator):
    """Central differences with one-sided ends, as `numpy.gradient(x, delta, edge_order=edge_order)`, `deriv` times."""

    deriv: int = 1
    delta: float = 1.0
    edge_order: int = 1


@dataclass(frozen=True, eq=False)
class Detrend(Operator):
    """Subtract the least-squares polynomial of `degree` in the point number, between `breakpoints` each part alone."""

    degree: int = 1
    breakpoints: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class MSC(Operator):
    """Multiplicative scatter correction: fit x ≈ a + b·reference, answer (x − a) / b."""

    reference: Vector


@dataclass(frozen=True, eq=False)
class Normalize(Operator):
    """Divide each spectrum by its norm (`l1`, `l2` or `max` of |x|); a zero norm counts as 1."""

    norm: str = "l2"


@dataclass(frozen=True, eq=False)
class Scale(Operator):
    """(x − center) / scale per point, either part optional: standard, robust and max-abs scaling, centring."""

    center: Vector | None = None
    scale: Vector | None = None


@dataclass(frozen=True, eq=False)
class Affine(Operator):
    """x · scale + offset per point: min-max scaling, and what undoes a scaling of the target."""

    scale: Vector
    offset: Vector


@dataclass(frozen=True, eq=False)
class Clip(Operator):
    """Each value held between `least` and `largest`, either of which may be infinite."""

    least: float
    largest: float


@dataclass(frozen=True, eq=False)
class Select(Operator):
    """The points numbered `index` (from 0), in that order."""

    index: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Project(Operator):
    """(x − center) / scale · componentsᵀ, then divided by `spread` if given: PCA, truncated SVD, PLS scores."""

    components: Table
    center: Vector | None = None
    scale: Vector | None = None
    spread: Vector | None = None


@dataclass(frozen=True, eq=False)
class Linear(Operator):
    """x · coefᵀ + intercept: a linear regression with t targets; coef (t, p), intercept (t,)."""

    coef: Table
    intercept: Vector


@dataclass(frozen=True, eq=False)
class PLS(Operator):
    """(x − x_mean) · coefᵀ + intercept: partial least squares in its normal form, whatever scikit-learn stored."""

    coef: Table
    x_mean: Vector
    intercept: Vector


@dataclass(frozen=True, eq=False)
class Concat(Operator):
    """Every branch on the same x, their results side by side: unions, several sources, the lower level of a stack."""

    branches: tuple[Operators, ...]


@dataclass(frozen=True, eq=False)
class Mean(Operator):
    """Every branch on the same x, their results averaged in order: Σ wᵢ·fᵢ(x) / Σ wᵢ, all weights 1 if not given."""

    branches: tuple[Operators, ...]
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Largest(Operator):
    """The number (from 0) of the largest column, the first of equals: from scores of classes to a class."""


@dataclass(frozen=True, eq=False)
class OneHot(Operator):
    """From the number of a class to `count` columns, 1 in that of the class and 0 in the others: a vote."""

    count: int


@dataclass(frozen=True, eq=False)
class Opaque(Operator):
    """A pickled object, known by the sha256 of its artifact; `width` columns come out of it."""

    artifact: str
    width: int
