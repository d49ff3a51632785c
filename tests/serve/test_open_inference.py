"""The Open Inference Protocol, spoken by Triton's own client and by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from litestar.testing import TestClient
from n4akit import load
from n4akit.serve.app import create_app
from n4akit.serve.settings import Settings
from numpy.typing import NDArray

from .server import Server, serving

Matrix = NDArray[np.float64]

triton = pytest.importorskip("tritonclient.http", reason="tritonclient is not installed")

AXIS = np.linspace(850.0, 1050.0, 12)


@pytest.fixture(scope="module")
def client(models: Path, unsound: Path) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(Settings((models, unsound / "mutant.n4a"), max_decoded=1_000_000))) as client:
        yield client


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serving(models) as running:
        yield running


@pytest.fixture(scope="module")
def stranger(server: Server) -> Iterator[Any]:
    """Triton's client."""
    client = triton.InferenceServerClient(server.url.removeprefix("http://").strip("/"))
    yield client
    client.close()


def tensor(name: str, values: NDArray[Any], datatype: str, *, binary: bool) -> Any:
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


# A client that was not written for us


def test_triton_finds_the_server_and_its_models(stranger: Any, models: Path) -> None:
    assert stranger.is_server_live() and stranger.is_server_ready() and stranger.is_model_ready("fat")
    assert stranger.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    said = stranger.get_model_metadata("fat", "1")
    assert (said["name"], said["versions"]) == ("fat", ["1"]) and stranger.is_model_ready("fat", "1")
    assert said["inputs"][0] == {"name": "spectra", "datatype": "FP64", "shape": [-1, -1]}
    outputs = {output["name"]: (output["datatype"], output["shape"]) for output in said["outputs"]}
    assert outputs["value"] == ("FP64", [-1]) and outputs["flags"] == ("BYTES", [-1])
    assert not stranger.is_model_ready("nobody")


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("model", ["fat", "trio"])
def test_triton_gets_the_bits_of_the_library(
    stranger: Any, models: Path, spectra: Matrix, model: str, binary_in: bool, binary_out: bool
) -> None:
    names = np.array([f"säck {i}" for i in range(len(spectra))], dtype=np.object_)
    inputs = [
        tensor("spectra", spectra, "FP64", binary=binary_in),
        tensor("axis", AXIS, "FP64", binary=binary_in),
        tensor("ids", names, "BYTES", binary=binary_in),
    ]
    outputs = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in ("value", "flags", "status")]
    found = stranger.infer(model, inputs, outputs=outputs, request_id="17", parameters={"unit": "nm", "strict": True})
    expected = load(models / f"{model}.n4a").predict_full(spectra)
    assert found.as_numpy("value").tobytes() == expected.values.tobytes()
    assert found.as_numpy("value").shape == expected.values.shape
    assert [bytes(one) if binary_out else one.encode() for one in found.as_numpy("flags")] == [
        " ".join(flags).encode() for flags in expected.flags
    ]
    answer = found.get_response()
    assert (answer["id"], answer["model_name"]) == ("17", model)
    assert answer["parameters"]["axis_action"] == "same" and answer["parameters"]["digest"] == expected.digest


@pytest.mark.parametrize("binary", [True, False])
def test_single_precision_is_widened_exactly(stranger: Any, models: Path, spectra: Matrix, binary: bool) -> None:
    single = spectra.astype(np.float32)
    found = stranger.infer("fat", [tensor("spectra", single, "FP32", binary=binary)])
    assert found.as_numpy("value").tobytes() == load(models / "fat.n4a").predict(single).tobytes()


@pytest.mark.parametrize("compression", ["gzip", None])
def test_triton_may_compress(stranger: Any, models: Path, spectra: Matrix, compression: str | None) -> None:
    asked = [tensor("spectra", spectra, "FP64", binary=True)]
    found = stranger.infer("fat", asked, request_compression_algorithm=compression)
    assert found.as_numpy("value").tobytes() == load(models / "fat.n4a").predict(spectra).tobytes()


def test_all_that_the_model_tells_is_an_output(stranger: Any, spectra: Matrix) -> None:
    said = {output["name"] for output in stranger.get_model_metadata("fat")["outputs"]}
    found = stranger.infer("fat", [tensor("spectra", spectra, "FP64", binary=True)])
    assert {output["name"] for output in found.get_response()["outputs"]} == said >= {"value", "flags", "spread"}


