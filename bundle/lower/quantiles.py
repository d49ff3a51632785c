"""From a value to its rank among fitted quantiles and back, by straight lines; the normal value of a rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import PlanError
from ..preprocessing import Quantiles
from .lines import through
from .operate import operate
from .points import fitted
from .program import Program

__all__: list[str] = []

Row = NDArray[np.float64]

NEAR = 1e-7
"""As near to the least or the largest quantile as this a value counts as it, where ranks become normal values."""


@operate.register
def quantiles(operator: Quantiles, program: Program, x: str) -> str:
    values, ranks = fitted("Quantiles", operator.quantiles, program, x), np.ravel(operator.references)
    if len(ranks) != len(values) or len(ranks) < 1 or (np.diff(ranks) < 0).any() or (np.diff(values, axis=0) < 0).any():
        raise PlanError(f"Quantiles: {len(values)} quantiles of {len(ranks)} ranks, expected one each, both ascending")
    least, largest = values[:1], values[-1:]
    if operator.undone:
        if operator.normal:
            raise PlanError("Quantiles: what undoes normal values is not known")
        return _between(program, x, np.repeat(ranks[:, None], values.shape[1], axis=1), values)
    # Among quantiles that are equal, the first and the last rank count alike.
    last = _between(program, x, values, np.repeat(ranks[:, None], values.shape[1], axis=1))
    negative = program("mul", x, -1.0)
    first = _between(program, negative, -values[::-1], np.repeat(-ranks[::-1, None], values.shape[1], axis=1))
    rank = program("mul", program("sub", last, first), 0.5)
    near = NEAR if operator.normal else 0.0
    f = "lt" if operator.normal else "eq"
    rank = program("select", largest, program("add", x, near), 1.0, rank, f=f)
    rank = program("select", program("sub", x, near), least, 0.0, rank, f=f)
    return _normal(program, rank) if operator.normal else rank


def _between(program: Program, x: str, places: NDArray[np.float64], values: NDArray[np.float64]) -> str:
    """Straight lines from point to point (place, value), one row of points each, column by column; level beyond."""
    return through(program, x, [*places.T], [*values.T])


# Wichura 1988, algorithm AS 241 (PPND16), lowest power first: the middle, then the tail.
_MIDDLE = (
    (
        *(3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4),
        *(4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    ),
    (
        *(1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3),
        *(2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
    ),
)
_TAIL = (
    (
        *(1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0),
        *(1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    ),
    (
        *(1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1),
        *(1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
    ),
)


def _normal(program: Program, rank: str) -> str:
    """The standard normal value of a rank, held between ±5.2: beyond that ranks differ by less than `NEAR`."""
    least = NEAR - 2.0**-52
    rank = program("min", program("max", rank, least), 1.0 - least)
    middle = program("sub", rank, 0.5)
    inside = program("sub", 0.180625, program("mul", middle, middle))
    inner = program("mul", middle, _quotient(program, inside, _MIDDLE))
    rest = program("min", rank, program("sub", 1.0, rank))
    root = program("map", program("mul", program("map", rest, f="log"), -1.0), f="sqrt")
    outer = _quotient(program, program("sub", root, 1.6), _TAIL)
    outer = program("select", middle, 0.0, program("mul", outer, -1.0), outer, f="lt")
    return program("select", program("map", middle, f="abs"), 0.425, inner, outer, f="le")


def _quotient(program: Program, r: str, polynomials: tuple[tuple[float, ...], tuple[float, ...]]) -> str:
    return program("div", *(_polynomial(program, r, p) for p in polynomials))


def _polynomial(program: Program, r: str, coefficients: tuple[float, ...]) -> str:
    *rest, highest = coefficients
    result = program("add", program("mul", r, highest), rest.pop())
    while rest:
        result = program("add", program("mul", result, r), rest.pop())
    return result
