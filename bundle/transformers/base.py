"""A transformer that is one operator: what all of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import validation

from ..lower import Program, operate
from ..operators import Operator
from ..runtime import Output, Replay
from ..runtime.sums import row_sums

__all__ = ["Matrix", "PointToPoint", "SpectralTransformer", "mean_spectrum"]

Matrix = NDArray[np.float64]


class SpectralTransformer(TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A transformer that is one operator. Spectra are rows: X has shape (n, p)."""

    def fit(self, X: ArrayLike, y: Any = None) -> SpectralTransformer:
        """Learn what the operator needs from the spectra X (n, p); y is ignored.

        Raises ValueError for spectra or parameters that the operator cannot work with.
        """
        x = _validated(self, X, reset=True)
        self._learn(x)
        self._replay = self._ready(x.shape[1])
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """The spectra X (n, p) after the operator, (n, q) float64: q is p, but for those that change the points.

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


class PointToPoint(OneToOneFeatureMixin, SpectralTransformer):  # type: ignore[misc]
    """A transformer whose points are those of the spectra that go in, and keep their names."""


def mean_spectrum(x: Matrix) -> Matrix:
    """The mean of spectra (n, p) point by point, (p,): by the one sum, so that every machine learns the same."""
    sums = np.empty((x.shape[1], 1))
    row_sums(np.ascontiguousarray(x.T), sums)
    return sums.reshape(-1) / len(x)
