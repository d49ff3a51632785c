"""What is slow or fast along the spectrum, taken away: trends, and noise."""

from __future__ import annotations

from collections.abc import Sequence

from ..operators import Detrend, Operator
from ..preprocessing import Filter, Gaussian
from .base import PointToPoint

__all__ = ["Detrending", "GaussianFilter", "MovingAverage"]


class Detrending(PointToPoint):
    """Each spectrum minus its least-squares polynomial of `degree`; between `breakpoints`, each part by itself."""

    def __init__(self, degree: int = 1, breakpoints: Sequence[int] = ()) -> None:
        self.degree = degree
        self.breakpoints = breakpoints

    def _operator(self) -> Operator:
        return Detrend(self.degree, tuple(self.breakpoints))


class MovingAverage(PointToPoint):
    """Each point the mean of the `window_length` points around it, an odd number.

    `mode` says what stands beyond the ends: nearest, mirror, wrap, reflect, linear or constant (0).
    """

    def __init__(self, window_length: int = 5, mode: str = "nearest") -> None:
        self.window_length = window_length
        self.mode = mode

    def _operator(self) -> Operator:
        if self.window_length < 1 or self.window_length % 2 == 0:
            raise ValueError(f"window_length={self.window_length}, expected an odd number of points")
        return Filter.mean(self.window_length, self.mode)


class GaussianFilter(PointToPoint):
    """Smoothing by a Gaussian of `sigma` points, or its derivative of `order`; the parameters are those of
    `scipy.ndimage.gaussian_filter1d`."""

    def __init__(self, sigma: float = 2.0, order: int = 0, mode: str = "nearest", truncate: float = 4.0) -> None:
        self.sigma = sigma
        self.order = order
        self.mode = mode
        self.truncate = truncate

    def _operator(self) -> Operator:
        return Gaussian(self.sigma, self.order, self.mode, self.truncate)
