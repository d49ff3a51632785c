"""Other points than those of the spectra that go in: another axis, or wavelet coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..operators import Operator
from ..preprocessing import ContinuousWavelet, Resample, Wavelet
from ..wavelets import WAVELETS, details
from .base import SpectralTransformer

__all__ = ["ContinuousWaveletTransform", "Resampling", "WaveletTransform"]


class _Other(SpectralTransformer):
    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the points that come out: the name of the class and a number."""
        name = type(self).__name__.lower()
        return np.array([f"{name}{i}" for i in range(self._width_out())], dtype=object)

    def _width_out(self) -> int:
        return self._replay.plan.shape(self._replay.plan.outputs["value"].register)[1]


class Resampling(_Other):
    """Spectra measured at `source` (p,) as they would be at `target` (q,), both in one unit.

    `method` is linear, nearest, or cubic (a spline, as `scipy.interpolate.CubicSpline`). A target outside of the
    source is refused: nothing was measured there.
    """

    def __init__(self, source: ArrayLike, target: ArrayLike, method: str = "linear") -> None:
        self.source = source
        self.target = target
        self.method = method

    def _operator(self) -> Operator:
        source, target = np.ravel(self.source).astype(np.float64), np.ravel(self.target).astype(np.float64)
        if len(source) and len(target) and not source.min() <= target.min() <= target.max() <= source.max():
            raise ValueError(
                f"target reaches from {target.min():g} to {target.max():g}, expected it within the source, "
                f"{source.min():g} to {source.max():g}"
            )
        return Resample(source, target, self.method)


class WaveletTransform(_Other):
    """Discrete wavelet coefficients, coarse ones first, then details from the coarsest level to the finest.

    Daubechies 1988. `wavelet` is haar or db2 to db8; `mode` says what stands beyond the ends, as in PyWavelets:
    symmetric, reflect, constant, zero, periodic, smooth or periodization.
    """

    def __init__(self, wavelet: str = "haar", level: int = 1, mode: str = "symmetric") -> None:
        self.wavelet = wavelet
        self.level = level
        self.mode = mode

    def _operator(self) -> Operator:
        if self.wavelet not in WAVELETS:
            raise ValueError(f"wavelet={self.wavelet!r}, expected {', '.join(WAVELETS)}")
        low = WAVELETS[self.wavelet]
        return Wavelet(low, details(low), self.mode, self.level)


class ContinuousWaveletTransform(_Other):
    """How much the spectrum around each point is like a wavelet, for one scale after the other: (n, k·p) for k scales.

    The wavelet is the derivative of a Gaussian of some `order`: 2 is Ricker's, the Mexican hat, which takes away any
    straight baseline; `scales` are in points, small ones for narrow bands. Beyond the ends stand zeros.
    """

    def __init__(self, scales: ArrayLike = (2.0, 4.0, 8.0), order: int = 2) -> None:
        self.scales = scales
        self.order = order

    def _operator(self) -> Operator:
        return ContinuousWavelet(np.ravel(self.scales).astype(np.float64), self.order)
