"""What is done to spectra before a model, beyond `operators`: frozen values, one per operator.

x is what reaches the step: p values. Tables are k rows × p points.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .operators import Operator, Table, Vector

__all__ = [
    "EMSC",
    "Bins",
    "BoxCox",
    "ContinuousWavelet",
    "Crop",
    "Fill",
    "Filter",
    "Gaussian",
    "LocalSNV",
    "Missing",
    "PercentileSNV",
    "Pointwise",
    "Products",
    "Quantiles",
    "Range",
    "Ratio",
    "Remove",
    "Resample",
    "Splines",
    "Wavelet",
    "Whittaker",
    "YeoJohnson",
]


@dataclass(frozen=True, eq=False)
class EMSC(Operator):
    """Extended multiplicative scatter correction: fit x ≈ Σ aⱼ·nuisanceⱼ + b·reference, answer (x − Σ aⱼ·nuisanceⱼ)/b.

    `nuisances` (k, p) are polynomials of the axis and spectra of what disturbs; `weights` (p,) multiply the residues.
    """

    reference: Vector
    nuisances: Table
    weights: Vector | None = None

    @classmethod
    def polynomial(cls, reference: Vector, degree: int, others: Any = None, axis: Vector | None = None) -> EMSC:
        """With the powers 0 … `degree` of the axis, which runs from −1 to 1 if not given, and `others` (k, p)."""
        if axis is None:
            axis = np.arange(1.0 - len(reference), len(reference), 2.0) / max(1, len(reference) - 1)
        powers = [np.ones(len(reference))]
        for _ in range(degree):
            powers.append(powers[-1] * axis)
        more = [] if others is None else [*np.atleast_2d(np.asarray(others, dtype=np.float64))]
        return cls(reference, np.array([*powers, *more]))


@dataclass(frozen=True, eq=False)
class Remove(Operator):
    """x − Σ (wᵢ·(x − center))·loadingᵢ: what a projection removed, or a baseline through some points.

    `weights` and `loadings` are (k, p). With `in_turn` each amount is taken from what the ones before it left (OSC).
    """

    weights: Table
    loadings: Table
    center: Vector | None = None
    in_turn: bool = False


@dataclass(frozen=True, eq=False)
class Ratio(Operator):
    """x ÷ (weights·x): by the sum, the mean, the area, or the value at one point; of |x| with `absolute`.

    `weights` may be `sum` or `area` (by the trapezoidal rule, points at a distance of 1) of all points. A divisor of at
    most `least` in magnitude counts as 1; without `least` a spectrum of divisor 0 has no answer.
    """

    weights: Vector | str
    absolute: bool = False
    least: float | None = None


@dataclass(frozen=True, eq=False)
class Range(Operator):
    """(x − min x) / (max x − min x), each spectrum by itself; without `with_min`, x / max x."""

    with_min: bool = True


@dataclass(frozen=True, eq=False)
class Filter(Operator):
    """Each point the weighted sum of its neighbours: Σ tapsⱼ·x[i + j − ⌊(w − 1)/2⌋] for w taps.

    `mode` says what stands beyond the ends: `mirror`, `nearest`, `wrap`, `reflect`, `constant` (0), or `linear`, the
    line through the two outermost points.
    """

    taps: Vector
    mode: str = "nearest"

    @classmethod
    def mean(cls, window: int, mode: str) -> Filter:
        """The mean of a window of points; an even one reaches further back, as `scipy.ndimage.uniform_filter1d`."""
        return cls(np.array([1.0 / window] * window + [0.0] * (1 - window % 2)), mode)


@dataclass(frozen=True, eq=False)
class Gaussian(Operator):
    """A Gaussian of standard deviation `sigma` points, or its derivative of `order`, cut off at `truncate`·sigma, as
    `scipy.ndimage.gaussian_filter1d`."""

    sigma: float
    order: int = 0
    mode: str = "reflect"
    truncate: float = 4.0


@dataclass(frozen=True, eq=False)
class LocalSNV(Operator):
    """(x − mean) / std over a window of odd length around each point; a std of 0 counts as 1.

    Beyond the ends as in `Filter`; with `constant`, the values are `cval`.
    """

    window: int = 11
    mode: str = "mirror"
    cval: float = 0.0


@dataclass(frozen=True, eq=False)
class Wavelet(Operator):
    """The discrete wavelet transform by a pair of decomposition filters: coarse values first, then details from the
    coarsest to the finest, as `pywt.wavedec(x, wavelet, mode, level)` side by side."""

    low: Vector
    high: Vector
    mode: str = "symmetric"
    level: int = 1


@dataclass(frozen=True, eq=False)
class ContinuousWavelet(Operator):
    """The likeness of the spectrum around each point to a wavelet of every scale: k·p columns, scale after scale.

    The wavelet is the derivative of a Gaussian of some `order` m: (−1)ᵐ⁺¹/√(scale·Γ(m + ½)) · dᵐ/dηᵐ e^(−η²/2) at η =
    distance/scale (Torrence and Compo 1998, table 1); order 2 is Ricker's, the Mexican hat. It is ⌈10·scale⌉ points
    wide, at most p, and beyond the ends of the spectrum stand zeros, as in scipy's former `cwt(x, ricker, scales)`.
    """

    scales: Vector
    order: int = 2


@dataclass(frozen=True, eq=False)
class Resample(Operator):
    """The spectrum at the positions `target`, from its points at `source`: `linear`, `nearest`, or `cubic` (a spline
    without a knot at the second point and the last but one).

    Outside of the source the answer is `fill`, or where it is None, the value of the end point.
    """

    source: Vector | None
    """None: the point numbers, from 0."""
    target: Vector | int
    """A number: so many positions at equal distances, from the first point to the last."""
    method: str = "linear"
    fill: float | None = None


@dataclass(frozen=True, eq=False)
class Crop(Operator):
    """The points from number `start` (from 0) to before `stop`; negative numbers count from behind, None is the end."""

    start: int = 0
    stop: int | None = None


@dataclass(frozen=True, eq=False)
class PercentileSNV(Operator):
    """(x − q) / (std + `epsilon`) by the q that `percentile` percent of the points do not exceed, and the standard
    deviation of these points (Guo, Wu and Massart 1999)."""

    percentile: float
    epsilon: float


@dataclass(frozen=True, eq=False)
class Whittaker(Operator):
    """The smooth z that minimises Σ weightᵢ·(xᵢ − zᵢ)² + `penalty`·Σ (zᵢ₋₁ − 2zᵢ + zᵢ₊₁)² (Whittaker 1923)."""

    penalty: float
    weights: Vector


@dataclass(frozen=True, eq=False)
class Pointwise(Operator):
    """One function of each value, by its name in `lower.pointwise`: log, exp, absorbance, kubelka_munk, …"""

    function: str


@dataclass(frozen=True, eq=False)
class YeoJohnson(Operator):
    """Yeo and Johnson's power transform of each point by its own exponent, or with `undone` what inverts it."""

    exponents: Vector
    undone: bool = False


