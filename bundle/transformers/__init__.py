"""Spectral operators as scikit-learn transformers, running the instructions that will predict.

They have no dependency on who trains: use them in a `Pipeline`, clone them, search over their parameters.

>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.cross_decomposition import PLSRegression
>>> model = make_pipeline(StandardNormalVariate(), SavitzkyGolay(15, 2, deriv=1), PLSRegression(10))
"""

from .axis import ContinuousWaveletTransform, Resampling, WaveletTransform
from .derivatives import GradientDerivative, NorrisWilliams, SavitzkyGolay
from .intensities import Absorbance, AreaNormalization, KubelkaMunk, RangeNormalization, Reflectance
from .scatter import (
    ExtendedMultiplicativeScatterCorrection,
    MultiplicativeScatterCorrection,
    RobustNormalVariate,
    StandardNormalVariate,
)
from .smoothing import Detrending, GaussianFilter, MovingAverage

__all__ = [
    "Absorbance",
    "AreaNormalization",
    "ContinuousWaveletTransform",
    "Detrending",
    "ExtendedMultiplicativeScatterCorrection",
    "GaussianFilter",
    "GradientDerivative",
    "KubelkaMunk",
    "MovingAverage",
    "MultiplicativeScatterCorrection",
    "NorrisWilliams",
    "RangeNormalization",
    "Reflectance",
    "Resampling",
    "RobustNormalVariate",
    "SavitzkyGolay",
    "StandardNormalVariate",
    "WaveletTransform",
]
