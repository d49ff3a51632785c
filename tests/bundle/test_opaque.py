"""Pickled steps: refused unless asked for, named in every result, and their failures told in our words."""

from __future__ import annotations

import hashlib
import pickle
from functools import partial
from operator import methodcaller
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import BundleError, InputError, WriteError, load, verify
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.operators import PLS, Opaque
from n4akit.bundle.writer import write_bundle

DOUBLED = partial(np.multiply, 2.0)


def chain_of(compute: Any, width: int = 12, folds: int = 1) -> Chain:
    """A pickled step, then a PLS model of `width` points."""
    pickled = pickle.dumps(compute)
    sha256 = hashlib.sha256(pickled).hexdigest()
    model = PLS(np.linspace(-1.0, 1.0, width).reshape(1, width), np.zeros(width), np.ones(1))
    branches = {
        str(fold): (
            Step(1, "Wavelet", "somebody.Wavelet", {}, (Opaque(sha256, width),), "live"),
            Step(2, "PLSRegression", "sklearn.PLSRegression", {}, (model,), "live"),
        )
        for fold in range(folds)
    }
    return Chain(12, branches, (Target("fat", "%"),), opaque={sha256: pickled})


@pytest.fixture
def pickled(tmp_path: Path) -> Path:
    """A bundle whose first step is a pickle that doubles."""
    return write_bundle(chain_of(DOUBLED), tmp_path / "opaque.n4a")


def test_an_opaque_bundle_is_refused_unless_asked_for(pickled: Path) -> None:
    with pytest.raises(BundleError) as caught:
        load(pickled)
    assert caught.value.problems == verify(pickled).problems
    assert caught.value.problems == (
        "holds pickled steps (somebody.Wavelet), and pickles run code when they are loaded; "
        "if you trust who made the file, load it with allow_opaque=True",
    )
    assert verify(pickled, allow_opaque=True).problems == ()


def test_pickled_steps_may_be_allowed_for_one_bundle_alone(pickled: Path) -> None:
    digest = load(pickled, allow_opaque=True).digest
    assert load(pickled, allow_opaque={digest}).digest == digest
    for others in ({digest[:-1]}, {"0" * 64}, frozenset[str]()):
        with pytest.raises(BundleError, match="holds pickled steps"):
            load(pickled, allow_opaque=others)


def test_an_opaque_bundle_predicts_and_says_what_it_is(pickled: Path, spectra: np.ndarray) -> None:
    bundle = load(pickled, allow_opaque=True)
    result = bundle.predict_full(spectra)
    assert np.allclose(result.values, 2.0 * spectra @ np.linspace(-1.0, 1.0, 12) + 1.0, rtol=1e-12)
    assert result.profile == bundle.profile == bundle.info()["profile"] == "opaque"
    assert bundle.manifest["features"][-2:] == ["opaque", "sub"]


def test_asking_for_opaque_changes_nothing_for_other_bundles(saved: Path, spectra: np.ndarray) -> None:
    asked, unasked = (load(saved, allow_opaque=allowed).predict_full(spectra) for allowed in (True, False))
    assert asked.values.tobytes() == unasked.values.tobytes()
    assert asked.profile == unasked.profile == "exact"


def test_no_profile_makes_a_pickled_step_faster(pickled: Path) -> None:
    with pytest.raises(BundleError, match="profile 'fast': a pickled step takes part"):
        load(pickled, allow_opaque=True, profile="fast")


@pytest.mark.parametrize("method", ["predict", "transform"])
def test_an_object_that_predicts_or_transforms_is_a_step(
    pickled: Path, tmp_path: Path, spectra: np.ndarray, method: str
) -> None:
    path = write_bundle(chain_of(SimpleNamespace(**{method: DOUBLED})), tmp_path / "object.n4a")
    found, expected = (load(p, allow_opaque=True).predict(spectra) for p in (path, pickled))
    assert found.tobytes() == expected.tobytes()


def test_the_same_opaque_chain_gives_the_same_bytes(pickled: Path, tmp_path: Path) -> None:
    assert write_bundle(chain_of(DOUBLED), tmp_path / "again.n4a").read_bytes() == pickled.read_bytes()


def test_a_step_that_writes_to_its_argument_harms_nobody(tmp_path: Path, spectra: np.ndarray) -> None:
    # Both folds read the same register, and `x *= 2` would leave them different spectra.
    in_place = chain_of(methodcaller("__imul__", 2.0), folds=2)
    paths = [
        write_bundle(chain, tmp_path / f"{n}.n4a") for n, chain in enumerate([in_place, chain_of(DOUBLED, folds=2)])
    ]
    before = spectra.copy()
    found, expected = (load(path, allow_opaque=True).predict(spectra) for path in paths)
    assert found.tobytes() == expected.tobytes() and spectra.tobytes() == before.tobytes()


def test_a_step_that_fails_on_some_spectra_refuses_these(tmp_path: Path, spectra: np.ndarray) -> None:
    # It works for the golden rows, which are six, and for no other number.
    six = np.eye(6)
    bundle = load(write_bundle(chain_of(six.__matmul__), tmp_path / "six.n4a"), allow_opaque=True)
    assert bundle.predict(spectra[:6]).shape == (6,)
    with pytest.raises(InputError, match=r"opaque artifact [0-9a-f]{64} fails on these spectra: ValueError: matmul"):
        bundle.predict(spectra)


# What a pickled step may do when it runs: none of it may pass for an answer, or escape as a stranger's error.
FAILURES: list[tuple[Any, str]] = [
    (np.linalg.cholesky, "LinAlgError: Last 2 dimensions of the array must be square"),
    (partial(np.delete, obj=0, axis=1), "answered with shape (6, 11), expected (6, 12)"),
    (partial(np.delete, obj=0, axis=0), "answers 6 spectra with an array of shape (5, 12)"),
    (partial(str.format, "{}"), "ValueError: could not convert string to float"),
    (np.transpose, "answers 6 spectra with an array of shape (12, 6)"),
    (partial(np.multiply, np.nan), "row 1: no finite result"),
]


@pytest.mark.parametrize(("compute", "words"), FAILURES, ids=[words[:20] for _, words in FAILURES])
def test_a_pickled_step_that_fails_on_its_golden_rows_is_not_written(tmp_path: Path, compute: Any, words: str) -> None:
    with pytest.raises(WriteError) as caught:
        write_bundle(chain_of(compute), tmp_path / "opaque.n4a")
    assert str(caught.value).startswith("golden rows: ") and words in str(caught.value)
    assert list(tmp_path.iterdir()) == []
