"""Classes under the names of chemotools' and nirs4all's, which capture knows without importing them.

Each computes what the real one does, with numpy and scipy; attributes and defaults are those that its objects have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from scipy.signal import resample, savgol_filter

Matrix = NDArray[np.float64]


def stand_in(name: str, transform: Callable[[Any, Matrix], Matrix], **attributes: Any) -> Any:
    """A fitted object of a class of this qualified name."""
    module, _, title = name.rpartition(".")
    kind = type(title, (), {"__module__": module, "__qualname__": title, "transform": transform})
    fitted = kind()
    vars(fitted).update(attributes)
    return fitted


def snv(name: str, **options: Any) -> Any:
    def transform(self: Any, X: Matrix) -> Matrix:
        axis = options.get("axis", 1)
        centred = X - X.mean(axis=axis, keepdims=True) if options.get("with_mean", True) else X
        std = X.std(axis=axis, ddof=options.get("ddof", 0), keepdims=True)
        return centred / std if options.get("with_std", True) else centred

    return stand_in(name, transform, **options)


def savitzky_golay(
    name: str, window: int, order: int, deriv: int, delta: float, mode: Any, /, **attributes: Any
) -> Any:
    def transform(self: Any, X: Matrix) -> Matrix:
        return savgol_filter(X, window, order, deriv=deriv, delta=delta, mode=mode)

    return stand_in(name, transform, **attributes)


def norris_williams(name: str, window: int, gap: int, deriv: int, mode: Any, /, **attributes: Any) -> Any:
    kernel = np.zeros(gap)
    kernel[[0, -1]] = [1.0, -1.0] if deriv == 1 else [1.0, 1.0]
    if deriv == 2:
        kernel[(gap - 1) // 2] = -2.0
    taps = np.convolve(np.ones(window) / window, kernel / gap)

    def transform(self: Any, X: Matrix) -> Matrix:
        filtered: Matrix = convolve1d(X, taps, axis=1, mode=mode)
        return filtered

    return stand_in(name, transform, **attributes)


def resampled_details(name: str) -> Any:
    """The details of one level of Haar's wavelet, brought back to as many points by a Fourier series."""

    def transform(self: Any, X: Matrix) -> Matrix:
        details = (X[:, 1::2] - X[:, ::2]) / np.sqrt(2.0)
        back: Matrix = resample(details, X.shape[1], axis=1)
        return back

    return stand_in(name, transform, wavelet="haar", mode="periodization", copy=True)


def gradient(name: str, deriv: int, delta: float, edge_order: Any, /, **attributes: Any) -> Any:
    def transform(self: Any, X: Matrix) -> Matrix:
        for _ in range(deriv):
            X = np.gradient(X, delta, axis=1, edge_order=edge_order)
        return X

    return stand_in(name, transform, delta=delta, edge_order=edge_order, **attributes)


def msc(name: str, reference: Matrix, weights: Matrix) -> Any:
    design = np.stack([reference, np.ones_like(reference)], axis=1)

    def transform(self: Any, X: Matrix) -> Matrix:
        slope, offset = np.linalg.lstsq(design * weights[:, None], (X * weights).T, rcond=None)[0]
        corrected: Matrix = (X - offset[:, None]) / slope[:, None]
        return corrected

    return stand_in(name, transform, reference_=reference, weights_=weights)


def polynomial(name: str, order: int, indices: list[int], width: int) -> Any:
    def transform(self: Any, X: Matrix) -> Matrix:
        fits = np.polyfit(indices, X[:, indices].T, order)
        return X - np.polyval(fits, np.arange(X.shape[1])[:, None]).T

    return stand_in(name, transform, order=order, indices_=indices, n_features_in_=width)


def norm(name: str, l_norm: int) -> Any:
    def transform(self: Any, X: Matrix) -> Matrix:
        scaled: Matrix = X / np.linalg.norm(X, ord=l_norm, axis=1, keepdims=True)
        return scaled

    return stand_in(name, transform, l_norm=l_norm)


def pareto(name: str, X: Matrix, p: float, with_mean: bool) -> Any:
    mean, scale = X.mean(axis=0) if with_mean else np.zeros(X.shape[1]), X.std(axis=0) ** p
    return stand_in(
        name, lambda self, X: (X - mean) / scale, mean_=mean, scale_=scale, p=p, with_mean=with_mean, copy=True
    )


def selector(name: str, kept: Any, width: int, **attributes: Any) -> Any:
    """With a mask, as a scikit-learn selector has it."""
    fitted = stand_in(name, lambda self, X: X[:, kept], n_features_in_=width, **attributes)
    type(fitted).get_support = lambda self, indices=False: np.arange(width)[kept]
    return fitted
