"""Workspaces of nirs4all 0.7.1: two as they were written, others put together again from the chains they exported."""

from __future__ import annotations

import hashlib
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

__all__ = ["CASES", "exported", "unpacked"]

CASES = Path(__file__).parent / "nirs4all_0_7_1"


def unpacked(name: str, folder: Path) -> tuple[Path, Any]:
    """A workspace of nirs4all, unpacked, and its spectra."""
    source = folder / f"source {name}"
    with tarfile.open(CASES / f"{name}.tgz") as archive:
        archive.extractall(source, filter="data")
    return source, np.load(CASES / f"{name}.npz")


def exported(name: str, folder: Path) -> tuple[Path, Any]:
    """The workspace that held an exported chain; that chain and its artifacts are all there is in it."""
    source, case = unpacked("01_pls_plain", folder)
    with zipfile.ZipFile(CASES / f"{name}.n4a") as archive, duckdb.connect(str(source / "store.duckdb")) as database:
        chain = json.loads(archive.read("chain.json"))
        # Children before their parents: each in a transaction of its own, as foreign keys of DuckDB want it.
        for table in ("prediction_arrays", "predictions", "chains", "artifacts"):
            database.execute(f"DELETE FROM {table}")
        pipeline = database.execute("SELECT pipeline_id FROM pipelines LIMIT 1").fetchall()[0][0]
        for artifact, member in _members(archive, chain):
            data = archive.read(member)
            path = f"00/{Path(member).name}"
            (source / "artifacts" / path).parent.mkdir(exist_ok=True)
            (source / "artifacts" / path).write_bytes(data)
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            row = [artifact, path, digest, member.split("_")[1], "model", "joblib", len(data), 1]
            database.execute(
                "INSERT INTO artifacts (artifact_id, artifact_path, content_hash, operator_class, artifact_type,"
                " format, size_bytes, ref_count) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        documents = [json.dumps(chain[key]) for key in ("steps", "fold_artifacts", "shared_artifacts")]
        model = chain["steps"][-1]["operator_class"]
        database.execute(
            "INSERT INTO chains (chain_id, pipeline_id, steps, fold_artifacts, shared_artifacts, model_step_idx,"
            " model_class, preprocessings, fold_strategy) VALUES (?, ?, ?, ?, ?, ?, ?, '', 'per_fold')",
            [name, pipeline, *documents, chain["model_step_idx"], model],
        )
    return source, case


def _members(archive: zipfile.ZipFile, chain: Any) -> Iterator[tuple[str, str]]:
    """Each artifact with its file: the next of its class. The mean over folds does not depend on their order."""
    files = sorted(name for name in archive.namelist() if name.startswith("artifacts/"))
    for step in chain["steps"]:
        titles = step["operator_class"].split(", ")
        for number, artifact in enumerate(step["artifact_ids"]):
            title = titles[number] if len(titles) > 1 else titles[0]
            member = next(file for file in files if f"_{title}_" in file)
            files.remove(member)
            yield artifact, member
