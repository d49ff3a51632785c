"""A model of fat in meat that knows its calibration, and spectra that it has something to say about."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass

import numpy as np
import pytest
from n4akit import Bundle, load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.domain import Calibration, Validation
from n4akit.bundle.export import export
from n4akit.bundle.transformers import StandardNormalVariate
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from ...conftest import Tecator

Matrix = NDArray[np.float64]

if importlib.util.find_spec("matplotlib") is None and os.environ.get("CI") != "true":
    collect_ignore_glob = ["test_*.py"]  # pip install n4akit[plot] brings what draws


@dataclass(frozen=True, eq=False)
class Seen:
    """Spectra with names; the last four stand out, each in a way of its own."""

    X: Matrix
    names: list[str]


@pytest.fixture(scope="session")
def lean(tecator: Tecator) -> NDArray[np.bool_]:
    """The samples for calibration: every other one, without the fattest."""
    every_other: NDArray[np.bool_] = np.arange(len(tecator.fat)) % 2 == 0
    return every_other & (tecator.fat < 40.0)


@pytest.fixture(scope="session")
def fat(tecator: Tecator, lean: NDArray[np.bool_], tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    X, y = tecator.X[lean], tecator.fat[lean]
    pipelines = [make_pipeline(StandardNormalVariate(), PLSRegression(8)).fit(X[k::3], y[k::3]) for k in range(3)]
    left_out = cross_val_predict(make_pipeline(StandardNormalVariate(), PLSRegression(8)), X, y, cv=5).ravel()
    chain = from_sklearn(pipelines, wavelengths=tecator.wavelengths, unit="nm")
    path = tmp_path_factory.mktemp("plots") / "fat"
    return load(export(chain, path, calibration=Calibration(X, y), validation=Validation(y, left_out)))


@pytest.fixture(scope="session")
def seen(tecator: Tecator, lean: NDArray[np.bool_]) -> Seen:
    usual = tecator.X[~lean & (tecator.fat < 40.0)][:30]
    dead = usual[1].copy()
    dead[40] = 0.0
    odd = [usual[0] * 1.8, 10.0 ** -usual[3], dead, tecator.X[tecator.fat.argmax()]]
    names = [f"M{number:02d}" for number in range(30)]
    return Seen(np.vstack([usual, *odd]), [*names, "gain", "reflectance", "dead pixel", "fattest"])
