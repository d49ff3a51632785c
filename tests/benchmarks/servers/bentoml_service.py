"""BentoML, one worker, with and without its adaptive batching."""

from __future__ import annotations

import os

import bentoml
import numpy as np

from .chain import load

SETTINGS = {"workers": 1, "traffic": {"timeout": 60, "max_concurrency": 1000}}


@bentoml.service(**SETTINGS)
class Single:
    def __init__(self) -> None:
        self.model = load(os.environ["MODEL"])

    @bentoml.api
    def predict(self, spectra: np.ndarray) -> np.ndarray:
        values: np.ndarray = self.model.predict(spectra)
        return values


@bentoml.service(**SETTINGS)
class Batching:
    def __init__(self) -> None:
        self.model = load(os.environ["MODEL"])

    @bentoml.api(batchable=True, max_batch_size=512, max_latency_ms=500)
    def predict(self, spectra: np.ndarray) -> np.ndarray:
        values: np.ndarray = self.model.predict(spectra)
        return values
