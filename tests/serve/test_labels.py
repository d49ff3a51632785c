"""Classifiers answer in every form, with the labels that they had in training."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from litestar.testing import TestClient
from n4akit import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.writer import write_bundle
from n4akit.serve.app import create_app
from n4akit.serve.settings import Settings
from sklearn.linear_model import LogisticRegression

from .bodies import ARROW, CSV, JSON, NPY

X = np.random.default_rng(2).normal(size=(40, 6))
LABELS: dict[str, list[Any]] = {
    "texts": ["barley", "oats", "rye"],
    "integers": [3, 5, 9],
    "truths": [False, True, True],
    "floats": [1.0, 2.0, 4.0],
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_come_back_in_every_form(tmp_path: Path, kind: str) -> None:
    y = np.array(LABELS[kind])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
    path = write_bundle(from_sklearn(LogisticRegression().fit(X, y)), tmp_path / "sort.n4a")
    expected = load(path).predict_full(X)
    rows = X.copy()
    rows[1, 0] = 1e200
    asked = {"spectra": rows.tolist(), "on_error": "row"}
    with TestClient(create_app(Settings((path,)))) as client:

        def answer(accept: str) -> bytes:
            reply = client.post("/v1/models/sort/predict", json=asked, headers={"Accept": accept})
            assert reply.status_code == 200, reply.text
            return reply.content

        told = json.loads(answer(JSON))["values"]
        table = pa.ipc.open_stream(answer(ARROW)).read_all()
        lines = answer(CSV).decode().splitlines()[1:]
        plain = np.load(io.BytesIO(answer(NPY)), allow_pickle=False)
        tensors = {"name": "spectra", "shape": [40, 6], "datatype": "FP64", "data": X.tolist()}
        outputs = client.post("/v2/models/sort/infer", json={"inputs": [tensors]}).json()["outputs"]
        said = {output["name"]: output for output in client.get("/v2/models/sort").json()["outputs"]}
    labels = expected.values.tolist()
    assert told[1] is None and told[2:] == labels[2:]
    assert table["value"].to_pylist() == told and table["proba"][2].as_py() == expected.proba.tolist()[2]  # type: ignore[union-attr]
    written = [str(one).lower() if kind == "truths" else str(one) for one in labels]
    assert [line.split(",")[3] for line in lines[2:]] == written[2:]
    assert len(plain) == 40 and [str(one) for one in plain.tolist()[2:]] == [str(one) for one in labels[2:]]
    found = {output["name"]: output for output in outputs}
    as_data = labels if kind in ("integers", "floats") else list(map(str, labels))
    assert found["value"]["data"] == as_data and found["value"]["datatype"] == said["value"]["datatype"]
    assert np.array(found["proba"]["data"]).tobytes() == np.ascontiguousarray(expected.proba).tobytes()
