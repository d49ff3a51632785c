"""What scattering does to whole spectra, corrected: SNV, its robust form, MSC and its extended form."""

from __future__ import annotations

from numpy.typing import ArrayLike

from ..operators import MSC, SNV, Operator, RobustSNV
from ..preprocessing import EMSC
from .base import Matrix, PointToPoint, mean_spectrum

__all__ = [
    "ExtendedMultiplicativeScatterCorrection",
    "MultiplicativeScatterCorrection",
    "RobustNormalVariate",
    "StandardNormalVariate",
]


class StandardNormalVariate(PointToPoint):
    """SNV: each spectrum minus its mean, divided by its standard deviation (with p − `ddof` in the denominator).

    Barnes, Dhanoa and Lister 1989.
    """

    def __init__(self, with_mean: bool = True, with_std: bool = True, ddof: int = 0) -> None:
        self.with_mean = with_mean
        self.with_std = with_std
        self.ddof = ddof

    def _operator(self) -> Operator:
        return SNV(self.with_mean, self.with_std, self.ddof)


class RobustNormalVariate(PointToPoint):
    """Each spectrum minus its median, divided by `k` times the median of the absolute deviations from it."""

    def __init__(self, with_center: bool = True, with_scale: bool = True, k: float = 1.4826) -> None:
        self.with_center = with_center
        self.with_scale = with_scale
        self.k = k

    def _operator(self) -> Operator:
        return RobustSNV(self.with_center, self.with_scale, self.k)


class MultiplicativeScatterCorrection(PointToPoint):
    """MSC: each spectrum is fitted as a + b · reference and answered as (x − a) / b.

    Geladi, MacDougall and Martens 1985. `reference_` (p,) is the mean of the spectra that `fit` saw.
    """

    def _learn(self, x: Matrix) -> None:
        self.reference_ = mean_spectrum(x)

    def _operator(self) -> Operator:
        return MSC(self.reference_)


class ExtendedMultiplicativeScatterCorrection(PointToPoint):
    """EMSC: each spectrum is fitted as a polynomial of `degree`, the `interferents`, and b · reference; what is not the
    reference's is subtracted, and the rest divided by b.

    Martens and Stark 1991. `interferents` (k, p) are spectra of what disturbs. `reference_` (p,) is the mean of the
    spectra that `fit` saw.
    """

    def __init__(self, degree: int = 2, interferents: ArrayLike | None = None) -> None:
        self.degree = degree
        self.interferents = interferents

    def _learn(self, x: Matrix) -> None:
        self.reference_ = mean_spectrum(x)

    def _operator(self) -> Operator:
        return EMSC.polynomial(self.reference_, self.degree, self.interferents)
