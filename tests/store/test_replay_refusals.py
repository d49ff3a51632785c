"""What a record does not say, or says twice, is refused by name and never guessed; what is gone is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from n4akit.bundle import CaptureError, InputError
from n4akit.store import DamagedObject, Refused, UnknownId, WorkspaceStore

from ..conftest import Tecator
from .trained import Matrix, Trained, with_step

REFUSALS: dict[str, tuple[Callable[[Trained], str], str]] = {
    "two artifacts": (
        lambda t: t.chain(t.folds("0"), with_step(2, artifact_ids=[t.scaler_id, t.ids["0"]])),
        r"step 2 .*: 2 artifacts are named",
    ),
    "another artifact": (
        lambda t: t.chain(t.folds("0"), with_step(2, artifact_id=t.ids["0"])),
        r"step 2 .*: 2 artifacts are named, those in the step and those in shared_artifacts are not the same",
    ),
    "no artifact": (
        lambda t: t.chain(t.folds("0"), shared_artifacts={}),
        r"step 2 .*: it was fitted, and no artifact of it is named",
    ),
    "a model before": (
        lambda t: t.chain(t.folds("0"), with_step(1, role="model")),
        r"step 1 .*: it is a model, and none of its artifacts is named",
    ),
    "another branch": (
        lambda t: t.chain(t.folds("0"), with_step(1, branch_path=[1])),
        r"step 1 .*: it is in branch \[1\]",
    ),
    "a deeper branch": (
        lambda t: t.chain(t.folds("0"), with_step(1, branch_path=[0, 1]), branch_path=[0]),
        r"it is in branch \[0, 1\], and the chain in \[0\]",
    ),
    "no model": (lambda t: t.chain({}), "0 models are named for step 3 and 0 per fold"),
    "a model of no fold": (
        lambda t: t.chain(t.folds("0"), with_step(3, artifact_id=t.ids["1"])),
        "1 models are named for step 3 and 1 per fold",
    ),
    "a fold twice": (
        lambda t: t.chain({"0": t.ids["0"], "fold_0": t.ids["1"]}),
        "fold 'fold_0': 2 artifacts are named",
    ),
    "a fold of two": (lambda t: t.chain({"0": [t.ids["0"], t.ids["1"]]}), "fold '0': 2 artifacts are named"),
}


@pytest.mark.parametrize("contradiction", REFUSALS)
def test_what_does_not_say_how_to_predict_is_refused_by_name(
    contradiction: str, trained: Trained, X: Matrix, tmp_path: Path
) -> None:
    make, said = REFUSALS[contradiction]
    chain = make(trained)
    with pytest.raises(Refused, match=said):
        trained.store.replay_chain(chain, X)
    with pytest.raises(Refused, match=said):
        trained.store.export_chain(chain, tmp_path / "model")
    assert not [*tmp_path.iterdir()]


def test_what_never_was_done_to_the_target_is_not_undone(trained: Trained, X: Matrix) -> None:
    chain = trained.chain(trained.folds("0"), with_step(2, role="y"))
    with pytest.raises(CaptureError, match=r"step 2 \(StandardScaler\): Affine: fitted on 100 points, but it gets 1"):
        trained.store.replay_chain(chain, X)


def test_a_step_that_is_not_known_is_named(trained: Trained, X: Matrix) -> None:
    chain = trained.chain(trained.folds("0"), with_step(1, operator_class="vendor.Secret"))
    with pytest.raises(CaptureError, match=r"step 1 \(Secret\).*vendor\.Secret"):
        trained.store.replay_chain(chain, X)


def test_an_unknown_chain_is_a_key_error(trained: Trained, X: Matrix, tmp_path: Path) -> None:
    for attempt in (
        lambda: trained.store.replay_chain("nobody", X),
        lambda: trained.store.export_chain("nobody", tmp_path / "model"),
    ):
        with pytest.raises(UnknownId, match="chain_id 'nobody'"):
            attempt()
    assert not [*tmp_path.iterdir()]


def test_bad_spectra_are_refused(trained: Trained, X: Matrix) -> None:
    chain = trained.chain(trained.folds("0"))
    for bad in (X[0], X[:, :50], np.full((2, 100), np.nan)):
        with pytest.raises(InputError):
            trained.store.replay_chain(chain, bad)


def test_a_damaged_or_missing_model_is_told(store: WorkspaceStore, tecator: Tecator) -> None:
    trained = Trained(store, tecator.X[:150], tecator.fat[:150], {})
    chain, path = trained.chain(trained.folds("0", "1")), store.get_artifact_path(trained.ids["1"])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedObject, match=trained.ids["1"]):
        store.replay_chain(chain, tecator.X)
    path.unlink()
    with pytest.raises(UnknownId, match=trained.ids["1"]):
        store.replay_chain(chain, tecator.X)
    trained.save(trained.models["1"])
    assert store.replay_chain(chain, tecator.X).shape == (215,)


@pytest.mark.parametrize("how", ["deleted", "failed", "deleted elsewhere", "closed"])
def test_a_chain_that_is_gone_is_not_replayed_from_memory(how: str, store: WorkspaceStore, tecator: Tecator) -> None:
    trained = Trained(store, tecator.X[:150], tecator.fat[:150], {})
    chain = trained.chain(trained.folds("0"))
    store.replay_chain(chain, tecator.X)
    if how == "deleted":
        store.delete_run(trained.run)
    elif how == "failed":
        store.fail_pipeline(trained.pipeline, "e")
    elif how == "closed":
        store.close()
    else:
        with WorkspaceStore(store.workspace_path) as other:
            other.delete_run(trained.run)
    with pytest.raises(RuntimeError if how == "closed" else UnknownId):
        store.replay_chain(chain, tecator.X)