@dataclass(frozen=True, eq=False)
class BoxCox(Operator):
    """(x^λ − 1)/λ of each positive point by its own exponent, ln x where λ is 0; with `undone` what inverts it."""

    exponents: Vector
    undone: bool = False


@dataclass(frozen=True, eq=False)
class Products(Operator):
    """Products of points: row i of `columns` (k, d) numbers the factors of product i, −1 where there is none."""

    columns: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Bins(Operator):
    """The number of the interval that each point falls into, from the inner `edges` of its own; with `one_hot` one
    column for each interval instead."""

    edges: tuple[Vector, ...]
    one_hot: bool = False


@dataclass(frozen=True, eq=False)
class Splines(Operator):
    """B-splines of `degree` of each point: by its `knots` (p, n + degree + 1) n of them, mixed by `table` (n, k) into k
    columns. Beyond the base interval: held (`constant`), `continue`, `linear` or `periodic`."""

    knots: Table
    degree: int
    table: Table
    beyond: str = "constant"


@dataclass(frozen=True, eq=False)
class Quantiles(Operator):
    """The rank of each point among its fitted `quantiles` (k, p), whose ranks are `references` (k,); with `normal` the
    standard normal value of that rank, with `undone` what inverts it."""

    quantiles: Table
    references: Vector
    normal: bool = False
    undone: bool = False


@dataclass(frozen=True, eq=False)
class Fill(Operator):
    """The `values` of their points in place of those that are missing: NaN, or the number `missing`."""

    values: Vector
    missing: float = nan


@dataclass(frozen=True, eq=False)
class Missing(Operator):
    """For each of the points numbered `index` (from 0), 1 where it is missing, else 0: NaN, or the number `missing`."""

    index: NDArray[np.int32]
    missing: float = nan
