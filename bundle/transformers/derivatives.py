"""Derivatives along the spectrum."""

from __future__ import annotations

from ..operators import GapDerivative, Gradient, Operator
from ..operators import SavitzkyGolay as SavitzkyGolayOperator
from .base import PointToPoint

__all__ = ["GradientDerivative", "NorrisWilliams", "SavitzkyGolay"]


class SavitzkyGolay(PointToPoint):
    """Savitzky–Golay smoothing or derivative; the parameters are those of `scipy.signal.savgol_filter`.

    Savitzky and Golay 1964. `delta` is the distance between two points: the derivative is per unit of it.
    """

    def __init__(
        self,
        window_length: int = 11,
        polyorder: int = 3,
        deriv: int = 0,
        delta: float = 1.0,
        mode: str = "interp",
        cval: float = 0.0,
    ) -> None:
        self.window_length = window_length
        self.polyorder = polyorder
        self.deriv = deriv
        self.delta = delta
        self.mode = mode
        self.cval = cval

    def _operator(self) -> Operator:
        return SavitzkyGolayOperator(self.window_length, self.polyorder, self.deriv, self.delta, self.mode, self.cval)


class NorrisWilliams(PointToPoint):
    """Norris–Williams derivative of order `deriv` (1 or 2): means of `segment` points, differenced over `gap` points.

    Norris and Williams 1984. `mode` says what stands beyond the ends: nearest, mirror or wrap.
    """

    def __init__(
        self, segment: int = 5, gap: int = 3, deriv: int = 1, delta: float = 1.0, mode: str = "nearest"
    ) -> None:
        self.segment = segment
        self.gap = gap
        self.deriv = deriv
        self.delta = delta
        self.mode = mode

    def _operator(self) -> Operator:
        return GapDerivative(self.segment, self.gap, self.deriv, self.delta, self.mode)


class GradientDerivative(PointToPoint):
    """Central differences, `deriv` times, as `numpy.gradient(x, delta, edge_order=edge_order)`."""

    def __init__(self, deriv: int = 1, delta: float = 1.0, edge_order: int = 1) -> None:
        self.deriv = deriv
        self.delta = delta
        self.edge_order = edge_order

    def _operator(self) -> Operator:
        return Gradient(self.deriv, self.delta, self.edge_order)
