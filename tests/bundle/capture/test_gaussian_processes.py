"""Gaussian processes tell how far they may be off: as scikit-learn says it, with the same bits in every host."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.capture.triangular import inverse
from n4akit.bundle.chain import Chain
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Plan, Replay
from n4akit.bundle.script import write_script
from n4akit.bundle.transformers import StandardNormalVariate
from n4akit.bundle.writer import write_bundle
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    Exponentiation,
    Matern,
    RationalQuadratic,
    WhiteKernel,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ...conftest import Tecator
from ...serve.server import n4a
from ..runtime.programs import bits, replay_row

Matrix = NDArray[np.float64]

KERNELS: dict[str, Any] = {
    "a product and noise": ConstantKernel(2.0) * RBF(1.5) + WhiteKernel(0.1),
    "lengths of their own": Matern(np.linspace(1.0, 2.0, 10), nu=1.5) + 0.5 * Matern(1.0, nu=2.5),
    "rational and linear": RationalQuadratic(1.0, 0.7) * RBF(3.0) + DotProduct(0.5) + Matern(1.0, nu=0.5),
    "linear times linear": DotProduct(0.5) * DotProduct(1.0) + ConstantKernel(0.3) + WhiteKernel(0.1),
    "a power of a sum": Exponentiation(DotProduct(1.0) + ConstantKernel(0.3), 2) + WhiteKernel(0.1),
    "a power of a number": Exponentiation(RBF(2.0) + ConstantKernel(0.5), 3),
}


@pytest.fixture(scope="module")
def X(tecator: Tecator) -> Matrix:
    """Every tenth point, in small numbers above 0."""
    return np.ascontiguousarray(tecator.X[:, ::10] - tecator.X.min() + 0.1)


@pytest.fixture(scope="module")
def both_targets(tecator: Tecator) -> Matrix:
    return np.stack([tecator.fat, tecator.water], axis=1)


def process(kernel: Any = None, alpha: float = 1e-2, **options: Any) -> GaussianProcessRegressor:
    return GaussianProcessRegressor(kernel or KERNELS["a product and noise"], alpha=alpha, optimizer=None, **options)


def answers(plan: Plan, X: Matrix) -> dict[str, Matrix]:
    return dict(zip(plan.answers, Replay(plan, plan.answers).answers(X), strict=True))


@pytest.fixture(scope="module")
def chain(X: Matrix, tecator: Tecator) -> Chain:
    return from_sklearn(process(normalize_y=True).fit(X[:120], tecator.fat[:120]), probes=X[:40])


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_standard_deviation_is_that_of_scikit_learn(kernel: str, X: Matrix, tecator: Tecator) -> None:
    fitted = process(KERNELS[kernel], normalize_y=True).fit(X[:120], tecator.fat[:120])
    mean, std = fitted.predict(X, return_std=True)
    faithful = lower(from_sklearn(fitted, probes=X[:40]))
    for plan in (faithful, compile_plan(faithful)):
        found = answers(plan, X)
        assert np.abs(found["value"][:, 0] - mean).max() <= 1e-9 * np.abs(mean).max()
        assert np.abs(found["std"][:, 0] - std).max() <= 1e-6 * std.max()
        for row in (0, len(X) // 2, len(X) - 1):
            alone = replay_row(plan, X[row].tolist())
            assert all(bits(alone[name]) == bits(found[name][row]) for name in plan.answers)


def test_several_targets_have_one_each_in_their_own_units(X: Matrix, both_targets: Matrix) -> None:
    fitted = process(normalize_y=True).fit(X[:120], both_targets[:120])
    std = fitted.predict(X, return_std=True)[1]
    plan = compile_plan(lower(from_sklearn(fitted, targets=["fat", "water"])))
    assert plan.outputs["std"].names == ("fat", "water")
    assert np.abs(answers(plan, X)["std"] - std).max() <= 1e-6 * std.max()


def test_the_likeness_to_the_training_spectra_is_computed_once(chain: Chain) -> None:
    for plan in (lower(chain), compile_plan(lower(chain))):
        assert [line.op for line in plan.body].count("dist") == 1


def test_where_the_answer_is_known_the_variance_is_never_below_nothing(X: Matrix, tecator: Tecator) -> None:
    # Without noise nothing is left at the training spectra but roundings.
    fitted = process(Matern(1.0, nu=0.5), alpha=1e-13).fit(X[:20], tecator.fat[:20])
    found = answers(lower(from_sklearn(fitted)), X[:20])["std"]
    assert found.min() >= 0.0 and found.max() < 1e-5


def test_an_ill_conditioned_covariance_tells_none(X: Matrix, tecator: Tecator) -> None:
    near = np.repeat(X[:8], 5, axis=0) * (1.0 + 1e-7 * np.arange(40)[:, None])
    fitted = process(RBF(300.0), alpha=2e-14).fit(near, tecator.fat[:40])
    fitted.alpha_ = np.ones(40)  # a mean that roundings leave alone: it is the deviation that is in doubt
    assert lower(from_sklearn(fitted, probes=near)).answers == ("value",)


def test_folds_and_transformed_targets_tell_none(X: Matrix, tecator: Tecator) -> None:
    folds = [process().fit(X[start:120], tecator.fat[start:120]) for start in (0, 10)]
    scaled = TransformedTargetRegressor(process(), transformer=StandardScaler()).fit(X[:120], tecator.fat[:120])
    assert lower(from_sklearn(folds)).answers == ("value", "spread")  # of the folds, none of any of them
    assert lower(from_sklearn(scaled)).answers == ("value",)


@pytest.mark.parametrize("targets", [1, 2])
def test_bundle_script_and_command_tell_the_same(targets: int, X: Matrix, both_targets: Matrix, tmp_path: Path) -> None:
    model = make_pipeline(StandardNormalVariate(), process(normalize_y=True))
    y = both_targets[:, :targets] if targets > 1 else both_targets[:, 0]
    chain = from_sklearn(model.fit(X[:60], y[:60]), targets=["fat", "water"][:targets])
    bundle = load(write_bundle(chain, tmp_path / "m.n4a"))
    full = bundle.predict_full(X[:5])
    assert full.std is not None and full.std.shape == full.values.shape and full.std.min() > 0.0
    script = runpy.run_path(str(write_script(chain, tmp_path / "m.n4a.py")))
    assert script["predict_std"](X[:5].tolist()) == full.std.tolist()
    assert script["predict"](X[:5].tolist()) == full.values.tolist()
    (tmp_path / "x.csv").write_text("\n".join(",".join(map(repr, row)) for row in X[:5].tolist()) + "\n", "utf-8")
    told = json.loads(n4a("predict", tmp_path / "m.n4a", tmp_path / "x.csv", "--json").stdout)
    assert [row["std"] for row in told] == full.std.ravel().tolist()


def test_the_fast_profile_stays_near(chain: Chain, X: Matrix, tmp_path: Path) -> None:
    path = write_bundle(chain, tmp_path / "m.n4a")
    exact, fast = (load(path, profile=profile).predict_full(X).std for profile in ("exact", "fast"))
    assert exact is not None and fast is not None
    np.testing.assert_allclose(fast, exact, rtol=1e-9)


def test_a_script_of_another_model_says_that_it_tells_none(model: Any, spectra: Matrix, tmp_path: Path) -> None:
    script = runpy.run_path(str(write_script(model.chain, tmp_path / "fat.n4a.py")))
    with pytest.raises(ValueError, match="tells no standard deviations; use predict"):
        script["predict_std"](spectra.tolist())
    assert load(write_bundle(model.chain, tmp_path / "fat.n4a")).predict_full(spectra).std is None


@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_the_inverse_of_a_triangle_undoes_it(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    lower_half = np.tril(random.uniform(-1.0, 1.0, (count, count)), -1) + np.diag(random.uniform(1.0, 2.0, count))
    found = inverse(lower_half)
    assert (np.triu(found, 1) == 0.0).all()
    assert np.abs(found @ lower_half - np.identity(count)).max() <= 1e-12 * np.abs(found).max() * count
