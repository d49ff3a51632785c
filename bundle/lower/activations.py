"""Functions of each value, and what turns scores of classes into probabilities."""

from __future__ import annotations

from ..errors import PlanError
from ..models import Activation, Power, Proportions, Softmax
from .operate import operate
from .program import Program

__all__ = ["exponential", "power"]


def exponential(program: Program, x: str, factor: float = 1.0) -> str:
    """e^(factor · x)."""
    return program("map", x if factor == 1.0 else program("mul", x, factor), f="exp")


def _logistic(program: Program, x: str) -> str:
    # Never e to a large power: e^-|x| is at most 1, whatever x.
    e = exponential(program, program("map", x, f="abs"), -1.0)
    return program("div", program("select", x, 0.0, e, 1.0, f="lt"), program("add", e, 1.0))


def _tanh(program: Program, x: str) -> str:
    e = exponential(program, program("map", x, f="abs"), -2.0)
    size = program("div", program("sub", 1.0, e), program("add", e, 1.0))
    return program("select", x, 0.0, program("mul", size, -1.0), size, f="lt")


@operate.register
def activation(operator: Activation, program: Program, x: str) -> str:
    if operator.function == "identity":
        return x
    if operator.function == "relu":
        return program("max", x, 0.0)
    functions = {"exp": exponential, "logistic": _logistic, "tanh": _tanh}
    if operator.function not in functions:
        raise PlanError(f"Activation: {operator.function!r}, expected identity, relu, {', '.join(functions)}")
    return functions[operator.function](program, x)


MOST = 64
"""The largest whole exponent that is reached by multiplying."""


@operate.register
def power(operator: Power, program: Program, x: str) -> str:
    exponent = operator.exponent
    if exponent == int(exponent) and 1 <= exponent <= MOST:
        return _whole_power(program, x, int(exponent))
    return exponential(program, program("map", x, f="log"), exponent)


def _whole_power(program: Program, x: str, exponent: int) -> str:
    """By squaring, from the highest bit of the exponent down."""
    result = x
    for bit in bin(exponent)[3:]:
        result = program("mul", result, result)
        if bit == "1":
            result = program("mul", result, x)
    return result


@operate.register
def softmax(operator: Softmax, program: Program, x: str) -> str:
    e = exponential(program, program("sub", x, program("row", x, f="max", d=1)))
    return program("div", e, program("row", e, f="sum", d=1))


@operate.register
def proportions(operator: Proportions, program: Program, x: str) -> str:
    total = program("row", x, f="sum", d=1)
    return program("select", total, 0.0, 1.0 / program.width(x), program("div", x, total), f="eq")