def test_triton_is_told_what_is_wrong(stranger: Any, spectra: Matrix) -> None:
    with pytest.raises(triton.InferenceServerException, match="11 values in each row, expected 12"):
        stranger.infer("fat", [tensor("spectra", spectra[:, :11].copy(), "FP64", binary=True)])


# By hand


def ask(client: TestClient[Any], body: Any, path: str = "fat/infer", **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    return client.post(f"/v2/models/{path}", content=content, headers=named)


def request(rows: Matrix, **members: Any) -> dict[str, Any]:
    data = {"name": "spectra", "shape": list(rows.shape), "datatype": "FP64", "data": rows.reshape(-1).tolist()}
    return {"inputs": [data], **members}


def test_data_may_be_nested_and_nulls_stand_for_rows_without_an_answer(client: TestClient[Any], models: Path) -> None:
    rows = np.random.default_rng(3).normal(size=(3, 12))
    rows[1, 4] = 1e200
    body = request(
        rows, parameters={"on_error": "row"}, outputs=[{"name": name} for name in ("value", "flags", "reason")]
    )
    body["inputs"][0]["data"] = rows.tolist()
    value, flags, reason = ask(client, body).json()["outputs"]
    assert reason["data"] == ["", "point 5 is 1e+200, expected a finite number below 3e150", ""]
    good = load(models / "fat.n4a").predict(rows[[0, 2]]).tolist()
    assert value["data"] == [good[0], None, good[1]] and flags["data"][1] == "refused"
    assert ask(client, request(rows)).status_code == 422


def test_health(client: TestClient[Any]) -> None:
    assert client.get("/v2/health/live").status_code == 200
    ready = client.get("/v2/health/ready")
    assert (ready.status_code, ready.json()) == (503, {"ready": False}), "one of the models is not served"
    assert client.get("/v2/models/fat/ready").status_code == 200
    assert client.get("/v2/models/mutant/ready").status_code == 503
    assert client.get("/v2/models/nobody/ready").status_code == 404
    assert client.get("/v2").json()["name"] == "n4akit"


ROWS = np.linspace(0.0, 1.0, 24).reshape(2, 12) ** 2
GOOD = request(ROWS)


def changed(**members: Any) -> dict[str, Any]:
    return {"inputs": [GOOD["inputs"][0] | members]}


REFUSED: dict[str, tuple[Any, str]] = {
    "no JSON": (b"hello", "the request is no inference request: JSON is malformed"),
    "no inputs": ({}, "missing required field `inputs`"),
    "no spectra": ({"inputs": []}, "inputs: there are no 'spectra'"),
    "another input": (changed(name="x"), "input 'x': expected 'spectra'"),
    "twice the same": ({"inputs": GOOD["inputs"] * 2}, "input 'spectra': expected 'spectra'"),
    "integers": (changed(datatype="INT64"), "input 'spectra': the datatype is 'INT64', expected FP64 or FP32"),
    "one axis": (changed(shape=[24]), "input 'spectra': the shape is [24], expected 2"),
    "another shape": (changed(shape=[3, 12]), "input 'spectra': 24 values were given, expected those of the shape"),
    "a huge shape": (changed(shape=[2**40, 2**40]), "24 values were given, expected those of the shape"),
    "no rows": (changed(shape=[0, 12], data=[]), "the shape is [0, 12], expected 2 of at least 1"),
    "text in a cell": (changed(data=[*[1.5] * 17, "a", *[1.5] * 6]), "row 2, point 6 is text, expected a number"),
    "null in a cell": (changed(data=[None] * 24), "input 'spectra': row 1, point 1 is null, expected a number"),
    "data that are no list": (changed(data={"a": 1}), "its data are no list of numbers"),
    "a huge integer": (changed(data=[10**400] * 24), "input 'spectra'"),
    "bytes that are not there": (
        changed(parameters={"binary_data_size": 8}),
        "binary_data_size must be a number of the 0 bytes that follow",
    ),
    "memory that is shared": (
        GOOD | {"outputs": [{"name": "value", "parameters": {"shared_memory_region": "a"}}]},
        "output 'value': parameter 'shared_memory_region' is not known, expected binary_data",
    ),
    "an unknown parameter": (GOOD | {"parameters": {"units": "nm"}}, "parameter 'units' is not known, expected unit"),
    "a parameter of another type": (GOOD | {"parameters": {"strict": "yes"}}, "got `str` - at `parameters.strict`"),
    "an unknown output": (GOOD | {"outputs": [{"name": "fat"}]}, "output 'fat': there is none, expected value, "),
    "an output twice": (GOOD | {"outputs": [{"name": "q"}] * 2}, "outputs: one is named twice"),
    "an odd switch": (GOOD | {"parameters": {"binary_data_output": 1}}, "binary_data_output: expected true or false"),
    "ids that are numbers": (
        {"inputs": [*GOOD["inputs"], {"name": "ids", "shape": [2], "datatype": "BYTES", "data": [1, 2]}]},
        "input 'ids': its data are no list of texts",
    ),
    "fewer ids": (
        {"inputs": [*GOOD["inputs"], {"name": "ids", "shape": [1], "datatype": "BYTES", "data": ["a"]}]},
        "ids: 1 were given for 2 spectra",
    ),
    "a member that is not known": (GOOD | {"input": 1}, "unknown field `input`"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_an_error_of_the_protocol(client: TestClient[Any], what: str) -> None:
    body, said = REFUSED[what]
    reply = ask(client, body)
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/json"), reply.text
    assert {*reply.json()} == {"error"} and said in reply.json()["error"]


HEADER = json.dumps(changed(data=None, parameters={"binary_data_size": 192})).replace('"data": null, ', "").encode()


def test_bytes_follow_the_json(client: TestClient[Any], models: Path) -> None:
    reply = ask(client, HEADER + ROWS.tobytes(), Inference_Header_Content_Length=str(len(HEADER)))
    assert reply.json()["outputs"][0]["data"] == load(models / "fat.n4a").predict(ROWS).tolist()


@pytest.mark.parametrize(
    ("length", "tail", "said"),
    [
        ("-1", ROWS.tobytes(), "expected a number of bytes up to"),
        ("0" * 5000, ROWS.tobytes(), "expected a number of bytes up to"),
        ("1e3", ROWS.tobytes(), "expected a number of bytes up to"),
        ("9" * 5000, ROWS.tobytes(), "expected a number of bytes up to"),
        ("10", ROWS.tobytes(), "the request is no inference request"),
        (str(len(HEADER)), ROWS.tobytes()[:-1], "binary_data_size must be a number of the 191 bytes that follow"),
        (str(len(HEADER)), ROWS.tobytes() + b"0", "193 bytes behind its JSON, expected 192"),
    ],
)
def test_bytes_that_are_not_as_said_are_refused(client: TestClient[Any], length: str, tail: bytes, said: str) -> None:
    reply = ask(client, HEADER + tail, Inference_Header_Content_Length=length)
    assert reply.status_code == 400 and said in reply.json()["error"]


def test_other_errors_are_of_the_protocol_too(client: TestClient[Any]) -> None:
    for reply, status in (
        (ask(client, GOOD, "nobody/infer"), 404),
        (ask(client, GOOD, "fat/versions/2/infer"), 404),
        (ask(client, GOOD, Content_Type="text/csv"), 415),
        (ask(client, request(np.full((1, 12), 0.5))), 422),
    ):
        assert reply.status_code == status and [*reply.json()] == ["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nowhere", 404),
        ("POST", "/v2/repository/models/fat/load", 404),
        ("GET", "/v2/models/fat/infer", 405),
        ("DELETE", "/v2", 405),
        ("GET", "/v2/models/", 404),
    ],
)
def test_so_are_those_of_routes_there_are_not(client: TestClient[Any], method: str, path: str, status: int) -> None:
    reply = client.request(method, path)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/json"), reply.text
    assert [*reply.json()] == ["error"] and (status == 404 or reply.headers["allow"])
    elsewhere = client.request(method, path.replace("v2", "v3"))
    assert (elsewhere.status_code, elsewhere.headers["content-type"]) == (404, "application/problem+json")
