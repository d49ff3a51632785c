"""Classes as distributions: naive Bayes and quadratic discriminants, one column of log-probability for each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..models import BernoulliBayes, Discriminants, GaussianBayes
from ..runtime import stdlib
from ..runtime.sums import row_sums
from .operate import operate
from .points import finite, fitted
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
def bernoulli_bayes(operator: BernoulliBayes, program: Program, x: str) -> str:
    above = fitted("BernoulliBayes", operator.log_probabilities, program, x)
    if not (above < 0.0).all():
        raise PlanError("BernoulliBayes: expected logarithms of probabilities below 1")
    chances = np.array(stdlib.map_(above.ravel().tolist(), "exp")).reshape(above.shape)
    below = _log(1.0 - chances).reshape(above.shape)
    offsets = operator.log_priors + np.array([_sum(row) for row in below])
    seen = program("select", operator.threshold, x, 1.0, 0.0, f="lt")
    return program("add", program("matmul", seen, above - below), offsets)


@operate.register
def gaussian_bayes(operator: GaussianBayes, program: Program, x: str) -> str:
    means = fitted("GaussianBayes", operator.means, program, x)
    finite("GaussianBayes", variances=operator.variances)
    if operator.variances.shape != means.shape or not (operator.variances > 0.0).all():
        raise PlanError("GaussianBayes: expected a variance above 0 for every class and point")
    priors = _log_priors("GaussianBayes", operator.priors, len(means))
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
    priors = _log_priors("Discriminants", operator.priors, len(means))
    if not len(operator.rotations) == len(operator.scalings) == len(means):
        raise PlanError(
            f"Discriminants: {len(operator.rotations)} rotations and {len(operator.scalings)} scalings for "
            f"{len(means)} classes"
        )
    columns = []
    for mean, rotation, scaling, prior in zip(means, operator.rotations, operator.scalings, priors, strict=True):
        finite("Discriminants", rotations=rotation, scalings=scaling)
        if rotation.shape != (means.shape[1], len(scaling)):
            raise PlanError(
                f"Discriminants: a rotation of {rotation.shape}, expected {means.shape[1]} × {len(scaling)}, as "
                "many as points and scalings"
            )
        if not (scaling > 0.0).all():
            raise PlanError("Discriminants: a class has no spread in some direction, expected scalings above 0")
        offset = float(prior) - 0.5 * _sum(_log(scaling))
        whitened = program("matmul", program("sub", x, mean), (rotation / np.sqrt(scaling)).T)
        columns.append(_score(program, program("row", whitened, f="sumsq", d=1), offset))
    return program("concat", *columns)


def _log_priors(name: str, priors: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    finite(name, priors=priors)
    if priors.shape != (count,) or not (priors > 0.0).all():
        raise PlanError(f"{name}: priors {priors.tolist()}, expected one above 0 for each of {count} classes")
    return _log(priors)


def _score(program: Program, squares: str, offset: float) -> str:
    return program("add", program("mul", squares, -0.5), offset)
