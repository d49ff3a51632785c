"""Chains from what a workspace recorded: fitted steps that folds share, stateless ones known by name and options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import FittedStep, from_sklearn, from_steps
from n4akit.bundle.chain import Chain, Target
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.lower import lower
from n4akit.bundle.operators import SNV, Clip, Detrend, GapDerivative, Gradient, Normalize, Operator, SavitzkyGolay
from n4akit.bundle.runtime import Replay
from n4akit.bundle.transformers import StandardNormalVariate
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from ...conftest import Tecator

Matrix = NDArray[np.float64]

OURS = "n4akit.bundle.transformers"
NIRS = "nirs4all.operators.transforms"
SNV_STEP = FittedStep(1, f"{NIRS}.scalers.StandardNormalVariate")
SLOPE_STEP = FittedStep(2, f"{OURS}.SavitzkyGolay", {"window_length": 15, "polyorder": 2, "deriv": 1})


def predict(chain: Chain, X: Matrix) -> Matrix:
    return Replay(lower(chain)).predict(X)


def test_recorded_steps_predict_what_the_pipelines_did(five_folds: list[Any], tecator: Tecator) -> None:
    """The first two steps hold no state: their names and options are enough, nothing is skipped."""
    models = {f"fold{k}": model[-1] for k, model in enumerate(five_folds)}
    chain = from_steps([SNV_STEP, SLOPE_STEP], models, wavelengths=tecator.wavelengths, targets=["fat"])
    expected = np.mean([model.predict(tecator.X) for model in five_folds], axis=0)
    assert np.abs(predict(chain, tecator.X)[:, 0] - expected).max() <= 1e-10 * np.ptp(tecator.fat)
    np.testing.assert_array_equal(predict(chain, tecator.X), predict(from_sklearn(five_folds), tecator.X))


def test_what_only_a_name_told_is_marked_so(five_folds: list[Any]) -> None:
    chain = from_steps([SNV_STEP, SLOPE_STEP], {"0": five_folds[0][-1]}, n_features=100)
    snv, slope, pls = chain.branches["0"]
    assert (snv.verified, slope.verified, pls.verified) == ("invariants", "invariants", "live")
    assert slope.params == {"window_length": 15, "polyorder": 2, "deriv": 1}
    assert (slope.index, slope.name, slope.operator_class) == (2, "SavitzkyGolay", f"{OURS}.SavitzkyGolay")


def test_shared_steps_are_one_step_in_every_branch(tecator: Tecator) -> None:
    scaler = StandardScaler().fit(tecator.X)
    Z = scaler.transform(tecator.X)
    models = {str(k): Ridge(10.0**-k).fit(Z, tecator.fat) for k in range(3)}
    chain = from_steps([FittedStep(4, "any.name", {}, fitted=scaler)], models)
    assert list(chain.branches) == ["0", "1", "2"]
    assert len({id(steps[0]) for steps in chain.branches.values()}) == 1
    assert [step.index for step in chain.branches["0"]] == [4, 5], "the model comes after the last recorded step"
    assert chain.branches["0"][0].operator_class == "sklearn.preprocessing._data.StandardScaler"
    expected = np.mean([model.predict(Z) for model in models.values()], axis=0)
    assert np.abs(predict(chain, tecator.X)[:, 0] - expected).max() <= 1e-10 * np.ptp(expected)


def test_equal_stateless_steps_are_both_done(five_folds: list[Any], tecator: Tecator) -> None:
    smooth = [FittedStep(k, f"{OURS}.SavitzkyGolay", {"window_length": 31, "polyorder": 1}) for k in (1, 2)]
    model = Ridge(1e-3).fit(tecator.X, tecator.fat)
    twice, once = (from_steps(steps, {"0": model}, n_features=100) for steps in (smooth, smooth[:1]))
    assert [line.op for line in lower(twice).body].count("banded") == 2
    assert np.abs(predict(twice, tecator.X) - predict(once, tecator.X)).max() > 1e-3


def test_the_model_of_a_fold_may_be_a_pipeline(tecator: Tecator) -> None:
    X = tecator.X - tecator.X.mean(axis=1, keepdims=True)
    model = make_pipeline(MinMaxScaler(clip=True), PLSRegression(5)).fit(X, tecator.fat)
    chain = from_steps([FittedStep(1, f"{OURS}.StandardNormalVariate", {"with_std": False})], {"0": model})
    assert [step.index for step in chain.branches["0"]] == [1, 2, 3]
    assert isinstance(chain.branches["0"][1].operators[1], Clip)
    expected = model.predict(X)
    assert np.abs(predict(chain, tecator.X)[:, 0] - expected).max() <= 1e-10 * np.ptp(expected)


def test_without_steps_the_models_are_the_chain(pls: PLSRegression, tecator: Tecator) -> None:
    chain = from_steps([], {"0": pls}, targets=["fat", Target("water", "%")])
    np.testing.assert_allclose(predict(chain, tecator.X), pls.predict(tecator.X), rtol=1e-9)
    assert chain.targets == (Target("fat"), Target("water", "%"))


BY_NAME: dict[str, tuple[str, dict[str, Any], Operator]] = {
    "nirs4all SNV": (f"{NIRS}.scalers.StandardNormalVariate", {"axis": 1, "ddof": 1, "copy": False}, SNV(ddof=1)),
    "nirs4all Savitzky–Golay": (f"{NIRS}.nirs.SavitzkyGolay", {"copy": True}, SavitzkyGolay(11, 3)),
    "nirs4all slope": (f"{NIRS}.nirs.FirstDerivative", {"delta": 2.0}, Gradient(1, 2.0, 2)),
    "chemotools SNV": ("chemotools.scatter._standard_normal_variate.StandardNormalVariate", {}, SNV()),
    "chemotools Savitzky–Golay": (
        "chemotools.derivative.SavitzkyGolay",
        {"window_length": 5, "polyorder": 2, "window_size": "deprecated", "mode": "nearest"},
        SavitzkyGolay(5, 2, 1, mode="nearest"),
    ),
    "chemotools Norris–Williams": ("chemotools.derivative.NorrisWilliams", {}, GapDerivative(5, 3)),
    "chemotools norm": ("chemotools.scale._norm_scaler.NormScaler", {}, Normalize("l2")),
    "scikit-learn norm": ("sklearn.preprocessing._data.Normalizer", {}, Normalize("l2")),
    "scikit-learn norm of old": ("sklearn.preprocessing.Normalizer", {"norm": "max", "copy": True}, Normalize("max")),
    "detrending": (f"{OURS}.Detrending", {"degree": 2, "breakpoints": [40, 70]}, Detrend(2, (40, 70))),
    "gap derivative": (f"{OURS}.NorrisWilliams", {"segment": 7, "delta": 2.0}, GapDerivative(7, 3, 1, 2.0)),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_stateless_step_is_its_name_its_options_and_the_defaults(name: str, tecator: Tecator) -> None:
    operator_class, params, operator = BY_NAME[name]
    model = Ridge().fit(tecator.X, tecator.fat)
    chain = from_steps([FittedStep(1, operator_class, params)], {"0": model})
    assert [vars(found) for found in chain.branches["0"][0].operators] == [vars(operator)]
    assert type(chain.branches["0"][0].operators[0]) is type(operator)


NOT_BY_NAME: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown": ("somebody.Else", {}, r"step 3 \(Else\): somebody\.Else is not known as a preprocessing step"),
    "needs a state": ("sklearn.preprocessing.StandardScaler", {}, r"step 3 \(StandardScaler\): .*is it fitted"),
    "needs the object": ("sklearn.feature_selection.SelectKBest", {"k": 3}, r"step 3 \(SelectKBest\): .*there is none"),
    "another axis": (f"{NIRS}.scalers.StandardNormalVariate", {"axis": 0}, "axis=0 is not supported"),
    "misspelt": (f"{OURS}.SavitzkyGolay", {"window": 7}, r"step 3 \(SavitzkyGolay\): 'window' is no option"),
    "of another class": (f"{OURS}.StandardNormalVariate", {"norm": "l1", "ddof": 1}, "'norm' is no option"),
    "formerly named so": ("chemotools.derivative.SavitzkyGolay", {"window_length": 3, "window_size": 9}, "window_size"),
    "no number": (f"{OURS}.SavitzkyGolay", {"window_length": None}, r"step 3 \(SavitzkyGolay\): "),
    "a word": (f"{OURS}.Detrending", {"degree": "linear"}, r"step 3 \(Detrending\): "),
    "points in words": (f"{OURS}.Detrending", {"breakpoints": "12"}, "breakpoints='12', expected whole numbers"),
    "perhaps": (f"{OURS}.StandardNormalVariate", {"with_std": "no"}, "with_std='no' is not supported, only False or"),
    "half a point": (f"{OURS}.SavitzkyGolay", {"window_length": 7.5}, "window_length=7.5"),
    "no operator": (f"{OURS}.NorrisWilliams", {"gap": 1}, r"step 3 \(NorrisWilliams\): GapDerivative: .*gap=1"),
}


@pytest.mark.parametrize("name", NOT_BY_NAME)
def test_a_name_that_does_not_say_what_to_do_is_refused(name: str, tecator: Tecator) -> None:
    operator_class, params, message = NOT_BY_NAME[name]
    model = Ridge().fit(tecator.X, tecator.fat)
    for opaque in (False, True):
        with pytest.raises(CaptureError, match=message):
            from_steps([FittedStep(3, operator_class, params)], {"0": model}, opaque=opaque)


def test_a_fitted_model_among_the_steps_is_no_step(tecator: Tecator) -> None:
    ridge = Ridge().fit(tecator.X, tecator.fat)
    with pytest.raises(CaptureError, match=r"step 1 \(Ridge\): .* is not known as a preprocessing step"):
        from_steps([FittedStep(1, "sklearn.linear_model.Ridge", {}, fitted=ridge)], {"0": ridge})


def test_a_step_and_a_model_that_do_not_fit_are_refused(tecator: Tecator) -> None:
    snv = StandardNormalVariate().fit(tecator.X)
    model = Ridge().fit(tecator.X[:, :50], tecator.fat)
    with pytest.raises(CaptureError, match=r"step 2 \(Ridge\): Linear: fitted on 50 points, but it gets 100"):
        from_steps([FittedStep(1, f"{OURS}.StandardNormalVariate", {}, fitted=snv)], {"0": model})
    with pytest.raises(CaptureError, match="no estimator was given"):
        from_steps([FittedStep(1, f"{OURS}.StandardNormalVariate", {}, fitted=snv)], {})
