"""What mixes all points: projections on components, and linear models of one or several targets."""

from __future__ import annotations

from ..operators import PLS, Linear, Opaque, Project
from .operate import operate
from .points import fitted
from .program import Program

__all__: list[str] = []


@operate.register
def project(operator: Project, program: Program, x: str) -> str:
    if operator.center is not None:
        x = program("sub", x, fitted("Project", operator.center, program, x))
    if operator.scale is not None:
        x = program("div", x, fitted("Project", operator.scale, program, x))
    scores = program("matmul", x, fitted("Project", operator.components, program, x))
    return (
        scores
        if operator.spread is None
        else program("div", scores, fitted("Project", operator.spread, program, scores))
    )


@operate.register
def linear(operator: Linear, program: Program, x: str) -> str:
    product = program("matmul", x, fitted("Linear", operator.coef, program, x))
    return program("add", product, fitted("Linear", operator.intercept, program, product))


@operate.register
def pls(operator: PLS, program: Program, x: str) -> str:
    centred = program("sub", x, fitted("PLS", operator.x_mean, program, x))
    product = program("matmul", centred, fitted("PLS", operator.coef, program, centred))
    return program("add", product, fitted("PLS", operator.intercept, program, product))


@operate.register
def opaque(operator: Opaque, program: Program, x: str) -> str:
    return program("opaque", x, artifact=operator.artifact, width=operator.width)
