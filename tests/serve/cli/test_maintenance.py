"""`n4a fsck`, `gc`, `vacuum` and `import`: what is wrong is named, and nothing is removed unasked."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from n4akit.store import WorkspaceStore

from ...recorded import Recorded
from ..server import n4a


@pytest.fixture
def workspace(recorded: Recorded, tmp_path: Path) -> Path:
    """A copy to work on, with an artifact whose chain was deleted."""
    copy = tmp_path / "copy"
    shutil.copytree(recorded.workspace, copy)
    with WorkspaceStore(copy) as store:
        run = store.begin_run("given up", {}, [])
        pipeline = store.begin_pipeline(run, "p", {}, [], "d", "h")
        artifact = store.save_artifact(list(range(1000)), "list", "model", "joblib")
        step = {"step_idx": 1, "operator_class": "list", "artifact_id": None, "stateless": False}
        store.save_chain(pipeline, [step], 1, "list", "", "per_fold", {"0": artifact}, {})
        store.delete_run(run, delete_artifacts=False)
    return copy


def test_a_whole_workspace_is_called_whole(recorded: Recorded, workspace: Path) -> None:
    done = n4a("fsck", workspace)
    assert (done.returncode, done.stdout) == (0, f"{workspace}: whole\n")
    assert json.loads(n4a("fsck", workspace, "--json").stdout) == []


def test_a_damaged_file_is_found_named_and_set_aside_on_request(workspace: Path) -> None:
    damaged = max(workspace.glob("artifacts/*/*.joblib"), key=lambda path: path.stat().st_size)
    os.truncate(damaged, 100)
    done = n4a("fsck", workspace)
    assert done.returncode == 5 and f"{damaged.stem} was altered" in done.stdout.replace(".joblib", "")
    assert damaged.exists()
    assert n4a("fsck", workspace, "--repair").returncode == 0
    assert not damaged.exists() and damaged.with_name(f"{damaged.name}.damaged").exists()
    assert "its file" in n4a("fsck", workspace).stdout and "is missing" in n4a("fsck", workspace).stdout


def test_garbage_is_listed_first_and_deleted_on_request(workspace: Path) -> None:
    before = set(workspace.glob("artifacts/*/*"))
    said = json.loads(n4a("gc", workspace, "--json").stdout)
    (artifact,) = said["garbage"]
    assert said["garbage"][artifact] > 1000 and said["deleted"] == 0
    assert "nothing was deleted; --yes does it" in n4a("gc", workspace).stdout
    assert set(workspace.glob("artifacts/*/*")) == before
    assert n4a("gc", workspace, "--yes").stdout.endswith("bytes: 1 deleted\n")
    assert {path.stem for path in before - set(workspace.glob("artifacts/*/*"))} == {artifact}


def test_vacuum_says_sizes_first(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        run = store.begin_run("large", {"x": ["text"] * 200_000}, [])
        store.get_run(run)
        store.delete_run(run)
    size = (workspace / "store.duckdb").stat().st_size
    assert "--yes makes it smaller" in n4a("vacuum", workspace).stdout
    assert (workspace / "store.duckdb").stat().st_size >= size
    said = json.loads(n4a("vacuum", workspace, "--yes", "--json").stdout)
    assert said["after"] < said["bytes"]
    assert (workspace / "store.duckdb").stat().st_size < size
    assert n4a("fsck", workspace).returncode == 0


def test_import_adds_once(recorded: Recorded, tmp_path: Path) -> None:
    target = tmp_path / "target"
    first = json.loads(n4a("import", recorded.workspace, target, "--json").stdout)
    assert first["rows"]["runs"] == 1 and first["missing"] == []
    again = n4a("import", recorded.workspace, target)
    assert again.returncode == 0 and again.stdout.startswith("0 runs, 0 pipelines, 0 chains")
    assert recorded.chain_id in n4a("runs", target).stdout


@pytest.mark.parametrize("arguments", [("fsck",), ("gc",), ("vacuum",), ("import", "nowhere/else")])
def test_a_folder_without_workspace_is_named_and_left_alone(arguments: tuple[str, ...], tmp_path: Path) -> None:
    verb, *rest = arguments
    done = n4a(verb, tmp_path, *(tmp_path / path for path in rest))
    assert done.returncode == 4 and f"{tmp_path}: no workspace" in done.stderr
    assert list(tmp_path.iterdir()) == []
