"""One function of each value: logarithms, powers, and how intensities are told (absorbance, reflectance, …)."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import PlanError
from ..preprocessing import Pointwise
from .operate import operate
from .program import Program

__all__ = ["FUNCTIONS", "expm1", "log1p"]

LN_10 = 2.302585092994046
LN_2 = 0.6931471805599453


def log1p(program: Program, x: str) -> str:
    """ln(1 + x), exact to the last digits where x is small: what 1 + x rounds away is divided out again (Kahan)."""
    raised = program("add", x, 1.0)
    rounded = program("sub", raised, 1.0)
    whole = program("mul", program("map", raised, f="log"), program("div", x, rounded))
    return program("select", rounded, 0.0, x, whole, f="eq")


def expm1(program: Program, x: str) -> str:
    """e^x − 1, exact to the last digits where x is small: (u − 1)·x / ln u, as u = e^x was rounded (Kahan)."""
    u = program("map", x, f="exp")
    lowered = program("sub", u, 1.0)
    whole = program("mul", lowered, program("div", x, program("map", u, f="log")))
    # Where e^x has no digits left, or 1 none, there is nothing to divide out.
    whole = program("select", 40.0, program("map", x, f="abs"), lowered, whole, f="lt")
    return program("select", lowered, 0.0, x, whole, f="eq")


def _log(program: Program, x: str) -> str:
    return program("map", x, f="log")


def _absorbance(program: Program, x: str) -> str:
    return program("div", _log(program, x), -LN_10)


def _power_of_ten(program: Program, x: str, sign: float) -> str:
    return program("map", program("mul", x, sign * LN_10), f="exp")


def _kubelka_munk(program: Program, x: str) -> str:
    lost = program("sub", 1.0, x)
    return program("div", program("mul", lost, lost), program("mul", x, 2.0))


def _kubelka_munk_undone(program: Program, x: str) -> str:
    # 1 + x − √((1 + x)² − 1), without subtracting numbers that are alike: its reciprocal is 1 + x + √(x·(x + 2)).
    root = program("map", program("mul", x, program("add", x, 2.0)), f="sqrt")
    return program("div", 1.0, program("add", program("add", x, 1.0), root))


FUNCTIONS: dict[str, Callable[[Program, str], str]] = {
    "abs": lambda program, x: program("map", x, f="abs"),
    "absorbance": _absorbance,
    "exp": lambda program, x: program("map", x, f="exp"),
    "expm1": expm1,
    "floor": lambda program, x: program("map", x, f="floor"),
    "kubelka_munk": _kubelka_munk,
    "log": _log,
    "log10": lambda program, x: program("div", _log(program, x), LN_10),
    "log1p": log1p,
    "log2": lambda program, x: program("div", _log(program, x), LN_2),
    "negative": lambda program, x: program("mul", x, -1.0),
    "power_of_ten": lambda program, x: _power_of_ten(program, x, 1.0),
    "reciprocal": lambda program, x: program("div", 1.0, x),
    "reflectance": lambda program, x: _power_of_ten(program, x, -1.0),
    "reflectance_of_kubelka_munk": _kubelka_munk_undone,
    "sqrt": lambda program, x: program("map", x, f="sqrt"),
    "square": lambda program, x: program("mul", x, x),
}
"""`absorbance` is −log₁₀ x and `reflectance` 10⁻ˣ; `kubelka_munk` is (1 − x)²/(2x)."""


@operate.register
def pointwise(operator: Pointwise, program: Program, x: str) -> str:
    if operator.function not in FUNCTIONS:
        raise PlanError(f"Pointwise: {operator.function!r}, expected {', '.join(FUNCTIONS)}")
    return FUNCTIONS[operator.function](program, x)
