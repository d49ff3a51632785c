"""Principal components by elementary operations and the one sum: the same bits on every machine.

A singular value decomposition from a library would give others on another processor. Here the scatter of the samples
is multiplied with a few directions until these span what varies most (subspace iteration: Golub and Van Loan 2013,
§8.2.4), and Jacobi's rotations (§8.5) make principal axes of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..compile.tables import product, times
from ..lower.orthonormal import orthonormal
from ..runtime.sums import row_sums

__all__ = ["Components", "components", "mean_of", "scatter_of", "squares"]

Matrix = NDArray[np.float64]

SPARE = 4
"""Directions beside those asked for: the last ones settle slowly."""
TURNS = 12
"""Multiplications with the scatter. A direction that has not settled by then varies as much as one left out."""
SWEEPS = 12
"""Rounds of Jacobi's method, which squares what is left in each."""
NOTHING = 2.0**-112
"""What is left between two axes, squared, as a part of what is along them, when nothing is to be turned."""


@dataclass(frozen=True, eq=False)
class Components:
    """The mean (p,), the k directions (k, p) in which spectra vary most, orthonormal, and their variances (k,)."""

    mean: Matrix
    directions: Matrix
    variances: Matrix
    total: float
    """The variance in all directions."""

    def first(self, count: int) -> Components:
        """The same with fewer directions."""
        return Components(self.mean, self.directions[:count], self.variances[:count], self.total)

    def enough(self, share: float) -> int:
        """How many directions hold this share of the variance; all of them where they hold less."""
        held = 0.0
        for number, variance in enumerate(self.variances.tolist(), 1):
            held += variance
            if held >= share * self.total:
                return number
        return len(self.variances)

    def distances(self, spectra: Matrix) -> tuple[Matrix, Matrix]:
        """Hotelling's T² and Q of spectra (n, p): the squared distance from the mean within the directions, in standard
        deviations, and what is left beside them; (n,) each."""
        centred = np.ascontiguousarray(spectra - self.mean)
        scores = product(centred, self.directions.T)
        left = squares(centred) - squares(scores)
        return squares(scores / np.sqrt(self.variances)), np.maximum(left, 0.0)


def components(spectra: Matrix, most: int, scatter: Matrix | None = None) -> Components:
    """At most `most` principal components of spectra (n, p), fewer where fewer vary. Their `scatter` (n, n) around any
    point may be known.
    """
    mean = mean_of(spectra)
    centred = np.ascontiguousarray(spectra - mean)
    scatter = _around_mean(scatter_of(centred) if scatter is None else scatter)
    ones = np.ones(len(centred))
    wanted = min(most + SPARE, len(centred))
    # Rows of the scatter lie in the space that is looked for.
    start = scatter[np.arange(wanted) * len(centred) // wanted]
    axes = np.array(orthonormal(start, ones)).reshape(-1, len(centred))
    for _ in range(TURNS):
        axes = np.array(orthonormal(product(axes, scatter), ones)).reshape(-1, len(centred))
    turned = _turned(product(product(axes, scatter), axes.T))[:most]
    directions = orthonormal(product(product(turned, axes), centred), np.ones(spectra.shape[1]))
    kept = np.array(directions).reshape(-1, spectra.shape[1])
    scores = product(kept, centred.T)
    freedom = float(max(1, len(centred) - 1))
    total = float(times(np.diagonal(scatter).reshape(1, -1), ones[None])[0, 0]) / freedom
    return Components(mean, kept, squares(scores) / freedom, total)


def scatter_of(rows: Matrix) -> Matrix:
    """The product of each row with each, (n, n)."""
    found, products, sums = np.empty((len(rows), len(rows))), np.empty_like(rows), np.empty((len(rows), 1))
    for i, row in enumerate(rows):
        part, column = products[i:], sums[i:]
        np.multiply(rows[i:], row, part)
        row_sums(part, column)
        found[i, i:] = found[i:, i] = column[:, 0]
    return found


def _around_mean(scatter: Matrix) -> Matrix:
    """The scatter of the same rows around their mean."""
    means = mean_of(scatter)
    return np.ascontiguousarray(scatter - means - (means - mean_of(means[:, None]))[:, None])


def mean_of(spectra: Matrix) -> Matrix:
    """The mean of each point, by the one sum."""
    mean: Matrix = times(np.ascontiguousarray(spectra.T), np.ones((1, len(spectra))))[0] / float(len(spectra))
    return mean


def squares(rows: Matrix) -> Matrix:
    """The sum of squares of each row."""
    found: Matrix = times(np.ascontiguousarray(rows * rows), np.ones((1, rows.shape[1])))[0]
    return found


def _turned(table: Matrix) -> Matrix:
    """The principal axes of a small symmetric table, one a row, the largest first."""
    a, axes = table.copy(), np.identity(len(table))
    for _ in range(SWEEPS):
        for i in range(len(a)):
            for j in range(i + 1, len(a)):
                _rotate(a, axes, i, j)
    order = np.argsort(-np.diagonal(a), kind="stable")
    return np.ascontiguousarray(axes[order])


def _rotate(a: Matrix, axes: Matrix, i: int, j: int) -> None:
    """Turn axes i and j until nothing is left between them."""
    if a[i, j] * a[i, j] <= NOTHING * abs(a[i, i] * a[j, j]):
        return
    theta = (a[j, j] - a[i, i]) / (2.0 * a[i, j])
    t = (1.0 if theta >= 0.0 else -1.0) / (abs(theta) + np.sqrt(theta * theta + 1.0))
    c = 1.0 / np.sqrt(t * t + 1.0)
    s = t * c
    a[[i, j]] = c * a[i] - s * a[j], s * a[i] + c * a[j]
    a[:, [i, j]] = np.stack([c * a[:, i] - s * a[:, j], s * a[:, i] + c * a[:, j]], axis=1)
    axes[[i, j]] = c * axes[i] - s * axes[j], s * axes[i] + c * axes[j]
