"""The model that a server of others predicts with: fitted objects as joblib kept them, or a bundle that we load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chain", "load"]


class Chain:
    """As a careful person would write it without us: every fitted object in memory, one call a step."""

    def __init__(self, scaler: Any, models: list[Any]) -> None:
        self.scaler = scaler
        self.models = models

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predictions (n,) for spectra (n, p)."""
        from scipy.signal import savgol_filter

        x = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
        x = self.scaler.transform(savgol_filter(x, 15, 2, deriv=1))
        mean: NDArray[np.float64] = np.mean([model.predict(x).reshape(-1) for model in self.models], axis=0)
        return mean


def load(path: str) -> Any:
    """What predicts; each imports only what it needs."""
    if Path(path).suffix == ".n4a":
        import n4akit

        return n4akit.load(path)
    import joblib

    return Chain(*joblib.load(path))
