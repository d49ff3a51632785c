"""What models do beyond a linear form, in the words of statistics: frozen values, one per operator.

A classifier is told as scores of its classes, made into probabilities or a class by the operators after it. x is what
reaches the model: (n, p); m counts reference vectors, c classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .operators import Operator, Operators, Table, Vector

__all__ = [
    "Activation",
    "BernoulliBayes",
    "Deviation",
    "Discriminants",
    "GaussianBayes",
    "Kernel",
    "KernelProduct",
    "KernelSum",
    "Lines",
    "Neighbors",
    "PairVotes",
    "Power",
    "Proportions",
    "Softmax",
    "Squares",
    "Trees",
    "WeightedMedian",
]


@dataclass(frozen=True, eq=False)
class Activation(Operator):
    """A function of each value: `exp`, `logistic` 1/(1 + e⁻ˣ), `tanh`, `relu` max(x, 0), `identity`."""

    function: str


@dataclass(frozen=True, eq=False)
class Power(Operator):
    """Each value to a power: whole exponents by multiplication, others as e^(exponent · ln x)."""

    exponent: float


@dataclass(frozen=True, eq=False)
class Softmax(Operator):
    """e^(xᵢ − max x) / Σ e^(xⱼ − max x): from scores of classes to probabilities."""


@dataclass(frozen=True, eq=False)
class Proportions(Operator):
    """Each value divided by the sum of all; all alike where that is 0."""


@dataclass(frozen=True, eq=False)
class BernoulliBayes(Operator):
    """ln prior + Σ ln P(point above `threshold` or not), one column for each class.

    `log_probabilities` (c, p) are ln P(above) of each class and point, `log_priors` (c,) ln prior.
    """

    log_probabilities: Table
    log_priors: Vector
    threshold: float


@dataclass(frozen=True, eq=False)
class Lines(Operator):
    """Each column by straight lines from point to point, level beyond the outermost: isotonic regression.

    The points of a column are its `places`, ascending, and the `values` there.
    """

    places: tuple[Vector, ...]
    values: tuple[Vector, ...]


@dataclass(frozen=True, eq=False)
class GaussianBayes(Operator):
    """ln prior − ½ Σ ln(2π·variance) − ½ Σ (x − mean)²/variance, one column for each class: means, variances (c, p)."""

    means: Table
    variances: Table
    priors: Vector


@dataclass(frozen=True, eq=False)
class Discriminants(Operator):
    """Quadratic discriminants: ln prior − ½ (|(x − mean)·R / √s|² + Σ ln s), one column for each class.

    `rotations` R (p, r) and `scalings` s (r,) of each class diagonalise its covariance.
    """

    means: Table
    rotations: tuple[Table, ...]
    scalings: tuple[Vector, ...]
    priors: Vector


@dataclass(frozen=True, eq=False)
class Kernel(Operator):
    """k(x, v) with each of m reference vectors (m, p), one column each.

    `rbf` e^(−γ|x − v|²), `laplacian` e^(−γ|x − v|₁), `linear` x·v, `poly` (γ x·v + coef0)^degree, `sigmoid`
    tanh(γ x·v + coef0); with r = γ|x − v|: `exponential` e⁻ʳ, `matern3` (1 + r)e⁻ʳ, `matern5`
    (1 + r + r²/3)e⁻ʳ, and `rational` (1 + γ|x − v|²)^(−degree). `scales` divide x and v point by point first.
    """

    kind: str
    vectors: Table
    gamma: float = 1.0
    coef0: float = 0.0
    degree: float = 1.0
    scales: Vector | None = None


@dataclass(frozen=True, eq=False)
class KernelSum(Operator):
    """The sum of the branches' results, column by column."""

    branches: tuple[Operators, ...]


@dataclass(frozen=True, eq=False)
class KernelProduct(Operator):
    """The product of the branches' results, column by column."""

    branches: tuple[Operators, ...]


@dataclass(frozen=True, eq=False)
class Squares(Operator):
    """Σ x²: the covariance of a spectrum with itself by the linear kernel."""


@dataclass(frozen=True, eq=False)
class Deviation(Operator):
    """√max(0, own − |L⁻¹·k|²): how far a Gaussian process may be off, in one column (Rasmussen and Williams
    2006, eq. 2.26).

    k is the `covariance` with the m training spectra, `own` that of x with itself, one column of x or the same number
    for all, and `inverse` (m, m) that of the Cholesky factor L of their covariance with each other.
    """

    covariance: Operators
    own: Operators | float
    inverse: Table


@dataclass(frozen=True, eq=False)
class PairVotes(Operator):
    """From one decision for each pair of classes to votes: a decision above 0 is one for the first of its pair.

    Pairs are (0, 1), (0, 2), …, (1, 2), …, as in libsvm.
    """

    count: int


@dataclass(frozen=True, eq=False)
class Neighbors(Operator):
    """The mean of the `values` (m, t) that belong to the k nearest of `vectors` (m, p).

    `metric` is l2 or l1; `weights` is uniform, or distance: by 1/distance, and by those at distance 0 alone if any.
    """

    vectors: Table
    values: Table
    k: int
    metric: str = "l2"
    weights: str = "uniform"


@dataclass(frozen=True, eq=False)
class Trees(Operator):
    """The values of the leaves that x falls into, added from tree to tree: (g·t) columns for g groups of trees.

    Node i goes to `right` where x[`feature`] > `threshold`, else to `left`; a leaf is its own child, and says `value`
    (t,). Trees begin at `roots`, and each adds to its group: `groups` counts the trees of each. With `single` x is
    rounded to float32 before it is compared, as scikit-learn does, and x beyond float32 has no answer. Where x is
    missing (NaN), a node goes to `left` if `missing_left` says so, else to `right`; trees without it have no answer.
    """

    feature: NDArray[np.int32]
    threshold: Vector
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Table
    roots: NDArray[np.int32]
    groups: tuple[int, ...]
    single: bool = True
    missing_left: NDArray[np.bool_] | None = None
    met_missing: bool = False
    """Whether the trees met missing values when they grew, so that `missing_left` was learnt."""


@dataclass(frozen=True, eq=False)
class WeightedMedian(Operator):
    """The first of the values, in ascending order, at which at least half of all `weights` is reached."""

    weights: Vector
