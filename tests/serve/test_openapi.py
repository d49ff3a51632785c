"""The OpenAPI document is true: real answers fit it, all routes are in it, and nothing in it leads elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from litestar.testing import TestClient
from n4akit.serve.app import create_app
from n4akit.serve.routes import ROUTES
from n4akit.serve.settings import Settings
from numpy.typing import NDArray

from .bodies import BODIES, VALUES

Matrix = NDArray[np.float64]


@pytest.fixture(scope="module")
def client(models: Path) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(Settings((models,)))) as client:
        yield client


@pytest.fixture(scope="module")
def document(client: TestClient[Any]) -> Any:
    return client.get("/schema/openapi.json").json()


def told(document: Any, path: str, method: str, reply: Any) -> Any:
    """The schema of an answer."""
    answers = document["paths"][path][method]["responses"]
    answer = answers.get(str(reply.status_code), answers["default"])
    kind = reply.headers["content-type"].partition(";")[0]
    assert kind in answer["content"], f"{method} {path} answered {reply.status_code} as {kind}"
    return answer["content"][kind].get("schema", {})


def fits(document: Any, schema: Any, value: Any) -> None:
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)


ROWS = (np.linspace(0.0, 1.0, 24).reshape(2, 12) ** 2).tolist()
TENSOR = {"name": "spectra", "shape": [2, 12], "datatype": "FP64", "data": ROWS}
ASKED: list[tuple[str, str, str, Any]] = [
    ("get", "/live", "/live", None),
    ("get", "/ready", "/ready", None),
    ("get", "/v1/models", "/v1/models", None),
    ("get", "/v1/models/{name}", "/v1/models/fat", None),
    ("get", "/v1/models/{name}", "/v1/models/nobody", None),
    ("get", "/v1/models/{name}/versions/{version}", "/v1/models/fat/versions/1", None),
    ("get", "/v1/models/{name}/card", "/v1/models/fat/card", None),
    ("post", "/v1/models/{name}/reload", "/v1/models/fat/reload", {}),
    ("post", "/v1/models/{name}/reload", "/v1/models/nobody/reload", {}),
    ("post", "/v1/reload", "/v1/reload", {}),
    *(
        ("post", "/v1/models/{name}/predict", f"/v1/models/{model}/predict", {"spectra": ROWS, **more})
        for model in ("fat", "trio", "nobody")
        for more in (
            {},
            {"full": True, "ids": ["a", 2], "samples": [1, 1]},
            {"axis": [1.0]},
            {"spectra": [[1.0] * 12]},
            {"spectra": [["a"]]},
            {"spectra": [[1e200] * 12, ROWS[0]], "on_error": "row", "full": True},
        )
    ),
    ("get", "/v2", "/v2", None),
    ("get", "/v2/health/live", "/v2/health/live", None),
    ("get", "/v2/health/ready", "/v2/health/ready", None),
    ("get", "/v2/models/{name}", "/v2/models/trio", None),
    ("get", "/v2/models/{name}/ready", "/v2/models/trio/ready", None),
    ("get", "/v2/models/{name}/versions/{version}", "/v2/models/trio/versions/1", None),
    ("post", "/v2/models/{name}/infer", "/v2/models/trio/infer", {"inputs": [TENSOR], "id": "1"}),
    ("post", "/v2/models/{name}/infer", "/v2/models/trio/infer", {"inputs": []}),
    (
        "post",
        "/v2/models/{name}/versions/{version}/infer",
        "/v2/models/trio/versions/1/infer",
        {"inputs": [TENSOR]},
    ),
]


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_answers_are_as_the_document_says(client: TestClient[Any], document: Any, number: int) -> None:
    method, path, address, body = ASKED[number]
    reply = client.request(method, address, json=body) if body is not None else client.request(method, address)
    fits(document, told(document, path, method, reply), reply.json())


@pytest.mark.parametrize("body", [body for _, path, _, body in ASKED if "predict" in path and body["spectra"] == ROWS])
def test_the_bodies_that_are_taken_fit_the_document(document: Any, body: Any) -> None:
    fits(document, {"$ref": "#/components/schemas/Body"}, body)


def test_it_says_which_bodies_and_answers_there_are(document: Any) -> None:
    operation = document["paths"]["/v1/models/{name}/predict"]["post"]
    assert {*operation["requestBody"]["content"]} == {*BODIES}
    assert {*operation["responses"]["200"]["content"]} == {*VALUES}


def test_every_answer_in_json_is_described(document: Any) -> None:
    answers = [
        (path, content)
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for answer in operation["responses"].values()
        for kind, content in answer["content"].items()
        if kind.endswith("json")
    ]
    assert [path for path, content in answers if not content.get("schema")] == []


def test_the_heads_of_tables_are_in_it(client: TestClient[Any], document: Any) -> None:
    reply = client.post("/v1/models/fat/predict", json={"spectra": ROWS}, headers={"Accept": "text/csv"})
    described = document["paths"]["/v1/models/{name}/predict"]["post"]["responses"]["200"]["headers"]
    told = {name for name in reply.headers if name.startswith("n4a-")}
    assert told == {*described} - {"n4a-settings"}, "there are no settings beside this model"


def test_every_route_is_in_it_and_every_reference_leads_somewhere(document: Any) -> None:
    routes = {
        (method.lower(), path.replace(":str", ""))
        for route in ROUTES
        for path in route.paths
        for method in route.http_methods
    }
    # The files of the web page are nobody's interface.
    routes = {(method, path) for method, path in routes if path != "/" and not path.startswith("/page/")}
    assert {(method, path) for path, methods in document["paths"].items() for method in methods} == routes
    names = {text.rpartition("/")[2] for text in re.findall(r'"\$ref": "([^"]+)"', str(document).replace("'", '"'))}
    assert names and names <= {*document["components"]["schemas"]}


def test_the_page_tells_all_and_asks_nobody_else(client: TestClient[Any], document: Any) -> None:
    reply = client.get("/schema")
    assert reply.headers["content-type"].startswith("text/html")
    style = re.findall(r"<style>(.*?)</style>", reply.text, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in reply.headers.get_list("content-security-policy")[0]
    assert len(reply.headers.get_list("content-security-policy")) == 1
    assert all(path in reply.text for path in document["paths"])
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://", reply.text)
    assert client.get("/" + re.findall(r'href="([^#"]+)"', reply.text)[0]).json() == document
