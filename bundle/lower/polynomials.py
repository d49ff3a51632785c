"""Polynomials that are orthogonal over equally spaced points, in whole numbers: no machine rounds them."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm, perm

__all__ = ["Polynomial", "derived", "orthogonal", "position", "value"]

Polynomial = list[int]
"""Whole coefficients, lowest power first, in v = `position(i, points)`."""


def position(i: Fraction | int, points: int) -> int:
    """Where point i of `points` lies: twice its distance from the centre, whole for every half of a point."""
    return int(2 * i) - (points - 1)


def orthogonal(points: int, degree: int) -> list[Polynomial]:
    """Polynomials of degree 0 … `degree`, orthogonal over the positions of `points` points.

    Discrete Chebyshev polynomials: P₀ = 1, P₁ = v, P_{j+1} = v·P_j − b_j·P_{j−1} with b_j = j²(N² − j²) / (4j² − 1).
    """
    polynomials = [[Fraction(1)]]
    for j in range(degree):
        raised = [Fraction(0), *polynomials[j]]
        if j:
            b = Fraction(j * j * (points * points - j * j), 4 * j * j - 1)
            for i, coefficient in enumerate(polynomials[j - 1]):
                raised[i] -= b * coefficient
        polynomials.append(raised)
    return [_whole(polynomial) for polynomial in polynomials]


def _whole(polynomial: list[Fraction]) -> Polynomial:
    denominator = lcm(*(c.denominator for c in polynomial))
    numerators = [int(c * denominator) for c in polynomial]
    divisor = gcd(*numerators)
    return [n // divisor for n in numerators]


def derived(polynomial: Polynomial, times: int) -> Polynomial:
    """The derivative by v, `times` times."""
    return [c * perm(i, times) for i, c in enumerate(polynomial)][times:]


def value(polynomial: Polynomial, v: int) -> int:
    """The polynomial at v."""
    result = 0
    for coefficient in reversed(polynomial):
        result = result * v + coefficient
    return result
