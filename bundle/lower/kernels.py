"""Likeness to reference spectra: kernels and how far they carry, votes between pairs of classes, and nearest
neighbours."""

from __future__ import annotations

from functools import partial, reduce

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..models import Activation, Deviation, Kernel, KernelProduct, KernelSum, Neighbors, PairVotes, Power, Squares
from .activations import exponential
from .branching import each
from .operate import operate
from .points import finite, fitted
from .program import Program

__all__: list[str] = []


@operate.register
def kernel(operator: Kernel, program: Program, x: str) -> str:
    vectors = fitted("Kernel", operator.vectors, program, x)
    finite("Kernel", gamma=operator.gamma, coef0=operator.coef0, degree=operator.degree)
    if operator.scales is not None:
        scales = fitted("Kernel", operator.scales, program, x)
        if not scales.all():
            raise PlanError("Kernel: scales of 0, expected others to divide by")
        x, vectors = program("div", x, scales), vectors / scales
    if operator.kind in _OF_DISTANCE:
        return _of_distance(operator, program, x, vectors)
    if operator.kind not in ("linear", "poly", "sigmoid"):
        known = ", ".join((*_OF_DISTANCE, "linear", "poly", "sigmoid"))
        raise PlanError(f"Kernel: {operator.kind!r}, expected {known}")
    product = program("matmul", x, vectors)
    if operator.kind == "linear":
        return product
    product = program("add", program("mul", product, operator.gamma), operator.coef0)
    return operate(Power(operator.degree) if operator.kind == "poly" else Activation("tanh"), program, product)


_OF_DISTANCE = ("rbf", "laplacian", "exponential", "matern3", "matern5", "rational")


def _of_distance(operator: Kernel, program: Program, x: str, vectors: NDArray[np.float64]) -> str:
    distance = program("dist", x, vectors, f="l1" if operator.kind == "laplacian" else "l2")
    if operator.kind in ("rbf", "laplacian"):
        return exponential(program, distance, -operator.gamma)
    if operator.kind == "rational":
        base = program("add", program("mul", distance, operator.gamma), 1.0)
        return operate(Power(-operator.degree), program, base)
    r = program("mul", program("map", distance, f="sqrt"), operator.gamma)
    decay = exponential(program, r, -1.0)
    if operator.kind == "exponential":
        return decay
    polynomial = program("add", r, 1.0)
    if operator.kind == "matern5":
        polynomial = program("add", polynomial, program("div", program("mul", r, r), 3.0))
    return program("mul", polynomial, decay)


@operate.register
def kernel_sum(operator: KernelSum, program: Program, x: str) -> str:
    return reduce(partial(program, "add"), each(operator.branches, program, x))


@operate.register
def kernel_product(operator: KernelProduct, program: Program, x: str) -> str:
    return reduce(partial(program, "mul"), each(operator.branches, program, x))


@operate.register
def squares(operator: Squares, program: Program, x: str) -> str:
    return program("row", x, f="sumsq", d=1)


@operate.register
def deviation(operator: Deviation, program: Program, x: str) -> str:
    (k,) = each((operator.covariance,), program, x)
    known = program("row", program("matmul", k, fitted("Deviation", operator.inverse, program, k)), f="sumsq", d=1)
    own: str | float
    if isinstance(operator.own, float):
        finite("Deviation", own=operator.own)
        own = operator.own
    else:
        (own,) = each((operator.own,), program, x)
        if program.width(own) != 1:
            raise PlanError(f"Deviation: own of {program.width(own)} columns, expected one")
    # Where both are nearly the same, rounding may leave less than nothing.
    return program("map", program("max", program("sub", own, known), 0.0), f="sqrt")


@operate.register
def pair_votes(operator: PairVotes, program: Program, x: str) -> str:
    pairs = [(i, j) for i in range(operator.count) for j in range(i + 1, operator.count)]
    if program.width(x) != len(pairs):
        raise PlanError(f"PairVotes: {program.width(x)} decisions for {operator.count} classes, expected {len(pairs)}")
    # A decision that is not for the first class of its pair is for the second.
    table, offset = np.zeros((operator.count, len(pairs))), np.zeros(operator.count)
    for number, (i, j) in enumerate(pairs):
        table[i, number], table[j, number] = 1.0, -1.0
        offset[j] += 1.0
    first = program("select", 0.0, x, 1.0, 0.0, f="lt")
    return program("add", program("matmul", first, table), offset)


@operate.register
def neighbors(operator: Neighbors, program: Program, x: str) -> str:
    vectors = fitted("Neighbors", operator.vectors, program, x)
    finite("Neighbors", values=operator.values)
    if len(operator.values) != len(vectors) or not 1 <= operator.k <= len(vectors):
        raise PlanError(
            f"Neighbors: {operator.k} of {len(vectors)} with {len(operator.values)} values, expected one value each"
        )
    if operator.metric not in ("l1", "l2") or operator.weights not in ("uniform", "distance"):
        raise PlanError(f"Neighbors: {operator.metric!r}, {operator.weights!r}; expected l1 or l2, uniform or distance")
    distance = program("dist", x, vectors, f=operator.metric)
    if operator.metric == "l2" and operator.weights == "distance":
        distance = program("map", distance, f="sqrt")
    return program("nearest", distance, operator.values, k=operator.k, f=operator.weights)
