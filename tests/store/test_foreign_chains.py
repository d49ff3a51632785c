"""Chains as nirs4all 0.7.1 recorded them: they predict what it predicted where it was right, and what is right else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from n4akit import load
from n4akit.bundle import CaptureError
from n4akit.store import WorkspaceStore, import_workspace, replay_proba

from .foreign import CASES, exported, unpacked

ANSWERS = np.load(CASES / "answers.npz")


@pytest.mark.parametrize("name", ["02_y_processing", "05_feature_augmentation"])
def test_scaled_targets_and_features_side_by_side_are_predicted_as_there(name: str, tmp_path: Path) -> None:
    source, case = exported(name, tmp_path)
    assert import_workspace(source, tmp_path / "target").missing == ()
    with WorkspaceStore(tmp_path / "target") as store:
        told = store.replay_chain(name, case["X_new"])
        bundle = store.export_chain(name, tmp_path / "model")
    assert np.abs(told - ANSWERS[name]).max() < 1e-12 * np.abs(ANSWERS[name]).max()
    assert load(bundle).predict(case["X_new"]).tobytes() == told.tobytes()


def test_folds_of_a_classifier_vote_by_their_probabilities(tmp_path: Path) -> None:
    """Their mean is that of the probabilities, never of the numbers of classes."""
    name = "03_classif_logreg"
    source, case = exported(name, tmp_path)
    import_workspace(source, tmp_path / "target")
    with WorkspaceStore(tmp_path / "target") as store:
        told, proba = store.replay_chain(name, case["X_new"]), replay_proba(store, name, case["X_new"])
        chain = store.get_chain(name) or {}
        scaler, *folds = [
            store.load_artifact(id)
            for id in (chain["shared_artifacts"]["2"][0], *(chain["fold_artifacts"][f"fold_{k}"] for k in range(3)))
        ]
    X = case["X_new"] - case["X_new"].mean(axis=1, keepdims=True)
    X = scaler.transform(X / X.std(axis=1, keepdims=True))
    expected = np.mean([fold.predict_proba(X) for fold in folds], axis=0)
    assert np.abs(proba - expected).max() < 1e-12
    assert (told == folds[0].classes_[expected.argmax(axis=1)]).all()
    assert np.mean(told == ANSWERS[name]) > 0.8


def test_preprocessing_of_each_branch_is_its_own(tmp_path: Path) -> None:
    """By formula: a line for each point through the spectra, differences of second order, the mean of the folds."""
    source, case = unpacked("07_branch_two_models", tmp_path)
    import_workspace(source, tmp_path / "target")
    checked = 0
    with WorkspaceStore(tmp_path / "target") as store:
        pipelines = store.list_pipelines()["pipeline_id"]
        for id in (id for pipeline in pipelines for id in store.get_chains_for_pipeline(pipeline)["chain_id"]):
            chain = store.get_chain(id) or {}
            if chain["branch_path"] == [1]:
                msc, _, model = chain["steps"]
                assert [step["operator_class"] for step in (msc, model)] == ["MultiplicativeScatterCorrection", "Ridge"]
                lines = store.load_artifact(msc["artifact_ids"][0])
                folds = [store.load_artifact(artifact) for artifact in chain["fold_artifacts"].values()]
                corrected = (case["X_new"] - lines.scaler_.mean_ - lines.b_) / lines.a_
                slopes = np.gradient(corrected, axis=1, edge_order=2)
                expected = np.mean([fold.predict(slopes) for fold in folds], axis=0)
                assert np.abs(store.replay_chain(id, case["X_new"]) - expected).max() < 1e-10 * np.abs(expected).max()
                checked += 1
    assert checked == 2


def test_a_resampler_whose_axis_nobody_recorded_is_refused(tmp_path: Path) -> None:
    source, case = exported("10_resampler_wl", tmp_path)
    import_workspace(source, tmp_path / "target")
    with WorkspaceStore(tmp_path / "target") as store, pytest.raises(CaptureError, match="give wavelengths"):
        store.replay_chain("10_resampler_wl", case["X_new"])
