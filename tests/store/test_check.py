"""fsck: a whole workspace is called whole; what is wrong is named, and set aside, never thrown away."""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest
from n4akit.store import WorkspaceError, WorkspaceStore, fsck
from n4akit.store.check import OLD

from .study import Study, begin


@pytest.fixture
def whole(workspace: Path) -> Path:
    """A closed workspace with a run, a chain with an artifact, and a prediction with arrays."""
    with WorkspaceStore(workspace) as store:
        study = begin(store)
        artifact = store.save_artifact(np.arange(500.0), "ndarray", "model", "pickle")
        study.new_chain(fold_artifacts={"0": artifact})
        study.arrays(study.prediction(), y_pred=np.ones(4), y_proba=np.ones((4, 2)))
    return workspace


def change(workspace: Path, *statements: str) -> None:
    """Do something to the database behind the store's back."""
    with duckdb.connect(str(workspace / "store.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_whole_workspace_has_no_findings(whole: Path) -> None:
    assert fsck(whole) == []


def test_rows_without_parents_are_named_and_set_aside_with_all_they_hold(whole: Path) -> None:
    change(whole, "DELETE FROM predictions")
    (finding,) = fsck(whole)
    assert "prediction_arrays" in finding.what and "is no row of predictions" in finding.what and not finding.repaired
    repaired, kept = fsck(whole, repair=True)
    assert repaired.repaired and fsck(whole) == [kept]
    assert "is in quarantine: prediction_id names no row of predictions" in kept.what
    with duckdb.connect(str(whole / "store.duckdb")) as connection:
        assert connection.execute("SELECT count(*) FROM prediction_arrays").fetchall() == [(0,)]
        assert '"y_pred":[1.0,1.0,1.0,1.0]' in connection.execute("SELECT doc FROM n4a.quarantine").fetchall()[0][0]


def test_a_chain_of_an_artifact_that_is_not_recorded_is_told(whole: Path) -> None:
    change(whole, "DELETE FROM artifacts")
    (finding,) = fsck(whole)
    assert "chains name it, and it is not recorded" in finding.what


def test_a_shape_that_does_not_fit_is_told(whole: Path) -> None:
    change(whole, "UPDATE prediction_arrays SET y_proba_shape = [3, 2]")
    (finding,) = fsck(whole)
    assert "y_proba does not have the shape recorded" in finding.what


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_a_damaged_or_missing_artifact_is_named(whole: Path, damage: str) -> None:
    (file,) = whole.glob("artifacts/*/*")
    if damage == "remove":
        file.unlink()
    else:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data if damage == "flip" else data[:-7])
    (finding,) = fsck(whole)
    assert file.name.split(".")[0] in finding.what
    fsck(whole, repair=True)
    assert "is missing" in fsck(whole)[0].what
    assert file.with_name(f"{file.name}.damaged").exists() == (damage != "remove")


def test_files_that_nobody_names_are_told_once_they_are_old(whole: Path) -> None:
    stray = whole / "artifacts" / "ab" / ".abcd.joblib.part"
    stray.parent.mkdir()
    stray.write_bytes(b"half")
    assert fsck(whole) == []
    os.utime(stray, (time.time() - 2 * OLD,) * 2)
    (finding,) = fsck(whole)
    assert finding.what == "ab/.abcd.joblib.part: no artifact that is recorded" and stray.exists()
    fsck(whole, repair=True)
    assert not stray.exists() and fsck(whole) == []


def test_what_is_in_the_inbox_still_is_moved_and_checked(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        study: Study = begin(store)
        study.prediction()
        assert fsck(workspace) == []


def test_a_folder_without_workspace_is_refused_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"no workspace in it: neither store\.duckdb nor inbox\.sqlite"):
        fsck(tmp_path)
    assert list(tmp_path.iterdir()) == []
