"""Principal components: those of a singular value decomposition, by operations that are the same everywhere."""

from __future__ import annotations

import hashlib
import inspect
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from n4akit.bundle.domain.components import components, mean_of, scatter_of
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def smooth(n: int, p: int, seed: int = 0) -> Matrix:
    """Spectra of six bands of very different strength, and noise far below the weakest."""
    rng = np.random.default_rng(seed)
    grid, centres = np.linspace(0.0, 1.0, p), np.linspace(0.1, 0.9, 6)[:, None]
    amounts = rng.normal(size=(n, 6)) * 10.0 ** -np.arange(0.0, 3.0, 0.5)
    made: Matrix = amounts @ np.exp(-(((grid - centres) / 0.1) ** 2)) + 1e-6 * rng.normal(size=(n, p)) + 1.0
    return made


def decomposed(X: Matrix) -> tuple[Matrix, Matrix]:
    """Directions and variances by numpy."""
    _, singular, directions = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    return directions, singular**2 / (len(X) - 1)


@pytest.mark.parametrize(("n", "p"), [(60, 40), (40, 60), (200, 7), (7, 200)], ids=["tall", "wide", "narrow", "few"])
def test_they_are_those_of_a_decomposition(n: int, p: int) -> None:
    X = smooth(n, p)
    found, (directions, variances) = components(X, 5), decomposed(X)
    assert found.directions.shape == (5, p)
    assert np.allclose(found.mean, X.mean(axis=0), rtol=1e-14, atol=0)
    assert np.allclose(found.variances, variances[:5], rtol=1e-6)
    assert np.allclose(np.abs(np.sum(found.directions * directions[:5], axis=1)), 1.0, atol=1e-6)
    assert np.allclose(found.directions @ found.directions.T, np.identity(5), atol=1e-12)
    assert found.total == pytest.approx(variances.sum(), rel=1e-12)


def test_distances_are_those_by_their_definition() -> None:
    X, new = smooth(50, 30), smooth(20, 30, seed=1)
    directions, variances = decomposed(X)
    scores = (new - X.mean(axis=0)) @ directions[:4].T
    t2, q = components(X, 4).distances(new)
    assert np.allclose(t2, np.sum(scores**2 / variances[:4], axis=1), rtol=1e-5)
    assert np.allclose(q, np.sum((new - X.mean(axis=0) - scores @ directions[:4]) ** 2, axis=1), rtol=1e-5)


def test_enough_of_them_hold_a_share_of_the_variance() -> None:
    X = smooth(60, 40)
    found, (_, variances) = components(X, 6), decomposed(X)
    for share in (0.5, 0.9, 0.99, 0.9999):
        count = int(np.searchsorted(np.cumsum(variances), share * variances.sum())) + 1
        assert found.enough(share) == count and len(found.first(count).variances) == count
    assert found.enough(1.0) == 6


def test_where_fewer_directions_vary_there_are_fewer() -> None:
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 12))
    assert len(components(plane, 10).variances) == 2
    assert len(components(np.repeat(plane[:3], 4, axis=0), 10).variances) == 2, "three points span a plane"
    line = np.outer(np.arange(9.0), np.ones(5))
    assert components(line, 10).variances == pytest.approx([5.0 * np.var(np.arange(9.0), ddof=1)])


@pytest.mark.parametrize("n", [1, 2, 30])
def test_spectra_that_are_all_the_same_have_none(n: int) -> None:
    found = components(np.tile(np.linspace(0.1, 0.7, 8), (n, 1)), 5)
    assert found.directions.shape == (0, 8) and found.variances.shape == (0,) and abs(found.total) < 1e-30
    t2, q = found.distances(np.tile(np.linspace(0.1, 0.7, 8), (3, 1)) + 1.0)
    assert t2.tolist() == [0.0] * 3 and q == pytest.approx(8.0)


def test_points_that_never_change_say_nothing() -> None:
    X = smooth(40, 20)
    X[:, [3, 11]] = 0.25
    assert np.abs(components(X, 4).directions[:, [3, 11]]).max() < 1e-14


def test_a_known_scatter_gives_the_same_components() -> None:
    X = smooth(30, 50)
    own, given = components(X, 4), components(X, 4, scatter_of(X - 0.5))
    assert np.allclose(own.variances, given.variances, rtol=1e-9)
    part = np.arange(30) % 3 > 0
    base = np.ascontiguousarray(X - mean_of(X))
    some = components(X[part], 4, scatter_of(base)[np.ix_(part, part)])
    assert np.allclose(some.variances, decomposed(X[part])[1][:4], rtol=1e-6)


def test_no_number_makes_numpy_warn() -> None:
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        for X in (smooth(25, 12), smooth(25, 12) * 1e30, smooth(25, 12) * 1e-30, np.ones((4, 3)), smooth(2, 9)):
            components(X, 20).distances(X)


def bits(X: Matrix) -> str:
    """The sha256 of all that is found in spectra."""
    found = components(X, 12)
    parts = [found.mean, found.directions, found.variances, *found.distances(X[:9] * 1.01)]
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


CHILD = f"""
import hashlib, sys
import numpy as np
from n4akit.bundle.domain.components import components
Matrix = None
{inspect.getsource(bits)}
print(bits(np.frombuffer(sys.stdin.buffer.read()).reshape(120, 300)))
"""


@pytest.mark.parametrize(
    "environment",
    [
        {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1"},
        {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "2"},
        {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX X86_V3 X86_V4"},
    ],
    ids=["Prescott", "Haswell", "no AVX2"],
)
def test_every_processor_and_library_of_linear_algebra_gives_the_same_bits(environment: dict[str, str]) -> None:
    X = smooth(120, 300)  # handed over: the product that made them is not defined
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD],
        env=os.environ | environment | {"PYTHONPATH": path},
        input=X.tobytes(),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().strip() == bits(X)
