"""Bundles to serve: small, made by hand, one of each kind a folder may hold."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.operators import PLS, Opaque
from n4akit.bundle.writer import write_bundle
from numpy.typing import NDArray

from ..bundle.conftest import make_model
from ..mutants import bundle_constants, change_bundle, flip_bit

Matrix = NDArray[np.float64]

WIDTH = 12


def plain_model() -> Chain:
    """A model without an axis that does not scale rows: a constant spectrum has an answer, and a flag."""
    step = Step(1, "PLS", "PLS", {}, (PLS(np.linspace(-1.0, 2.0, WIDTH)[None], np.zeros(WIDTH), np.ones(1)),))
    return Chain(WIDTH, {"0": (step,)}, (Target("dry matter", "g/kg"),))


def pickled_model() -> Chain:
    """A model with a step that is a pickle: of `abs`, which harms nobody."""
    data = pickle.dumps(abs)
    digest = hashlib.sha256(data).hexdigest()
    first = Step(1, "abs", "builtins.abs", {}, (Opaque(digest, WIDTH),))
    (last,) = plain_model().branches["0"]
    return Chain(WIDTH, {"0": (first, last)}, (Target("y"),), opaque={digest: data})


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sound bundles: `fat` (one target, with an axis), `trio` (three targets), `plain` (no axis, no
    scaling).
    """
    folder = tmp_path_factory.mktemp("models")
    write_bundle(make_model(WIDTH).chain, folder / "fat.n4a")
    write_bundle(make_model(WIDTH, targets=3, seed=1).chain, folder / "trio.n4a")
    write_bundle(plain_model(), folder / "plain.n4a")
    return folder


@pytest.fixture(scope="session")
def fat(models: Path) -> Path:
    """Two folds, twelve points from 850 to 1050 nm, one target."""
    return models / "fat.n4a"


@pytest.fixture(scope="session")
def unsound(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundles that must not answer: `cut`, `damaged`, `mutant` (intact, other answers), `pickled`."""
    folder = tmp_path_factory.mktemp("unsound")
    data = (models / "fat.n4a").read_bytes()
    (folder / "cut.n4a").write_bytes(data[: len(data) // 2])
    (folder / "damaged.n4a").write_bytes(flip_bit(data, 8 * (len(data) // 2)))
    change_bundle(models / "fat.n4a", folder / "mutant.n4a", bundle_constants(models / "fat.n4a")[0])
    write_bundle(pickled_model(), folder / "pickled.n4a")
    return folder


@pytest.fixture(scope="session")
def spectra() -> Matrix:
    """Twenty spectra of twelve points; do not write to them."""
    rows = np.random.default_rng(7).normal(size=(20, WIDTH)) + np.linspace(0.0, 1.0, WIDTH)
    rows.setflags(write=False)
    return rows
