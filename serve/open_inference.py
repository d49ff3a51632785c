"""Routes of the Open Inference Protocol: `/v2` and what is below it. Its errors are `{"error": …}`."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version as version_of
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from ..bundle import Bundle, Result
from .answering import AT_ONCE, Read, answered
from .errors import UnknownModel, Unsupported
from .problems import EXCEPTION_HANDLERS
from .protocols import open_inference as protocol
from .protocols.compression import decompressed
from .repository import Repository
from .settings import Settings

__all__ = ["ROUTES"]

Models = NamedDependency[Repository]
Given = NamedDependency[Settings]

BINARY = "application/octet-stream"


def _as_the_protocol_has_it(handler: Any) -> Any:
    def handle(request: Request[Any, Any, Any], error: Any) -> Response[bytes]:
        answer: Response[bytes] = handler(request, error)
        told = msgspec.json.decode(answer.content, type=dict[str, Any])
        body = msgspec.json.encode({"error": told["detail"]})
        return Response(body, status_code=answer.status_code, headers=dict(answer.headers), media_type=MediaType.JSON)

    return handle


ERRORS = {kind: _as_the_protocol_has_it(handler) for kind, handler in EXCEPTION_HANDLERS.items()}


@get("/v2", exception_handlers=ERRORS)
async def server_metadata() -> dict[str, Any]:
    """Which server this is, and what it speaks beyond the protocol."""
    return {"name": "n4akit", "version": version_of("n4akit"), "extensions": ["binary_tensor_data"]}


@get("/v2/health/live", exception_handlers=ERRORS)
async def server_live() -> dict[str, bool]:
    """The process answers."""
    return {"live": True}


@get("/v2/health/ready", exception_handlers=ERRORS)
async def server_ready(repository: Models) -> Response[dict[str, bool]]:
    """200 when every configured model is served, else 503."""
    ready = bool(repository.models) and not repository.failed
    return Response({"ready": ready}, status_code=200 if ready else 503)


@get(["/v2/models/{name:str}", "/v2/models/{name:str}/versions/{version:str}"], exception_handlers=ERRORS)
async def model_metadata(repository: Models, request: Request[Any, Any, Any], name: FromPath[str]) -> dict[str, Any]:
    """The inputs and outputs of a model."""
    bundle = _model(repository, request, name)
    return protocol.model_metadata(name, [bundle.digest], bundle)


@get(["/v2/models/{name:str}/ready", "/v2/models/{name:str}/versions/{version:str}/ready"], exception_handlers=ERRORS)
async def model_ready(
    repository: Models, request: Request[Any, Any, Any], name: FromPath[str]
) -> Response[dict[str, Any]]:
    """200 when the model is served, 503 when it gives other answers than it should, 404 when there is none."""
    if name in repository.failed:
        return Response({"name": name, "ready": False}, status_code=503)
    _model(repository, request, name)
    return Response({"name": name, "ready": True})


@post(
    ["/v2/models/{name:str}/infer", "/v2/models/{name:str}/versions/{version:str}/infer"],
    status_code=HTTP_200_OK,
    exception_handlers=ERRORS,
)
async def infer(
    request: Request[Any, Any, Any],
    repository: Models,
    settings: Given,
    name: FromPath[str],
) -> Response[bytes]:
    """Predictions for spectra as tensors, in JSON or behind it."""
    bundle = _model(repository, request, name)
    kind = request.content_type[0]
    if kind not in (MediaType.JSON, BINARY, ""):
        raise Unsupported(f"a body of type {kind[:80]!r} was sent, expected {MediaType.JSON.value} or {BINARY}")
    encoding = request.headers.get("content-encoding", "")
    length = request.headers.get(protocol.HEADER_LENGTH)
    body = await request.body()
    read = partial(_read, settings.max_decoded, encoding, length, body)
    at_once = len(body) <= AT_ONCE and not encoding
    return await answered(bundle, read, partial(_tell, name, bundle), at_once=at_once)


def _read(largest: int, encoding: str, length: str | None, body: bytes) -> Read:
    asked, question, spectra = protocol.decode(decompressed(body, encoding, largest), length)
    return Read(question, spectra, asked)


def _tell(name: str, bundle: Bundle, asked: Read, result: Result) -> Response[bytes]:
    content, length_of_json = protocol.encode(name, bundle.digest, asked.how, result)
    if length_of_json is None:
        return Response(content, media_type=MediaType.JSON)
    return Response(content, media_type=BINARY, headers={protocol.HEADER_LENGTH: str(length_of_json)})


def _model(repository: Repository, request: Request[Any, Any, Any], name: str) -> Bundle:
    """The model of that name; its version is its digest."""
    bundle = repository.get(name)
    version = request.path_params.get("version")
    if version not in (None, bundle.digest):
        raise UnknownModel(f"model {name!r} has no version {version!r}; there is {bundle.digest}")
    return bundle


ROUTES = [server_metadata, server_live, server_ready, model_metadata, model_ready, infer]
