"""What intensities mean, and how large they are: absorbance, reflectance, Kubelka–Munk, areas, ranges."""

from __future__ import annotations

from ..operators import Operator
from ..preprocessing import Pointwise, Range, Ratio
from .base import PointToPoint

__all__ = ["Absorbance", "AreaNormalization", "KubelkaMunk", "RangeNormalization", "Reflectance"]


class Absorbance(PointToPoint):
    """From reflectance or transmittance to absorbance: log₁₀(1/x). Values of 0 and below have no answer."""

    def _operator(self) -> Operator:
        return Pointwise("absorbance")


class Reflectance(PointToPoint):
    """From absorbance to reflectance or transmittance: 10⁻ˣ."""

    def _operator(self) -> Operator:
        return Pointwise("reflectance")


class KubelkaMunk(PointToPoint):
    """From reflectance R of a thick layer to (1 − R)²/(2R), absorption over scattering. Kubelka and Munk 1931."""

    def _operator(self) -> Operator:
        return Pointwise("kubelka_munk")


class AreaNormalization(PointToPoint):
    """Each spectrum divided by its area by the trapezoidal rule, its points at equal distances of 1."""

    def _operator(self) -> Operator:
        return Ratio("area")


class RangeNormalization(PointToPoint):
    """Each spectrum from 0 at its least value to 1 at its largest."""

    def _operator(self) -> Operator:
        return Range()
