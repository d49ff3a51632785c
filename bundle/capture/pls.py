"""Partial least squares, read by what its numbers must satisfy: its attributes changed meaning between versions.

With R = x_rotations_, Q = y_loadings_, s and u the scales of x and y, a fit satisfies R·Qᵀ·u = `coef_`ᵀ · s since
scikit-learn 1.5 (prediction (x − x̄)·coef_ᵀ + ȳ), and R·Qᵀ·u = `coef_`ᵀ in 1.3 and 1.4 (x is divided by s first).
Which of the two holds decides how the state is read, whatever version is running.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..operators import PLS, Project
from .registry import Reading, reads, spelled
from .state import State

__all__ = ["AGREEMENT"]

FAMILY = "partial least squares"
NAMES = spelled("sklearn.cross_decomposition", ["_pls"], "PLSRegression", "PLSCanonical", "CCA")

AGREEMENT = 1e-6
"""How closely the stored coefficients must follow from rotations and loadings, relative to the largest of them."""


@reads(
    FAMILY,
    NAMES,
    "as a model: any number of targets, scale or not, states of scikit-learn 1.3 and later",
    method="predict",
)
def pls(state: State) -> Reading:
    rotations, loadings = state.table("x_rotations_"), state.table("y_loadings_")
    x_mean, x_std = state.vector("_x_mean"), state.vector("_x_std")
    intercept, y_std = state.vector("intercept_", "_y_mean"), state.vector("_y_std")
    coef = state.table("coef_")
    if coef.shape != (len(loadings), len(rotations)):
        expected_shape = (len(loadings), len(rotations))
        raise state.refuse(
            f"coef_ has shape {coef.shape}, expected {expected_shape}; states before 1.3 are not supported"
        )
    expected = _outer(rotations, loadings) * y_std[:, None]
    scaled, unscaled = _follows(coef * x_std, expected), _follows(coef, expected)
    if not scaled and not unscaled:
        raise state.refuse("coef_ does not follow from x_rotations_ and y_loadings_: damaged or altered")
    # Where x was not scaled both hold, and mean the same. Otherwise a version that takes the state for the other kind
    # divides by the scale once too often, or not at all.
    beta, misread = (coef, coef / x_std) if scaled else (coef / x_std, coef)
    other = () if scaled and unscaled else (PLS(misread, x_mean, intercept),)
    return Reading((PLS(beta, x_mean, intercept),), other)


def _outer(rotations: NDArray[np.float64], loadings: NDArray[np.float64]) -> NDArray[np.float64]:
    product: NDArray[np.float64] = np.einsum("pk,tk->tp", rotations, loadings)
    return product


def _follows(found: NDArray[np.float64], expected: NDArray[np.float64]) -> bool:
    return bool(np.abs(found - expected).max() <= AGREEMENT * np.abs(expected).max())


@reads(FAMILY, NAMES, "as a step: scores, scale or not")
def pls_scores(state: State) -> Reading:
    rotations = state.table("x_rotations_")
    return Reading((Project(rotations.T.copy(), state.vector("_x_mean"), state.vector("_x_std")),))


@reads(FAMILY, spelled("sklearn.cross_decomposition", ["_pls"], "PLSSVD"), "scale or not")
def pls_svd(state: State) -> Reading:
    weights = state.table("x_weights_")
    return Reading((Project(weights.T.copy(), state.vector("_x_mean"), state.vector("_x_std")),))
