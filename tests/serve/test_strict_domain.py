"""A spectrum unlike the calibration gets its answer with a verdict, or none where that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from litestar.testing import TestClient
from n4akit.bundle.writer import write_bundle
from n4akit.serve.app import create_app
from n4akit.serve.settings import Settings

from ..bundle.conftest import make_model

CALIBRATION = np.random.default_rng(11).normal(size=(60, 12)) * 0.01 + np.linspace(0.0, 1.0, 12)
USUAL = CALIBRATION[7]
ODD = USUAL + np.where(np.arange(12) % 2, 9.0, -9.0)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Any]]:
    path = tmp_path_factory.mktemp("domain") / "fat.n4a"
    write_bundle(make_model(12).chain, path, calibration=CALIBRATION)
    with TestClient(create_app(Settings((path,)))) as client:
        yield client


def ask(client: TestClient[Any], *rows: Any, **members: Any) -> Any:
    return client.post("/v1/models/fat/predict", json={"spectra": [row.tolist() for row in rows], **members})


def test_it_is_answered_with_its_verdict(client: TestClient[Any]) -> None:
    reply = ask(client, USUAL, ODD, full=True)
    assert reply.status_code == 200
    assert "q_error" in reply.json()["flags"][1] and "q_error" not in reply.json()["flags"][0]
    assert [record["status"] for record in reply.json()["records"]][1] == "error"


def test_strict_domain_refuses_it_by_its_row_and_flags(client: TestClient[Any]) -> None:
    reply = ask(client, USUAL, ODD, strict_domain=True)
    problem = reply.json()
    assert (reply.status_code, problem["title"]) == (422, "spectra outside of the model's domain")
    assert problem["detail"].startswith("1 of 2 spectra are refused: row 2: outside of the model's domain: ")
    assert [row["row"] for row in problem["rows"]] == [2] and "q_error" in problem["rows"][0]["reason"]
    assert ask(client, USUAL, strict_domain=True).status_code == 200


def test_row_by_row_it_takes_no_other_with_it(client: TestClient[Any]) -> None:
    brief = ask(client, USUAL, ODD, strict_domain=True, on_error="row").json()
    (refused,) = brief["refused"]
    assert refused["row"] == 2 and "outside of the model's domain" in refused["reason"]
    answer = ask(client, USUAL, ODD, strict_domain=True, on_error="row", full=True).json()
    assert answer["values"] == [ask(client, USUAL).json()["values"][0], None]
    assert answer["flags"][1] == ["refused"] and "q_error" in answer["records"][1]["reason"]
