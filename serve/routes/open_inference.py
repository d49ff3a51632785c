"""Routes of the Open Inference Protocol: `/v2` and what is below it."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version as version_of
from typing import Any

from litestar import MediaType, Response, get, post
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK
from litestar.types import Scope

from ...bundle import Result
from ..answering import Read, answered, read_at_once
from ..errors import Unsupported
from ..protocols import open_inference as protocol
from ..protocols.compression import decompressed
from ..slot import Model
from .answers import Answer, Given, body_of, headers_of, media_type

__all__ = ["infer", "model_metadata", "model_ready", "server_live", "server_metadata", "server_ready"]

BINARY = "application/octet-stream"


@get("/v2")
async def server_metadata() -> dict[str, Any]:
    """Which server this is, and what it speaks beyond the protocol."""
    return {"name": "n4akit", "version": version_of("n4akit"), "extensions": ["binary_tensor_data"]}


@get("/v2/health/live")
async def server_live() -> dict[str, bool]:
    """The process answers."""
    return {"live": True}


@get("/v2/health/ready")
async def server_ready(desk: Given) -> Response[dict[str, bool]]:
    """200 when every model that was there at the start can be served, else 503."""
    ready = desk.repository.ready
    return Response({"ready": ready}, status_code=200 if ready else 503)


@get(["/v2/models/{name:str}", "/v2/models/{name:str}/versions/{version:str}"])
async def model_metadata(desk: Given, name: FromPath[str], version: FromPath[str | None] = None) -> dict[str, Any]:
    """The versions of a model, and the inputs and outputs of one: the default unless another is named."""
    model = await desk.repository.get(name, version)
    served = desk.repository.models.get(model.name)
    versions = [*served.slots] if served else [model.version]
    return protocol.model_metadata(model.name, versions, model.bundle)


@get(["/v2/models/{name:str}/ready", "/v2/models/{name:str}/versions/{version:str}/ready"])
async def model_ready(
    desk: Given, name: FromPath[str], version: FromPath[str | None] = None
) -> Response[dict[str, Any]]:
    """200 when the model can be served, 503 when it gives other answers than it should, 404 when there is none."""
    repository = desk.repository
    served = repository.models.get(repository.model_of(name))
    hopeless = served is not None and not served.slots
    ready = not hopeless and repository.find(name, version).sound
    return Response({"name": name, "ready": ready}, status_code=200 if ready else 503)


@post(
    ["/v2/models/{name:str}/infer", "/v2/models/{name:str}/versions/{version:str}/infer"],
    status_code=HTTP_200_OK,
)
async def infer(
    scope: Scope,
    desk: Given,
    name: FromPath[str],
    version: FromPath[str | None] = None,
) -> Answer:
    """Predictions for spectra as tensors, in JSON or behind it."""
    model = await desk.repository.get(name, version)
    said = headers_of(scope, b"content-type", b"content-encoding", protocol.HEADER_LENGTH.encode())
    kind, (encoding, length) = media_type(said[0]), (value.decode("latin-1") for value in said[1:])
    if kind not in (MediaType.JSON, BINARY, ""):
        raise Unsupported(f"a body of type {kind[:80]!r} was sent, expected {MediaType.JSON.value} or {BINARY}")
    body = body_of(scope)
    text = protocol.length_of_json(body, length) if not encoding else len(body)
    read = partial(_read, desk.settings.max_decoded, encoding, length, body)
    at_once = not encoding and read_at_once(text, len(body) - text)
    return await answered(scope, desk, model, read, partial(_tell, model), at_once=at_once)


def _read(largest: int, encoding: str, length: str, body: bytes) -> Read:
    asked, question, spectra = protocol.decode(decompressed(body, encoding, largest), length)
    return Read(question, spectra, asked)


def _tell(model: Model, asked: Read, result: Result) -> Answer:
    content, length_of_json = protocol.encode(model.name, model.version, asked.how, result)
    if length_of_json is None:
        return Answer(content, MediaType.JSON)
    return Answer(content, BINARY, {protocol.HEADER_LENGTH: str(length_of_json)})
