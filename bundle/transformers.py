"""Spectral operators as scikit-learn transformers, running the instructions that will predict.

They have no dependency on who trains: use them in a `Pipeline`, clone them, search over their parameters.

>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.cross_decomposition import PLSRegression
>>> model = make_pipeline(StandardNormalVariate(), SavitzkyGolay(15, 2, deriv=1), PLSRegression(10))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import validation

from .lower import Program, operate
from .operators import MSC, SNV, Detrend, GapDerivative, Gradient, Operator, RobustSNV
from .operators import SavitzkyGolay as SavitzkyGolayOperator
from .runtime import Output, Replay
from .runtime.sums import row_sums

__all__ = [
    "Detrending",
    "GradientDerivative",
    "MultiplicativeScatterCorrection",
    "NorrisWilliams",
    "RobustNormalVariate",
    "SavitzkyGolay",
    "StandardNormalVariate",
]

Matrix = NDArray[np.float64]


class _SpectralTransformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A transformer that is one operator. Spectra are rows: X has shape (n, p)."""

    def fit(self, X: ArrayLike, y: Any = None) -> _SpectralTransformer:
        """Learn what the operator needs from the spectra X (n, p); y is ignored.

        Raises ValueError for spectra or parameters that the operator cannot work with.
        """
        x = _validated(self, X, reset=True)
        self._learn(x)
        self._replay = self._ready(x.shape[1])
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """The spectra X (n, p) after the operator, (n, p) float64.

        Raises ValueError, listing the rows, for spectra that have no answer: a constant one cannot be scaled.
        """
        validation.check_is_fitted(self, "_replay")
        x = _validated(self, X, reset=False)
        return self._replay.predict(x)

    def _learn(self, x: Matrix) -> None:
        """Most operators learn nothing."""

    @abstractmethod
    def _operator(self) -> Operator:
        """What the parameters and the fitted state say."""

    def _ready(self, width: int) -> Replay:
        program = Program(width)
        return Replay(program.plan({"value": Output(operate(self._operator(), program, program.x))}))

    def __getstate__(self) -> Any:
        # The bound program can be made again from the parameters; pickles hold what was fitted, nothing else.
        state = dict(super().__getstate__())
        state["_replay"] = "_replay" in state
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        fitted = state.pop("_replay", False)
        super().__setstate__(state)
        if fitted:
            self._replay = self._ready(self.n_features_in_)


def _validated(transformer: BaseEstimator, X: ArrayLike, *, reset: bool) -> Matrix:
    if hasattr(validation, "validate_data"):
        x: Matrix = validation.validate_data(transformer, X, dtype=np.float64, reset=reset)
    else:  # scikit-learn before 1.6
        x = transformer._validate_data(X, dtype=np.float64, reset=reset)
    return x


class StandardNormalVariate(_SpectralTransformer):
    """SNV: each spectrum minus its mean, divided by its standard deviation (with p − `ddof` in the denominator).

    Barnes, Dhanoa and Lister 1989.
    """

    def __init__(self, with_mean: bool = True, with_std: bool = True, ddof: int = 0) -> None:
        self.with_mean = with_mean
        self.with_std = with_std
        self.ddof = ddof

    def _operator(self) -> Operator:
        return SNV(self.with_mean, self.with_std, self.ddof)


class RobustNormalVariate(_SpectralTransformer):
    """Each spectrum minus its median, divided by `k` times the median of the absolute deviations from it."""

    def __init__(self, with_center: bool = True, with_scale: bool = True, k: float = 1.4826) -> None:
        self.with_center = with_center
        self.with_scale = with_scale
        self.k = k

    def _operator(self) -> Operator:
        return RobustSNV(self.with_center, self.with_scale, self.k)


class SavitzkyGolay(_SpectralTransformer):
    """Savitzky–Golay smoothing or derivative; the parameters are those of `scipy.signal.savgol_filter`.

    Savitzky and Golay 1964. `delta` is the distance between two points: the derivative is per unit of it.
    """

    def __init__(
        self,
        window_length: int = 11,
        polyorder: int = 3,
        deriv: int = 0,
        delta: float = 1.0,
        mode: str = "interp",
        cval: float = 0.0,
    ) -> None:
        self.window_length = window_length
        self.polyorder = polyorder
        self.deriv = deriv
        self.delta = delta
        self.mode = mode
        self.cval = cval

    def _operator(self) -> Operator:
        return SavitzkyGolayOperator(self.window_length, self.polyorder, self.deriv, self.delta, self.mode, self.cval)


class NorrisWilliams(_SpectralTransformer):
    """Norris–Williams derivative of order `deriv` (1 or 2): means of `segment` points, differenced over `gap` points.

    Norris and Williams 1984. `mode` says what stands beyond the ends: nearest, mirror or wrap.
    """

    def __init__(
        self, segment: int = 5, gap: int = 3, deriv: int = 1, delta: float = 1.0, mode: str = "nearest"
    ) -> None:
        self.segment = segment
        self.gap = gap
        self.deriv = deriv
        self.delta = delta
        self.mode = mode

    def _operator(self) -> Operator:
        return GapDerivative(self.segment, self.gap, self.deriv, self.delta, self.mode)


class GradientDerivative(_SpectralTransformer):
    """Central differences, `deriv` times, as `numpy.gradient(x, delta, edge_order=edge_order)`."""

    def __init__(self, deriv: int = 1, delta: float = 1.0, edge_order: int = 1) -> None:
        self.deriv = deriv
        self.delta = delta
        self.edge_order = edge_order

    def _operator(self) -> Operator:
        return Gradient(self.deriv, self.delta, self.edge_order)


class Detrending(_SpectralTransformer):
    """Each spectrum minus its least-squares polynomial of `degree`; between `breakpoints`, each part by itself."""

    def __init__(self, degree: int = 1, breakpoints: Sequence[int] = ()) -> None:
        self.degree = degree
        self.breakpoints = breakpoints

    def _operator(self) -> Operator:
        return Detrend(self.degree, tuple(self.breakpoints))


class MultiplicativeScatterCorrection(_SpectralTransformer):
    """MSC: each spectrum is fitted as a + b · reference and answered as (x − a) / b.

    Geladi, MacDougall and Martens 1985. `reference_` (p,) is the mean of the spectra that `fit` saw.
    """

    def _learn(self, x: Matrix) -> None:
        sums = np.empty((x.shape[1], 1))
        row_sums(np.ascontiguousarray(x.T), sums)
        self.reference_ = sums.reshape(-1) / len(x)

    def _operator(self) -> Operator:
        return MSC(self.reference_)
