"""B-splines of each point: piecewise polynomials, expanded in rational arithmetic and rounded once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..errors import PlanError
from ..preprocessing import Splines
from .operate import operate
from .program import Program

__all__: list[str] = []

Polynomial = list[Fraction]
"""Lowest power first, in the distance from the lower end of its interval."""

BEYOND = ("constant", "continue", "linear", "periodic")


@operate.register
def splines(operator: Splines, program: Program, x: str) -> str:
    knots, table, degree = np.atleast_2d(operator.knots), np.atleast_2d(operator.table), operator.degree
    count = len(table)
    fits = len(knots) == program.width(x) and knots.shape[1] == count + degree + 1 and degree >= 0
    if not fits or operator.beyond not in BEYOND or (operator.beyond == "linear" and degree < 1):
        raise PlanError(
            f"Splines: {len(knots)} rows of {knots.shape[1]} knots for {program.width(x)} points, degree={degree}, "
            f"beyond={operator.beyond!r}; expected a row of {count + degree + 1} for each, and "
            f"{', '.join(BEYOND)} (linear from degree 1)"
        )
    least, largest = knots[:, degree], knots[:, count]
    if operator.beyond == "constant":
        x = program("min", program("max", x, least), largest)
    if operator.beyond == "periodic":
        period = largest - least
        moved = program("sub", x, least)
        turns = program("map", program("div", moved, period), f="floor")
        x = program("add", program("sub", moved, program("mul", turns, period)), least)
    breaks: list[float] = []
    coefficients: list[list[float]] = []
    cols = []
    for j, row in enumerate(knots):
        places, pieces = _pieces([Fraction(float(t)) for t in row], degree, count, operator.beyond)
        for weights in table.T:
            cols.append([j, len(breaks), len(places)])
            breaks += places
            coefficients += [_mixed(basis, weights, degree) for basis in pieces]
    return program("pieces", x, np.array(breaks), np.array(coefficients), cols=cols)


def _pieces(
    knots: list[Fraction], degree: int, count: int, beyond: str
) -> tuple[list[float], list[dict[int, Polynomial]]]:
    """Where each interval begins, and there the polynomials of the splines that are not 0, by their numbers."""
    places, pieces = [], []
    for i in range(degree, count):
        if knots[i] < knots[i + 1]:
            places.append(float(knots[i]))
            pieces.append(_basis(knots, degree, i))
    if beyond == "linear":
        end = knots[count] - Fraction(places[-1])
        places = [places[0], *places, float(knots[count])]
        before = {k: p[:2] for k, p in pieces[0].items()}
        after = {k: [_value(p, end), _value(_slope(p), end)] for k, p in pieces[-1].items()}
        # Below all places the first of them counts, and at the second, which is equal, the spline itself begins.
        pieces = [before, *pieces, after]
    return places, pieces


def _basis(knots: list[Fraction], degree: int, i: int) -> dict[int, Polynomial]:
    """The splines that are not 0 on interval i, by the recursion of Cox and de Boor."""
    basis: dict[int, Polynomial] = {i: [Fraction(1)]}
    for p in range(1, degree + 1):
        raised: dict[int, Polynomial] = {}
        for k in range(i - p, i + 1):
            total = [Fraction(0)] * (p + 1)
            if k in basis and knots[k + p] > knots[k]:
                _add(total, basis[k], knots[i] - knots[k], Fraction(1), knots[k + p] - knots[k])
            if k + 1 in basis and knots[k + p + 1] > knots[k + 1]:
                _add(total, basis[k + 1], knots[k + p + 1] - knots[i], Fraction(-1), knots[k + p + 1] - knots[k + 1])
            raised[k] = total
        basis = raised
    return basis


def _add(total: Polynomial, polynomial: Polynomial, constant: Fraction, slope: Fraction, divisor: Fraction) -> None:
    """Add polynomial · (constant + slope·t) / divisor."""
    for power, c in enumerate(polynomial):
        total[power] += c * constant / divisor
        total[power + 1] += c * slope / divisor


def _slope(polynomial: Polynomial) -> Polynomial:
    return [power * c for power, c in enumerate(polynomial)][1:] or [Fraction(0)]


def _value(polynomial: Polynomial, t: Fraction) -> Fraction:
    result = Fraction(0)
    for c in reversed(polynomial):
        result = result * t + c
    return result


def _mixed(basis: dict[int, Polynomial], weights: np.ndarray, degree: int) -> list[float]:
    """Σ weight·spline, highest power first."""
    total = [Fraction(0)] * (degree + 1)
    for k, polynomial in basis.items():
        if weights[k]:
            for power, c in enumerate(polynomial):
                total[power] += Fraction(float(weights[k])) * c
    return [float(c) for c in reversed(total)]
