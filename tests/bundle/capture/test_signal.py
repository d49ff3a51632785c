"""What the values of a training were: declared when a model is captured, and carried by its bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import load
from n4akit.bundle import CaptureError
from n4akit.bundle.capture import from_sklearn, from_steps
from n4akit.bundle.chain import Source
from n4akit.bundle.export import export
from n4akit.bundle.writer import prepare
from sklearn.linear_model import Ridge

from ...conftest import Tecator


@pytest.fixture(scope="module")
def model(tecator: Tecator) -> Any:
    return Ridge(1e-4).fit(tecator.X, tecator.fat)


def captured(model: Any, **said: Any) -> Any:
    return from_sklearn(model, **said)


def recorded(model: Any, **said: Any) -> Any:
    return from_steps([], {"0": model}, **said)


@pytest.mark.parametrize("capture", [captured, recorded])
def test_spectra_in_percent_get_the_answers_of_absorbances(
    capture: Callable[..., Any], model: Any, tecator: Tecator, tmp_path: Path
) -> None:
    bundle = load(export(capture(model, signal="log(1/T)"), tmp_path / "fat"))
    assert bundle.signal == bundle.manifest["signal"] == "absorbance"
    expected = model.predict(tecator.X)
    for signal, X in (("%T", 100.0 * 10.0**-tecator.X), ("R", 10.0**-tecator.X), ("A", tecator.X)):
        assert np.abs(bundle.predict(X, signal=signal) - expected).max() <= 1e-9 * np.ptp(tecator.fat)


def test_a_model_that_says_nothing_has_the_bundle_that_it_had(model: Any) -> None:
    silent, told = prepare(from_sklearn(model)), prepare(from_sklearn(model, signal="R"))
    assert b'"signal"' not in dict(silent.contents)["manifest.json"]
    said = dict(told.contents)["manifest.json"].replace(b',"signal":"reflectance"', b"")
    assert said == dict(silent.contents)["manifest.json"]


def test_sources_say_their_own(model: Any, tmp_path: Path) -> None:
    sources = [Source("visible", 60, signal="%R"), Source("near", 40)]
    bundle = load(export(from_sklearn(model, sources=sources, signal="A"), tmp_path / "fat"))
    assert [source.signal for source in bundle.sources] == ["percent reflectance", None]
    assert bundle.signal == "absorbance"
    assert bundle.info()["sources"][0] == {"name": "visible", "width": 60, "signal": "percent reflectance"}


@pytest.mark.parametrize("said", [{"signal": "ln(1/R)"}, {"sources": [Source("a", 100, signal="counts")]}])
def test_what_is_no_signal_is_refused(model: Any, said: dict[str, Any]) -> None:
    with pytest.raises(CaptureError, match="expected absorbance, reflectance, transmittance"):
        from_sklearn(model, **said)
