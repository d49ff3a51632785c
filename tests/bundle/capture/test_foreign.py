"""The transformers of chemotools and nirs4all, known by their names, proven against what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Replay
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from ...conftest import Tecator
from . import stand_ins
from .stand_ins import Matrix

CHEMOTOOLS = "chemotools"
NIRS = "nirs4all.operators.transforms.nirs"
SCALERS = "nirs4all.operators.transforms.scalers"
RAMP = np.linspace(2.0, 3.0, 100) ** 2


def chemotools_sg(window: int, order: int, deriv: int, mode: str, /, **attributes: Any) -> Any:
    name = f"{CHEMOTOOLS}.derivative._savitzky_golay.SavitzkyGolay"
    return stand_ins.savitzky_golay(name, window, order, deriv, 1.0, mode, mode=mode, **attributes)


def nirs4all_sg(window: int, order: int, deriv: int, delta: float, mode: str = "interp") -> Any:
    spelled = {"window_length": window, "polyorder": order, "deriv": deriv, "delta": delta, "copy": True}
    return stand_ins.savitzky_golay(f"{NIRS}.SavitzkyGolay", window, order, deriv, delta, mode, **spelled)


def norris_williams(window: int, gap: int, deriv: int, mode: str, /, **attributes: Any) -> Any:
    name = f"{CHEMOTOOLS}.derivative._norris_william.NorrisWilliams"
    return stand_ins.norris_williams(name, window, gap, deriv, mode, gap_size=gap, mode=mode, **attributes)


FITTED: dict[str, Callable[[Matrix], Any]] = {
    "nirs4all SNV": lambda X: stand_ins.snv(
        f"{SCALERS}.StandardNormalVariate", axis=1, with_mean=True, with_std=True, ddof=1, copy=True
    ),
    "nirs4all centring": lambda X: stand_ins.snv(
        f"{SCALERS}.StandardNormalVariate", axis=1, with_mean=True, with_std=False, ddof=0, copy=True
    ),
    "nirs4all Savitzky–Golay": lambda X: nirs4all_sg(15, 2, 1, 2.0),
    "nirs4all first derivative": lambda X: stand_ins.gradient(f"{NIRS}.FirstDerivative", 1, 2.0, 2, copy=True),
    "nirs4all second derivative": lambda X: stand_ins.gradient(f"{NIRS}.SecondDerivative", 2, 1.0, 1, copy=True),
    "chemotools SNV": lambda X: stand_ins.snv(f"{CHEMOTOOLS}.scatter._standard_normal_variate.StandardNormalVariate"),
    "chemotools MSC": lambda X: stand_ins.msc(
        f"{CHEMOTOOLS}.scatter._multiplicative_scatter_correction.MultiplicativeScatterCorrection",
        np.median(X, axis=0),
        np.full(100, 2.0),
    ),
    "chemotools Savitzky–Golay": lambda X: chemotools_sg(
        7, 2, 1, "nearest", window_length_=7, polyorder_=2, deriv_=1, window_length=7, polyorder=2, deriv=1
    ),
    "chemotools Savitzky–Golay by its former names": lambda X: chemotools_sg(
        9, 3, 2, "mirror", window_size=9, polynomial_order=3, derivate_order=2
    ),
    "chemotools Savitzky–Golay renamed while fitted": lambda X: chemotools_sg(
        9,
        3,
        2,
        "interp",
        window_length_=9,
        polyorder_=3,
        deriv_=2,
        window_length=3,
        polyorder=1,
        deriv=1,
        window_size=9,
    ),
    "chemotools Norris–Williams": lambda X: norris_williams(
        5, 3, 1, "nearest", window_length_=5, deriv_=1, window_length=5, deriv=1
    ),
    "chemotools Norris–Williams by its former names": lambda X: norris_williams(
        6, 4, 2, "wrap", window_size=6, derivative_order=2
    ),
    "chemotools polynomial": lambda X: stand_ins.polynomial(
        f"{CHEMOTOOLS}.baseline._polynomial_correction.PolynomialCorrection", 3, list(range(100)), 100
    ),
    "chemotools polynomial through some points": lambda X: stand_ins.polynomial(
        f"{CHEMOTOOLS}.baseline.PolynomialCorrection", 1, [0, 50, 99], 100
    ),
    "chemotools MSC by weights": lambda X: stand_ins.msc(
        f"{CHEMOTOOLS}.scatter.MultiplicativeScatterCorrection", RAMP, np.linspace(1.0, 2.0, 100)
    ),
    "nirs4all wavelet": lambda X: stand_ins.resampled_details(f"{NIRS}.Wavelet"),
    "nirs4all Haar": lambda X: stand_ins.resampled_details(f"{NIRS}.Haar"),
    "chemotools l1": lambda X: stand_ins.norm(f"{CHEMOTOOLS}.scale._norm_scaler.NormScaler", 1),
    "chemotools l2": lambda X: stand_ins.norm(f"{CHEMOTOOLS}.scale._norm_scaler.NormScaler", 2),
    "chemotools Pareto": lambda X: stand_ins.pareto(
        f"{CHEMOTOOLS}.scale._pareto_scaler.ParetoScaler", X, p=0.5, with_mean=True
    ),
    "chemotools Pareto uncentred": lambda X: stand_ins.pareto(
        f"{CHEMOTOOLS}.scale._pareto_scaler.ParetoScaler", X, p=0.25, with_mean=False
    ),
    "chemotools range": lambda X: stand_ins.selector(
        f"{CHEMOTOOLS}.feature_selection._range_cut.RangeCut", slice(20, 80), 100
    ),
    "chemotools range of old": lambda X: stand_ins.stand_in(
        f"{CHEMOTOOLS}.feature_selection.RangeCut", lambda self, X: X[:, 5:50], start_index_=5, end_index_=50
    ),
    "chemotools points": lambda X: stand_ins.selector(
        f"{CHEMOTOOLS}.feature_selection._index_selector.IndexSelector", [1, 7, 40], 100
    ),
}


@pytest.mark.parametrize("name", FITTED)
def test_it_is_read_as_what_it_computes(name: str, tecator: Tecator) -> None:
    fitted = FITTED[name](tecator.X)
    model = Ridge(1e-3).fit(fitted.transform(tecator.X), tecator.fat)
    chain = from_sklearn(make_pipeline(fitted, model), n_features=100)
    assert chain.branches["0"][0].verified == "live"
    found, expected = Replay(lower(chain)).predict(tecator.X)[:, 0], model.predict(fitted.transform(tecator.X))
    assert np.abs(found - expected).max() <= 1e-10 * np.ptp(expected)


REFUSED: dict[str, tuple[Any, str]] = {
    "SNV over the samples": (stand_ins.snv(f"{SCALERS}.StandardNormalVariate", axis=0), r"axis=0 .* only 1 or -1"),
    "a mode that scipy's filter lacks": (norris_williams(5, 3, 1, "reflect"), "mode='reflect' is not supported, only"),
    "a third norm": (stand_ins.norm(f"{CHEMOTOOLS}.scale.NormScaler", 3), "l_norm=3 is not supported, only 1 or 2"),
    "an option that only the object knows": (
        nirs4all_sg(15, 2, 1, 2.0, mode="mirror"),
        "differs from its transform by",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused_by_the_option(name: str, tecator: Tecator) -> None:
    fitted, message = REFUSED[name]
    model = Ridge(1e-3).fit(fitted.transform(tecator.X), tecator.fat)
    with pytest.raises(CaptureError, match=message) as refused:
        from_sklearn(make_pipeline(fitted, model), n_features=100)
    assert type(fitted).__name__ in str(refused.value) and type(fitted).__name__.lower() in str(refused.value)


def test_an_unknown_class_of_a_known_name_is_unknown(tecator: Tecator) -> None:
    """The module counts: a stranger's SNV may be anything."""
    fitted = stand_ins.snv("stranger.scatter.StandardNormalVariate")
    model = Ridge().fit(fitted.transform(tecator.X), tecator.fat)
    with pytest.raises(CaptureError, match=r"stranger\.scatter\.StandardNormalVariate is not known"):
        from_sklearn(make_pipeline(fitted, model), n_features=100)
