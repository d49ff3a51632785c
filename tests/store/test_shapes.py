"""What a record may say of a chain's shape, and what it must say: the rest is refused, by what is missing."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import CaptureError, InputError, load
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from n4akit.store import Refused, WorkspaceStore, replay_chain, replay_proba
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import LabelEncoder, MinMaxScaler, StandardScaler

from ..conftest import Tecator
from .bench import Bench, Matrix, same

RESAMPLER = "nirs4all.operators.transforms.resampler.Resampler"


@pytest.fixture(scope="module")
def kinds(fat: Matrix) -> Any:
    """Three kinds of meat by their fat."""
    return np.array(["lean", "medium", "rich"])[np.digitize(fat, [10.0, 25.0])]


def halves(model: Any, X: Matrix, y: Any) -> list[Any]:
    """The model of each of two folds."""
    return [type(model)(**model.get_params()).fit(X[rows], y[rows]) for rows in (slice(0, 90), slice(50, 150))]


# Folds that weigh more than others


def test_folds_weigh_as_the_model_says(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    models = halves(PLSRegression(5), train, fat)
    weights = {"fold_1": 3.0, "fold_0": 1.0}
    chain = bench.chain(bench.step(1, fold_weights=weights), folds=models, fold_strategy="weighted_average")
    expected = (models[0].predict(X) + 3.0 * models[1].predict(X)) / 4.0
    assert same(bench.answer(chain, X, tmp_path), expected)
    (traced,) = bench.traced(bench.executed(1, "PLSRegression", folds=models), weights={0: 1.0, 1: 3.0})
    assert bench.answer(traced, X, tmp_path).tobytes() == bench.answer(chain, X, tmp_path).tobytes()


def test_folds_whose_weights_are_not_recorded_are_refused(bench: Bench, train: Matrix, fat: Matrix, X: Matrix) -> None:
    models = halves(PLSRegression(5), train, fat)
    silent = bench.chain(bench.step(1), folds=models, fold_strategy="weighted_average")
    with pytest.raises(Refused, match="its folds are weighted, and the step of its model has no fold_weights"):
        bench.store.replay_chain(silent, X)
    partly = bench.chain(bench.step(1, fold_weights={"0": 1.0}), folds=models)
    with pytest.raises(Refused, match=r"fold_weights are those of folds \['0'\], expected \['0', '1'\]"):
        bench.store.replay_chain(partly, X)


# Classes


def test_folds_of_a_classifier_vote(bench: Bench, train: Matrix, kinds: Any, X: Matrix, tmp_path: Path) -> None:
    scaler = StandardScaler().fit(train)
    models = halves(LogisticRegression(), scaler.transform(train), kinds)
    chain = bench.chain(bench.step(1, scaler), bench.step(2), folds=models)
    expected = np.mean([model.predict_proba(scaler.transform(X)) for model in models], axis=0)
    told = bench.answer(chain, X, tmp_path)
    assert told.tolist() == models[0].classes_[expected.argmax(axis=1)].tolist()
    assert np.abs(replay_proba(bench.store, chain, X) - expected).max() < 1e-12


def test_a_fold_that_was_never_shown_a_class_counts_for_the_others(
    bench: Bench, train: Matrix, kinds: Any, X: Matrix, tmp_path: Path
) -> None:
    scaler = StandardScaler().fit(train)
    scaled, seen = scaler.transform(train), kinds != "medium"
    models = [LogisticRegression().fit(scaled, kinds), LogisticRegression().fit(scaled[seen], kinds[seen])]
    chain = bench.chain(bench.step(1, scaler), bench.step(2), folds=models)
    first, second = (model.predict_proba(scaler.transform(X)) for model in models)
    second = np.insert(second, 1, 0.0, axis=1)
    expected = (first + second) / 2.0
    assert np.abs(replay_proba(bench.store, chain, X) - expected).max() < 1e-12
    assert bench.answer(chain, X, tmp_path).tolist() == models[0].classes_[expected.argmax(axis=1)].tolist()


def test_classes_that_were_numbered_get_their_names_back(
    bench: Bench, train: Matrix, kinds: Any, X: Matrix, tmp_path: Path
) -> None:
    scaler, encoder = StandardScaler().fit(train), LabelEncoder().fit(kinds)
    model = LogisticRegression().fit(scaler.transform(train), encoder.transform(kinds))
    chain = bench.chain(bench.step(1, encoder, role="y"), bench.step(2, scaler), bench.step(3, model))
    expected = encoder.inverse_transform(model.predict(scaler.transform(X)))
    assert bench.answer(chain, X, tmp_path).tolist() == expected.tolist()


def test_a_regression_tells_the_classes_of_its_dataset(
    store: WorkspaceStore, train: Matrix, kinds: Any, X: Matrix, tmp_path: Path
) -> None:
    classes = ["lean", "medium", "rich"]
    bench = Bench(store, classes=classes)
    model = PLSRegression(6).fit(train, (kinds[:, None] == np.array(classes)).astype(float))
    chain = bench.chain(bench.step(1, model))
    expected = np.array(classes)[model.predict(X).argmax(axis=1)]
    assert bench.answer(chain, X, tmp_path).tolist() == expected.tolist()
    with pytest.raises(InputError, match="tells the class alone, it has no probabilities"):
        replay_proba(store, chain, X)


# Sources


@pytest.fixture
def two(store: WorkspaceStore) -> Bench:
    """Two instruments, one of which measures at twice as many points."""
    return Bench(store, sources=[{"name": "vis", "width": 40}, {"name": "nir", "wavelengths": np.arange(60.0)}])


def test_a_step_works_on_the_sources_it_names(
    two: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path
) -> None:
    snv, pca = StandardNormalVariate().fit(train[:, 40:]), PCA(5).fit(train[:, :40])

    def made(X: Matrix) -> Matrix:
        return np.hstack([pca.transform(X[:, :40]), snv.transform(X[:, 40:])])

    models = halves(Ridge(0.1), made(train), fat)
    chain = two.chain(
        {"step_idx": 1, "operator_class": "n4akit.bundle.transformers.StandardNormalVariate", "stateless": True}
        | {"sources": [1]},
        two.step(2, pca, sources=[0]),
        two.step(3),
        folds=models,
    )
    expected = np.mean([model.predict(made(X)) for model in models], axis=0)
    told = two.answer(chain, [X[:, :40], X[:, 40:]], tmp_path)
    assert same(told, expected)
    assert two.answer(chain, X, tmp_path).tobytes() == told.tobytes()
    with pytest.raises(InputError, match=r"source 'vis' has the shape \(65, 60\), expected \(65, 40\)"):
        replay_chain(two.store, chain, [X[:, 40:], X[:, :40]])


def test_what_was_fitted_on_all_sources_side_by_side_works_on_all(
    two: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path
) -> None:
    scaler = StandardScaler().fit(train)
    model = PLSRegression(5).fit(scaler.transform(train), fat)
    chain = two.chain(two.step(1, scaler), two.step(2, model))
    assert same(two.answer(chain, X, tmp_path), model.predict(scaler.transform(X)))


def test_a_chain_of_one_source_takes_that_source_alone(
    two: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path
) -> None:
    scalers = [StandardScaler().fit(train[:, :40]), StandardScaler().fit(train[:, 40:])]
    model = PLSRegression(5).fit(scalers[1].transform(train[:, 40:]), fat)
    chain = two.chain(two.step(1, *scalers, sources=[0, 1]), two.step(2, model), source_index=1)
    told = two.store.replay_chain(chain, X[:, 40:], np.arange(60.0))
    assert same(told, model.predict(scalers[1].transform(X[:, 40:])))


def test_shared_artifacts_say_whose_they_are(bench: Bench, train: Matrix, fat: Matrix, X: Matrix) -> None:
    scalers = [StandardScaler().fit(train[:, :40]), StandardScaler().fit(train[:, 40:])]
    ids = [bench.save(scaler) for scaler in scalers]
    scaled = np.hstack([scalers[0].transform(train[:, :40]), scalers[1].transform(train[:, 40:])])
    model = PLSRegression(5).fit(scaled, fat)
    shared = {"1": ids, "_source_map": {"1": {"0": [ids[0]], "1": [ids[1]]}}}
    chain = bench.chain(bench.step(1), bench.step(2, model), shared_artifacts=shared)
    expected = model.predict(np.hstack([scalers[0].transform(X[:, :40]), scalers[1].transform(X[:, 40:])]))
    assert same(bench.store.replay_chain(chain, X), expected)


# The axis


def test_a_resampler_without_state_works_in_wavenumbers_on_the_axis_of_the_dataset(
    store: WorkspaceStore, tecator: Tecator, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path
) -> None:
    grid = np.linspace(9600.0, 11700.0, 40)
    wavenumbers = 1e7 / tecator.wavelengths

    def resampled(X: Matrix) -> Matrix:
        return np.array([np.interp(grid, wavenumbers[::-1], row[::-1]) for row in X])

    bench = Bench(store, wavelengths=tecator.wavelengths, unit="nm")
    model = PLSRegression(5).fit(resampled(train), fat)
    said = {"class": RESAMPLER, "params": {"target_wavelengths": grid.tolist()}}
    chain = bench.chain(
        {"step_idx": 1, "operator_class": "Resampler", "params": said, "stateless": True}, bench.step(2, model)
    )
    assert same(bench.answer(chain, X, tmp_path), model.predict(resampled(X)))


def test_probabilities_are_told_on_another_axis_too(
    store: WorkspaceStore, tecator: Tecator, train: Matrix, kinds: Any, X: Matrix, tmp_path: Path
) -> None:
    bench = Bench(store, wavelengths=tecator.wavelengths, unit="nm")
    chain = bench.chain(bench.step(1, LogisticRegression(C=0.01).fit(train, kinds)))
    bundle = load(bench.store.export_chain(chain, tmp_path / "kinds"))
    script = runpy.run_path(str(bench.store.export_chain(chain, tmp_path / "kinds", format="n4a.py")))
    shifted = tecator.wavelengths + 0.5
    expected = bundle.predict_proba(X, shifted)
    assert bundle.predict_full(X, shifted).axis_action == "interpolated; ends held"
    assert 0.0 < np.abs(expected - bundle.predict_proba(X)).max() < 0.1
    assert replay_proba(bench.store, chain, X, shifted).tobytes() == expected.tobytes()
    assert script["predict_proba"](X.tolist(), shifted.tolist()) == expected.tolist()
    assert script["predict"](X.tolist(), shifted.tolist()) == bundle.predict(X, shifted).tolist()


# What is not said


def augmentation(bench: Bench, *fitted: Any, **said: Any) -> dict[str, Any]:
    """A step of two transformers, and the artifacts that are named for it."""
    said = {"feature_augmentation": ["x.StandardNormalVariate", "x.SavitzkyGolay"], **said}
    return bench.step(1, *fitted, params=said, operator_class="StandardNormalVariate, SavitzkyGolay")


SNV, SG = StandardNormalVariate(), SavitzkyGolay(11, 2)

REFUSALS: dict[str, tuple[Callable[[Bench, Any], str], str]] = {
    "a transformer without artifact": (
        lambda b, model: b.chain(augmentation(b, SNV), b.step(2, model)),
        "1 artifacts are named, expected 2: for each of 1 blocks those of StandardNormalVariate, SavitzkyGolay",
    ),
    "transformers in another order": (
        lambda b, model: b.chain(augmentation(b, SG, SNV), b.step(2, model)),
        "is a SavitzkyGolay, expected StandardNormalVariate; whose each artifact is, is not said",
    ),
    "an unknown action": (
        lambda b, model: b.chain(augmentation(b, SNV, SG, action="multiply"), b.step(2, model)),
        "action='multiply', expected one of add, extend, replace",
    ),
    "one artifact for three blocks": (
        lambda b, model: b.chain(augmentation(b, SNV, SG), b.step(2, StandardNormalVariate()), b.step(3, model)),
        "one artifact is named, and 3 blocks reach it; name one for each",
    ),
    "two artifacts for three blocks": (
        lambda b, model: b.chain(augmentation(b, SNV, SG), b.step(2, SNV, SG), b.step(3, model)),
        "2 artifacts are named, and 3 blocks reach it; expected one for each",
    ),
    "two artifacts for one block": (
        lambda b, model: b.chain(b.step(1, SNV, SG), b.step(2, model)),
        "2 artifacts are named, expected one; which is to be used is not said",
    ),
    "a concatenation without artifacts": (
        lambda b, model: b.chain(b.step(1, params={"concat_transform": ["x.PCA", "x.PCA"]}), b.step(2, model)),
        "0 artifacts are named, expected 2",
    ),
    "a source of two artifacts": (
        lambda b, model: b.chain(b.step(1, SNV, SG, sources=[1, 1]), b.step(2, model)),
        "how many points source 0 has is not said",
    ),
    "branches that nothing merges": (
        lambda b, model: b.chain(b.step(1, SNV, branch_path=[0]), b.step(1, SG, branch_path=[1]), b.step(2, model)),
        r"it is in branch \[0\], and the chain in \[\]; no step that is recorded merges its branch",
    ),
    "a branch that is missing": (
        lambda b, model: b.chain(
            b.step(1, SNV, branch_path=[1]), b.step(2, params={"merge": "features"}), b.step(3, model)
        ),
        r"steps of branches \[1\] are recorded, and it merges 2",
    ),
    "a branch that was opened and is missing": (
        lambda b, model: b.chain(
            b.step(1, params={"branch": [["SNV"], ["PCA"]]}),
            b.step(1, SNV, branch_path=[0]),
            b.step(2, params={"merge": "features"}),
            b.step(3, model),
        ),
        r"steps of branches \[0\] are recorded, and it merges 2",
    ),
    "another merge": (
        lambda b, model: b.chain(
            b.step(1, SNV, branch_path=[0]), b.step(2, params={"merge": "medians"}), b.step(3, model)
        ),
        "merge='medians', expected 'features' or 'predictions'",
    ),
    "a stack whose models are missing": (
        lambda b, model: b.chain(
            b.step(1, SNV, branch_path=[0]), b.step(2, params={"merge": "predictions"}), b.step(3, model)
        ),
        "the predictions of models are stacked, and none of these models is recorded",
    ),
    "a stacked model without artifacts": (
        lambda b, model: b.chain(b.step(1, role="model"), b.step(2, model, params={"meta_model": "x"})),
        "it is stacked, and none of its artifacts is named",
    ),
    "a stack of scaled targets": (
        lambda b, model: b.chain(
            b.step(1, MinMaxScaler().fit([[0.0], [1.0]]), params={"y_processing": "x"}),
            b.step(2, model, role="model"),
            b.step(3, model, params={"meta_model": "x"}),
        ),
        "it transforms the target of a stack",
    ),
    "models of one index without a role": (
        lambda b, model: b.chain(b.step(1, SNV), b.step(1, model), model_class="x.Unknown"),
        "2 steps have the index 1 of the model, and none says role 'model'",
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_what_a_record_does_not_say_is_refused(
    what: str, store: WorkspaceStore, train: Matrix, fat: Matrix, X: Matrix
) -> None:
    make, said = REFUSALS[what]
    for transformer in (SNV, SG):
        transformer.fit(train)
    chain = make(Bench(store), PLSRegression(2).fit(train, fat))
    with pytest.raises(Refused, match=said):
        store.replay_chain(chain, X)


def test_a_target_scaled_before_a_classifier_is_refused(bench: Bench, train: Matrix, kinds: Any, X: Matrix) -> None:
    scaler, model = MinMaxScaler().fit([[0.0], [1.0]]), LogisticRegression(max_iter=2000).fit(train, kinds)
    chain = bench.chain(bench.step(1, scaler, role="y"), bench.step(2, model))
    with pytest.raises(CaptureError, match=r"step 1 \(MinMaxScaler\): done to the target of a classifier"):
        bench.store.replay_chain(chain, X)


def test_steps_that_share_the_models_index_are_not_swallowed(
    bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path
) -> None:
    snv = StandardNormalVariate().fit(train)
    models = halves(PLSRegression(5), snv.transform(train), fat)
    chain = bench.chain(bench.step(1, snv), bench.step(1, operator_class="PLSRegression"), folds=models)
    expected = np.mean([model.predict(snv.transform(X)) for model in models], axis=0)
    assert same(bench.answer(chain, X, tmp_path), expected)
