"""Classes as clouds of points: naive Bayes and quadratic discriminants, one column of log-probability for each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..models import Discriminants, GaussianBayes
from ..runtime import stdlib
from ..runtime.sums import row_sums
from .operate import operate
from .points import fitted
from .program import Program

__all__: list[str] = []

TWO_PI = 6.283185307179586


def _log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    # By the plans' own logarithm: numpy's gives other bits on other processors.
    return np.array(stdlib.map_(np.ravel(values).tolist(), "log"))


def _sum(values: NDArray[np.float64]) -> float:
    out = np.empty((1, 1))
    row_sums(np.ascontiguousarray(values.reshape(1, -1)), out)
    return float(out[0, 0])


@operate.register
def gaussian_bayes(operator: GaussianBayes, program: Program, x: str) -> str:
    means = fitted("GaussianBayes", operator.means, program, x)
    if operator.variances.shape != means.shape or not (operator.variances > 0.0).all():
        raise PlanError("GaussianBayes: expected a variance above 0 for every class and point")
    priors = _log(operator.priors)
    columns = []
    for mean, variance, prior in zip(means, operator.variances, priors, strict=True):
        offset = float(prior) - 0.5 * _sum(_log(variance * TWO_PI))
        centred = program("sub", x, mean)
        squares = program("div", program("mul", centred, centred), variance)
        columns.append(_score(program, program("row", squares, f="sum", d=1), offset))
    return program("concat", *columns)


@operate.register
def discriminants(operator: Discriminants, program: Program, x: str) -> str:
    means = fitted("Discriminants", operator.means, program, x)
    priors = _log(operator.priors)
    columns = []
    for mean, rotation, scaling, prior in zip(means, operator.rotations, operator.scalings, priors, strict=True):
        if not (scaling > 0.0).all():
            raise PlanError("Discriminants: a class has no spread in some direction, expected scalings above 0")
        offset = float(prior) - 0.5 * _sum(_log(scaling))
        whitened = program("matmul", program("sub", x, mean), (rotation / np.sqrt(scaling)).T)
        columns.append(_score(program, program("row", whitened, f="sumsq", d=1), offset))
    return program("concat", *columns)


def _score(program: Program, squares: str, offset: float) -> str:
    return program("add", program("mul", squares, -0.5), offset)
