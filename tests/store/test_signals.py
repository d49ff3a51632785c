"""What a dataset says that its values are reaches every host of a chain; nothing is said that nobody said."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import SignalError, load
from n4akit.store import WorkspaceStore, replay_chain, replay_proba
from sklearn.linear_model import LogisticRegression, Ridge

from .bench import Bench, Matrix


def test_probabilities_are_told_of_another_signal_too(
    store: WorkspaceStore, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path
) -> None:
    bench = Bench(store, signal="Absorbance")
    chain = bench.chain(bench.step(1, LogisticRegression(C=0.01).fit(train, np.digitize(fat, [10.0, 25.0]))))
    bundle = load(store.export_chain(chain, tmp_path / "kinds"))
    script = runpy.run_path(str(store.export_chain(chain, tmp_path / "kinds", format="n4a.py")))
    percent = 100.0 * 10.0**-X
    expected = bundle.predict_proba(percent, signal="%T")
    assert np.abs(expected - bundle.predict_proba(X)).max() < 1e-9
    assert replay_proba(store, chain, percent, signal="%T").tobytes() == expected.tobytes()
    assert script["predict_proba"](percent.tolist(), signal="%T") == expected.tolist()
    assert script["predict"](percent.tolist(), signal="%T") == bundle.predict(percent, signal="%T").tolist()
    assert replay_chain(store, chain, percent, signal="%T").tolist() == bundle.predict(X).tolist()


@pytest.mark.parametrize(
    ("dataset", "source", "signals"),
    [
        ({}, None, [None]),
        ({"signal": "R"}, None, ["reflectance"]),
        (
            {"signal": "R", "sources": [{"width": 60, "signal": "A"}, {"width": 40}]},
            None,
            ["absorbance", "reflectance"],
        ),
        ({"sources": [{"width": 40}, {"width": 100, "signal": "A"}]}, 1, ["absorbance"]),
        ({"signal": "R", "sources": [{"width": 40}, {"width": 100}]}, 1, ["reflectance"]),
    ],
)
def test_a_chain_has_the_signal_of_its_dataset_or_of_its_sources(
    store: WorkspaceStore,
    train: Matrix,
    fat: Matrix,
    tmp_path: Path,
    dataset: dict[str, Any],
    source: int | None,
    signals: list[str | None],
) -> None:
    bench = Bench(store, **dataset)
    chain = bench.chain(bench.step(1, Ridge().fit(train, fat)), source_index=source)
    bundle = load(store.export_chain(chain, tmp_path / "fat"))
    assert ([source.signal or bundle.signal for source in bundle.sources] or [bundle.signal]) == signals


def test_what_a_chain_does_not_know_is_not_converted(
    store: WorkspaceStore, train: Matrix, fat: Matrix, X: Matrix
) -> None:
    bench = Bench(store)
    chain = bench.chain(bench.step(1, Ridge().fit(train, fat)))
    with pytest.raises(SignalError, match="this model does not know of what signal its own are"):
        replay_chain(store, chain, X, signal="A")
