"""Which scikit-learn wrote the artifacts of a chain is recorded, and decides how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sklearn
from n4akit.bundle import CaptureError, load
from n4akit.store import Refused, WorkspaceStore, import_workspace

from .test_importing import opened
from .trained import Matrix, Trained


def wrote(store: WorkspaceStore, version: str, *artifacts: str) -> None:
    """Record that another version wrote these artifacts."""
    query = "UPDATE artifacts SET environment = json_merge_patch(environment, ?) WHERE list_contains(?, artifact_id)"
    with store._desk.database() as connection:
        connection.execute(query, [f'{{"scikit-learn": "{version}"}}', list(artifacts)])


def proofs(trained: Trained, chain: str, path: Path) -> dict[str, Any]:
    manifest = load(trained.store.export_chain(chain, path)).manifest
    proven = {str(step["name"]): step["verified"] for step in manifest["chain"]["steps"]}
    return proven | dict(manifest["environment"])


def test_a_bundle_says_that_it_was_proven_where_it_was_fitted(trained: Trained, tmp_path: Path) -> None:
    chain = trained.chain(trained.folds("0"))
    said = proofs(trained, chain, tmp_path / "here")
    assert said["StandardScaler"] == "origin-environment" and said["scikit-learn"] == sklearn.__version__
    wrote(trained.store, "1.5.2", trained.scaler_id, trained.ids["0"])
    said = proofs(trained, chain, tmp_path / "elsewhere")
    assert said["StandardScaler"] == "live" and said["scikit-learn"] == "1.5.2"


def test_artifacts_of_two_versions_are_refused(trained: Trained, X: Matrix) -> None:
    chain = trained.chain(trained.folds("0"))
    wrote(trained.store, "1.3.2", trained.scaler_id)
    with pytest.raises(Refused, match=r"written by scikit-learn 1\.3\.2 and .*, expected one version"):
        trained.store.replay_chain(chain, X)


def test_a_version_whose_states_were_not_compared_is_refused(trained: Trained, X: Matrix) -> None:
    chain = trained.chain(trained.folds("0"))
    wrote(trained.store, "1.2.2", trained.scaler_id, trained.ids["0"])
    with pytest.raises(CaptureError, match=r"scikit-learn 1\.2\.2 wrote its state, .* compared from 1\.3 to"):
        trained.store.replay_chain(chain, X)


def test_what_is_imported_from_nirs4all_says_itself_who_wrote_it(tmp_path: Path) -> None:
    source, _ = opened("01_pls_plain", tmp_path)
    import_workspace(source, tmp_path / "target")
    with WorkspaceStore(tmp_path / "target") as store, store._desk.database() as connection:
        query = "SELECT DISTINCT json_extract_string(environment, '$.\"scikit-learn\"') FROM artifacts"
        versions = [row[0] for row in connection.execute(query).fetchall()]
    # An object of nirs4all alone does not say.
    assert [version.split(".")[0] for version in versions if version is not None] == ["1"]
