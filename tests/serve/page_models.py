"""Two models of real spectra for the page: `fat` on wavelengths, and two targets on wavenumbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Target
from n4akit.bundle.domain import Calibration, Validation
from n4akit.bundle.export import export
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

__all__ = ["write_models"]


def write_models(folder: Path, tecator: Any) -> Path:
    """`fat.n4a` and `water-protein.n4a`, both with all that a calibration teaches of what is usual."""
    contents = np.column_stack([tecator.water, tecator.protein])
    _write(
        make_pipeline(StandardNormalVariate(), SavitzkyGolay(15, 2, 1), PLSRegression(8)),
        folder / "fat.n4a",
        tecator.X,
        tecator.fat,
        wavelengths=tecator.wavelengths,
        targets=[Target("fat", "%")],
    )
    _write(
        make_pipeline(StandardNormalVariate(), PLSRegression(8)),
        folder / "water-protein.n4a",
        tecator.X,
        contents,
        wavelengths=1e7 / tecator.wavelengths,
        unit="cm-1",
        targets=[Target("water", "%"), Target("protein", "%")],
        signal="absorbance",
    )
    return folder


def _write(pipeline: Any, path: Path, X: Any, y: Any, **ends: Any) -> None:
    usual = Validation(y, cross_val_predict(pipeline, X, y))
    export(from_sklearn(pipeline.fit(X, y), **ends), path, calibration=Calibration(X, y), validation=usual)
