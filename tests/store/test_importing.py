"""Other workspaces: taken in once however often it is asked, and left as they were."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import duckdb
import joblib
import numpy as np
import pytest
from n4akit import load
from n4akit.bundle.dialects import UnknownName
from n4akit.store import Busy, WorkspaceError, WorkspaceStore, fsck, import_workspace

from .foreign import unpacked


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def chains(store: WorkspaceStore) -> list[dict[str, Any]]:
    listed = [store.get_chains_for_pipeline(id) for id in store.list_pipelines()["pipeline_id"]]
    return [store.get_chain(id) or {} for frame in listed for id in frame["chain_id"]]


def test_a_workspace_of_nirs4all_predicts_here_what_it_predicted_there(tmp_path: Path) -> None:
    source, case = unpacked("01_pls_plain", tmp_path)
    before = digests(source)
    imported = import_workspace(source, tmp_path / "target")
    assert digests(source) == before
    assert imported.rows["chains"] == 2 and imported.missing == ()
    with WorkspaceStore(tmp_path / "target") as store:
        found = {tuple(chain["fold_artifacts"]): chain["chain_id"] for chain in chains(store)}
        folds = store.replay_chain(found["fold_0", "fold_1", "fold_2"], case["X_new"])
        assert np.abs(folds - case["expected"].ravel()).max() < 1e-10 * np.ptp(case["expected"])
        path = store.export_chain(found["fold_0", "fold_1", "fold_2"], tmp_path / "model")
        refitted = store.replay_chain(found["fold_final",], case["X_new"])
    assert (load(path).predict(case["X_new"]) == folds).all()
    assert np.sqrt(np.mean((refitted - case["y_new"]) ** 2)) < 2.0
    assert fsck(tmp_path / "target") == []


def test_preprocessing_inside_a_branch_is_not_skipped(tmp_path: Path) -> None:
    source, case = unpacked("07_branch_two_models", tmp_path)
    import_workspace(source, tmp_path / "target")
    with WorkspaceStore(tmp_path / "target") as store:
        pls = [chain for chain in chains(store) if chain["branch_path"] == [0]]
        assert len(pls) == 2
        for chain in pls:
            names = [(step["operator_class"], step["role"]) for step in chain["steps"]]
            assert names == [("StandardNormalVariate", "x"), ("PLSRegression", "model")]
            error = store.replay_chain(chain["chain_id"], case["X_new"]) - case["y_new"]
            assert np.sqrt(np.mean(error**2)) < 2.0  # without the SNV of the branch it is 10


def test_a_chain_of_a_class_that_is_not_known_is_imported_and_refused_by_name(tmp_path: Path) -> None:
    source, case = unpacked("01_pls_plain", tmp_path)
    path = next((source / "artifacts").rglob("transformer_StandardNormalVariate_*"))
    joblib.dump(OrderedDict(a=1), path)
    with duckdb.connect(str(source / "store.duckdb")) as database:
        digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        database.execute(
            "UPDATE artifacts SET content_hash = ? WHERE operator_class = 'StandardNormalVariate'", [digest]
        )
    assert import_workspace(source, tmp_path / "target").missing == ()
    with WorkspaceStore(tmp_path / "target") as store:
        for chain in chains(store):
            with pytest.raises(UnknownName, match=r"collections\.OrderedDict is named in the pickle"):
                store.replay_chain(chain["chain_id"], case["X_new"])


def test_importing_again_adds_nothing(tmp_path: Path) -> None:
    source, _ = unpacked("01_pls_plain", tmp_path)
    import_workspace(source, tmp_path / "target")
    before = digests(tmp_path / "target" / "artifacts")
    assert set(import_workspace(source, tmp_path / "target").rows.values()) == {0}
    assert digests(tmp_path / "target" / "artifacts") == before


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A workspace of ours with one chain, as it is on a machine that went away without closing it."""
    folder = tmp_path / "ours"
    code = """
import os, sys
import numpy as np
from n4akit.store import WorkspaceStore
from sklearn.linear_model import LinearRegression
store = WorkspaceStore(sys.argv[1])
run = store.begin_run("elsewhere", {"seed": 1}, [{"name": "d"}])
pipeline = store.begin_pipeline(run, "p", [], [], "d", "h")
X = np.arange(12.0).reshape(4, 3) ** 2
model = store.save_artifact(LinearRegression().fit(X, X @ [1.0, 2.0, 3.0]), "LinearRegression", "model", "cloudpickle")
step = {"step_idx": 1, "operator_class": "LinearRegression", "params": {}, "artifact_id": None, "stateless": False}
store.save_chain(pipeline, [step], 1, "LinearRegression", "", "per_fold", {"0": model}, {})
store.complete_run(run, {"done": True})
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    return folder


def test_workspaces_of_two_machines_become_one(ours: Path, tmp_path: Path) -> None:
    with WorkspaceStore(tmp_path / "target") as store:
        mine = store.begin_run("here", {}, [{"name": "d"}])
    imported = import_workspace(ours, tmp_path / "target")
    assert (imported.rows["runs"], imported.rows["artifacts"], imported.missing) == (1, 1, ())
    with WorkspaceStore(tmp_path / "target") as store:
        later = store.begin_run("later", {}, [])
        listed = store.list_runs()
        assert listed["name"].to_list() == ["later", "elsewhere", "here"]
        assert {mine, later} < set(listed["run_id"])
        chain = chains(store)[0]
        assert np.allclose(store.replay_chain(chain["chain_id"], np.eye(3) + 1.0), [7.0, 8.0, 9.0])
        assert (store.get_run(listed["run_id"][1]) or {})["summary"] == {"done": True}
    assert set(import_workspace(ours, tmp_path / "target").rows.values()) == {0}
    assert fsck(tmp_path / "target") == []


def test_a_damaged_artifact_is_told_and_blocks_nothing(ours: Path, tmp_path: Path) -> None:
    file = next((ours / "artifacts").glob("*/*.zst"))
    file.write_bytes(file.read_bytes()[:-4] + b"oops")
    imported = import_workspace(ours, tmp_path / "target")
    assert imported.rows["chains"] == 1 and imported.rows["artifacts"] == 0
    assert len(imported.missing) == 1 and "LinearRegression" in imported.missing[0]


def test_what_is_no_workspace_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"there is no store\.duckdb in it"):
        import_workspace(tmp_path, tmp_path / "target")
    duckdb.connect(str(tmp_path / "store.duckdb")).execute("CREATE TABLE runs (x INTEGER)").close()
    with pytest.raises(WorkspaceError, match="lacks the tables artifacts, chains, logs"):
        import_workspace(tmp_path, tmp_path / "target")
    with pytest.raises(WorkspaceError, match="the workspace itself"):
        import_workspace(tmp_path, tmp_path)


def test_a_source_that_another_program_has_open_is_told(tmp_path: Path) -> None:
    source, _ = unpacked("01_pls_plain", tmp_path)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(source / "store.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None and holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(Busy, match=rf"PID {holder.pid}"):
            import_workspace(source, tmp_path / "target")
        holder.stdin.close()
