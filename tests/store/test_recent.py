"""What stays small forgets what was not used for longest; a store that forgot looks it up again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from n4akit.bundle.predictor import Predictor
from n4akit.store import Refused, WorkspaceStore, desk
from n4akit.store.recent import Recent

from .study import begin, new_pipeline, new_prediction
from .test_cleanup import make_old
from .trained import Matrix, Trained


def test_what_was_not_used_for_longest_goes_first() -> None:
    recent = Recent[str, int](2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert ("a" in recent, "b" in recent, "c" in recent) == (True, False, True)
    assert recent.get("b") is None
    recent.put("a", 4)
    assert (recent.get("a"), len(recent)) == (4, 2)
    recent.drop("a")
    recent.drop("nobody")
    assert len(recent) == 1
    recent.clear()
    assert len(recent) == 0


def test_threads_leave_it_no_larger() -> None:
    recent = Recent[int, int](10)

    def use(thread: int) -> None:
        for number in range(20_000):
            recent.put(number % 50 + thread, number)
            recent.get(number % 7)
            if number % 1000 == 0:
                recent.clear()

    with ThreadPoolExecutor(8) as threads:
        [*threads.map(use, range(8))]
    assert len(recent) <= 10 + 8


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> WorkspaceStore:
    """A store that remembers two rows of each table, and two artifacts."""
    monkeypatch.setattr(desk, "REMEMBERED", 2)
    return WorkspaceStore(tmp_path / "workspace")


def test_what_a_store_forgot_is_as_good_as_what_it_knows(forgetful: WorkspaceStore) -> None:
    with forgetful as store:
        study = begin(store)
        first = study.prediction()
        store.save_prediction_arrays(first, np.ones(3), None)
        for _ in range(5):
            new_pipeline(store, store.begin_run("more", {}, []))
            new_prediction(store, pipeline_id=study.pipeline, chain_id=study.chain)
        with pytest.raises(Refused, match="saved already"):
            store.save_prediction_arrays(first, np.ones(3), None)
        study.new_chain()
        store.complete_pipeline(study.pipeline, 0.1, 0.1, "rmse", 1)
        with pytest.raises(Refused, match="completed or failed already"):
            store.complete_pipeline(study.pipeline, 0.1, 0.1, "rmse", 1)
        assert len(store.query_predictions()) == 6 and len(store.list_runs()) == 6
        assert all(len(known) <= 2 for known in store._writing._known.values())


def test_of_artifacts_that_no_chain_names_the_newest_are_no_garbage(forgetful: WorkspaceStore) -> None:
    with forgetful as store:
        saved = [store.save_artifact(number, "int", "model", "joblib") for number in range(4)]
        begin(store).new_chain(fold_artifacts={"0": saved[0]})
        for artifact in saved:
            make_old(store, artifact)
        assert store.gc_artifacts() == 1
        assert [artifact for artifact in saved if store._writing.saved(artifact)] == saved[2:]
        assert [store.load_artifact(artifact) for artifact in (saved[0], *saved[2:])] == [0, 2, 3]


def test_an_artifact_that_a_chain_names_is_no_longer_remembered(store: WorkspaceStore) -> None:
    artifact = store.save_artifact([1.5], "list", "model", "joblib")
    assert store._writing.saved(artifact)
    begin(store).new_chain(fold_artifacts={"0": artifact})
    assert not store._writing.saved(artifact)
    make_old(store, artifact)
    assert store.gc_artifacts() == 0
    assert store.load_artifact(artifact) == [1.5]


def test_a_chain_that_was_put_away_predicts_the_same_again(
    trained: Trained, X: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trained.store, "_predictors", predictors := Recent[tuple[str, bool], Predictor](1))
    one, other = trained.chain(trained.folds("0")), trained.chain(trained.folds("1"))
    answered = [trained.store.replay_chain(chain, X).tobytes() for chain in (one, other, one)]
    assert answered[0] == answered[2] != answered[1]
    assert (one, False) in predictors and len(predictors) == 1
