"""The lane before the framework: whoever is answered there cannot tell it from the usual way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from litestar.testing import TestClient
from n4akit.serve.app import create_app
from n4akit.serve.lane import Lane
from n4akit.serve.settings import Settings

ROW = np.linspace(0.1, 1.2, 12).tolist()
GOOD = json.dumps({"spectra": [ROW], "full": True}).encode()
TENSOR = {"name": "spectra", "datatype": "FP64", "shape": [1, 12], "data": ROW}
INFER = json.dumps({"inputs": [TENSOR], "parameters": {"on_error": "row"}}).encode()

ASKED = {
    "a prediction": ("POST", "/v1/models/fat/predict", GOOD),
    "by a version": ("POST", "/v1/models/fat/versions/1/predict", GOOD),
    "by an alias in the name": ("POST", "/v1/models/fat@1/predict", GOOD),
    "with a slash at the end": ("POST", "/v1/models/fat/predict/", GOOD),
    "with two slashes": ("POST", "/v1//models/fat/predict", GOOD),
    "of a model that is not there": ("POST", "/v1/models/oats/predict", GOOD),
    "of a version that is not there": ("POST", "/v1/models/fat/versions/9/predict", GOOD),
    "no JSON": ("POST", "/v1/models/fat/predict", b"{"),
    "another length": ("POST", "/v1/models/fat/predict", b'{"spectra": [[1, 2]]}'),
    "a constant spectrum": ("POST", "/v1/models/fat/predict", json.dumps({"spectra": [[1.0] * 12]}).encode()),
    "an inference": ("POST", "/v2/models/fat/infer", INFER),
    "an inference of nothing": ("POST", "/v2/models/fat/infer", b'{"inputs": []}'),
    "an inference of a version that is not there": ("POST", "/v2/models/fat/versions/9/infer", INFER),
    "to get one": ("GET", "/v1/models/fat/predict", b""),
    "to put one": ("PUT", "/v2/models/fat/infer", INFER),
}


@pytest.fixture(scope="module")
def ways(fat: Path) -> Iterator[list[TestClient[Any]]]:
    """A client of the server as it is, and one of a server without a lane."""
    with ExitStack() as stack:
        found = []
        for lane in (True, False):
            with pytest.MonkeyPatch.context() as patch:
                if not lane:
                    patch.setattr(Lane, "_look_up", lambda self, path: None)
                app = create_app(Settings((fat,)))
            found.append(stack.enter_context(TestClient(app)))
        yield found


@pytest.mark.parametrize("what", ASKED)
def test_it_answers_as_the_framework_does(ways: list[TestClient[Any]], what: str) -> None:
    method, path, body = ASKED[what]
    answers = []
    for client in ways:
        answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
        told = {n: v for n, v in answer.headers.items() if n not in ("x-request-id", "server-timing")}
        answers.append((answer.status_code, told, answer.content))
    assert answers[0] == answers[1]
