"""Powers that make a distribution even, each point with its own exponent: Box and Cox 1964, Yeo and Johnson 2000.

Both are (e^(λ·L) − 1)/λ of a logarithm L, and L itself where λ is 0: ln x, or ±ln(1 + |x|) with λ or 2 − λ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..preprocessing import BoxCox, YeoJohnson
from .operate import operate
from .points import fitted
from .pointwise import expm1, log1p
from .program import Program

__all__: list[str] = []

Row = NDArray[np.float64]


def _bent(program: Program, logarithm: str, exponent: str | Row) -> str:
    return _unless_zero(program, exponent, expm1(program, program("mul", logarithm, exponent)), logarithm)


def _straightened(program: Program, y: str, exponent: str | Row) -> str:
    return _unless_zero(program, exponent, log1p(program, program("mul", y, exponent)), y)


def _unless_zero(program: Program, exponent: str | Row, value: str, otherwise: str) -> str:
    return program("select", exponent, 0.0, otherwise, program("div", value, exponent), f="eq")


@operate.register
def box_cox(operator: BoxCox, program: Program, x: str) -> str:
    exponents = fitted("BoxCox", operator.exponents, program, x)
    if operator.undone:
        return program("map", _straightened(program, x, exponents), f="exp")
    return _bent(program, program("map", x, f="log"), exponents)


@operate.register
def yeo_johnson(operator: YeoJohnson, program: Program, x: str) -> str:
    exponents = fitted("YeoJohnson", operator.exponents, program, x)
    size = program("map", x, f="abs")
    exponent = program("select", x, 0.0, 2.0 - exponents, exponents, f="lt")
    if operator.undone:
        result = expm1(program, _straightened(program, size, exponent))
    else:
        result = _bent(program, log1p(program, size), exponent)
    return program("select", x, 0.0, program("mul", result, -1.0), result, f="lt")
