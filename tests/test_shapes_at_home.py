"""Chains of several shapes at home in every host: the store, the library, the script in a bare Python, the server.

The same bits everywhere, labels and probabilities included.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import load
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from n4akit.store import WorkspaceStore, replay_proba
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from .conftest import Tecator
from .serve.server import Server, serving
from .store.bench import Bench

FOLDS = (slice(0, 90), slice(60, 150), slice(100, 215))
KINDS = ("lean", "medium", "rich")


def classifier(bench: Bench, tecator: Tecator) -> str:
    """Three kinds of meat, by the probabilities of three folds."""
    scaler = StandardScaler().fit(tecator.X)
    X, y = scaler.transform(tecator.X), np.array(KINDS)[np.digitize(tecator.fat, [10.0, 25.0])]
    models = [LogisticRegression(C=0.1).fit(X[rows], y[rows]) for rows in FOLDS]
    return bench.chain(bench.step(1, scaler), bench.step(2), folds=models)


def branches(bench: Bench, tecator: Tecator) -> str:
    """Features of two branches side by side, one of them made of two transformers; the target was scaled."""
    snv, pca = StandardNormalVariate().fit(tecator.X), PCA(6).fit(tecator.X)
    sg = SavitzkyGolay(11, 2, deriv=1).fit(tecator.X)
    target = MinMaxScaler().fit(tecator.fat[:, None])
    features = np.hstack([snv.transform(tecator.X), sg.transform(tecator.X), pca.transform(tecator.X)])
    y = target.transform(tecator.fat[:, None])
    models = [PLSRegression(8).fit(features[rows], y[rows]) for rows in FOLDS]
    both = {"feature_augmentation": ["StandardNormalVariate", "SavitzkyGolay"], "action": "replace"}
    return bench.chain(
        bench.step(1, target, role="y"),
        bench.step(2, snv, sg, params=both, branch_path=[0]),
        bench.step(2, pca, branch_path=[1]),
        bench.step(3, params={"merge": "features"}),
        bench.step(4),
        folds=models,
    )


def stack(bench: Bench, tecator: Tecator) -> str:
    """A regression of what two models predict, each the mean of its folds."""
    snv = StandardNormalVariate().fit(tecator.X)
    X, y = snv.transform(tecator.X), tecator.fat
    pls, ridge = ([m.fit(X[rows], y[rows]) for rows in FOLDS for m in [make()]] for make in (PLSRegression, Ridge))
    below = np.stack([np.mean([m.predict(X).ravel() for m in models], axis=0) for models in (pls, ridge)], axis=1)
    above = Ridge().fit(below, y)
    return bench.chain(
        bench.step(1, snv),
        bench.step(2, *pls, role="model"),
        bench.step(3, *ridge, role="model"),
        bench.step(4, above, operator_class="MetaModel"),
    )


SHAPES: dict[str, Callable[[Bench, Tecator], str]] = {"classifier": classifier, "branches": branches, "stack": stack}


@dataclass(frozen=True)
class Home:
    """Chains by their shape, where each host finds them."""

    store: WorkspaceStore
    chains: dict[str, str]
    bundles: dict[str, Path]
    scripts: dict[str, Path]
    server: Server


@pytest.fixture(scope="module")
def home(tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("shapes")
    with WorkspaceStore(folder / "workspace") as store:
        bench = Bench(store)
        chains = {shape: make(bench, tecator) for shape, make in SHAPES.items()}
        bundles = {shape: store.export_chain(id, folder / shape) for shape, id in chains.items()}
        scripts = {shape: store.export_chain(id, folder / shape, "n4a.py") for shape, id in chains.items()}
        with serving(*bundles.values()) as server:
            yield Home(store, chains, bundles, scripts, server)


def by_script(script: Path, X: Any) -> list[str]:
    """The answers of a script as it writes them."""
    text = "\n".join(",".join(map(str, row)) for row in X.tolist()) + "\n"
    command = [sys.executable, "-I", "-S", str(script), "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=True)
    return [row["value"] for row in csv.DictReader(io.StringIO(done.stdout))]


@pytest.mark.parametrize("shape", SHAPES)
def test_no_bit_differs_between_hosts(shape: str, home: Home, tecator: Tecator) -> None:
    X = tecator.X[::3]
    told = home.store.replay_chain(home.chains[shape], X)
    bundle = load(home.bundles[shape])
    assert bundle.predict(X).tobytes() == told.tobytes()
    assert np.concatenate([bundle.predict(row[None]) for row in X]).tobytes() == told.tobytes()
    assert home.server.predict(shape, X).json["values"] == told.tolist()
    written = by_script(home.scripts[shape], X)
    assert [type(value)(text) for value, text in zip(told.tolist(), written, strict=True)] == told.tolist()


def test_no_bit_of_a_probability_differs_between_hosts(home: Home, tecator: Tecator) -> None:
    proba = replay_proba(home.store, home.chains["classifier"], tecator.X)
    assert proba.shape == (215, 3)
    assert load(home.bundles["classifier"]).predict_proba(tecator.X).tobytes() == proba.tobytes()
    assert home.server.predict("classifier", tecator.X).json["proba"] == proba.tolist()
