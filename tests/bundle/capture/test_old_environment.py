"""Models of another scikit-learn: captured here they predict what they did there, and captured there the same bits."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Replay
from numpy.typing import NDArray
from sklearn.exceptions import InconsistentVersionWarning

from ...conftest import Tecator
from .origin import MODELS

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
ASKED_FOR = "set N4AKIT_OLD_PYTHON to a Python ≥ 3.11 that has numpy 1.26 and scikit-learn 1.3"
WITHOUT_CLOUDPICKLE = """
import runpy, sys
import sklearn  # may bring its own
sys.modules["cloudpickle"] = None
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""
"""An environment of that age has numpy and scikit-learn, and may have nothing else that we use."""

SCALED = ["pls", "pls of three targets", "scaler and pls", "spectral chain"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Origin:
    """The other environment, and what it left."""

    versions: dict[str, str]
    models: dict[str, Any]
    """Unpickled here."""
    predicted: dict[str, Matrix]
    captured: dict[str, Matrix]
    verified: dict[str, list[str]]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    python = os.environ.get("N4AKIT_OLD_PYTHON")
    if python is None:
        if os.environ.get("CI") == "true":
            pytest.fail(ASKED_FOR)
        pytest.skip(ASKED_FOR)
    folder = tmp_path_factory.mktemp("origin")
    done = subprocess.run(
        [python, "-W", "error", "-c", WITHOUT_CLOUDPICKLE, HERE / "origin.py", folder],
        env=os.environ | {"PYTHONPATH": str(ROOT / ".path"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    with warnings.catch_warnings():
        # That the versions differ is what is tested.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        models = pickle.loads((folder / "models.pickle").read_bytes())
    predicted, captured = (dict(np.load(folder / f"{name}.npz")) for name in ("predicted", "captured"))
    return Origin({key: said[key] for key in ("numpy", "sklearn")}, models, predicted, captured, said["verified"])


def replayed(model: Any, X: Matrix) -> Matrix:
    return Replay(compile_plan(lower(from_sklearn(model)))).predict(X)


def test_the_versions_are_those_whose_pls_means_something_else(origin: Origin) -> None:
    assert origin.versions["numpy"].startswith("1.26.") and np.__version__.startswith("2.")
    assert origin.versions["sklearn"].startswith("1.3.")
    assert tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 5)


@pytest.mark.parametrize("name", MODELS)
def test_what_was_trained_there_predicts_the_same_here(name: str, origin: Origin, tecator: Tecator) -> None:
    found, expected = replayed(origin.models[name], tecator.X), origin.predicted[name]
    assert np.abs(found - expected).max() <= 1e-10 * np.ptp(expected)


@pytest.mark.parametrize("name", MODELS)
def test_captured_there_or_here_it_gives_the_same_bits(name: str, origin: Origin, tecator: Tecator) -> None:
    np.testing.assert_array_equal(replayed(origin.models[name], tecator.X), origin.captured[name])


@pytest.mark.parametrize("name", MODELS)
def test_where_it_was_trained_the_live_object_is_the_proof(name: str, origin: Origin) -> None:
    assert {*origin.verified[name]} == {"live"}


@pytest.mark.parametrize("name", SCALED)
def test_here_the_live_object_would_be_wrong_without_a_word(name: str, origin: Origin, tecator: Tecator) -> None:
    """This is why its invariants are believed and not its predict."""
    model, expected = origin.models[name], origin.predicted[name]
    wrong = np.abs(model.predict(tecator.X).reshape(expected.shape) - expected).max()
    assert wrong > 1e-3 * np.ptp(expected)
    assert from_sklearn(model).branches["0"][-1].verified == "invariants"


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {*SCALED}))
def test_where_the_versions_agree_the_live_object_is_the_proof_here_too(name: str, origin: Origin) -> None:
    assert {step.verified for step in from_sklearn(origin.models[name]).branches["0"]} == {"live"}
