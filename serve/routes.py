"""What the server answers: the models it has, their predictions, and whether it is well."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from ..bundle import Bundle, Result
from . import open_inference
from .answering import AT_ONCE, Read, answered
from .openapi import document, encoded
from .openapi_page import page
from .problems import problem
from .protocols import media
from .protocols.compression import decompressed
from .protocols.predicted import contributions
from .repository import Repository
from .settings import Settings

__all__ = ["ROUTES"]

Models = NamedDependency[Repository]
Given = NamedDependency[Settings]


@get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/ready")
async def ready(repository: Models) -> Response[bytes]:
    """Every configured model gives its golden answers; 503 with the reasons while one does not."""
    if repository.failed or not repository.models:
        reasons = {name: list(problems) for name, problems in repository.failed.items()}
        detail = f"not served: {', '.join(reasons)}" if reasons else "no model is served"
        return problem(503, "not ready", detail, models=reasons)
    return _json({"status": "ready", "models": sorted(repository.models)})


@get("/v1/models")
async def list_models(repository: Models) -> Response[bytes]:
    """All models, those that could not be loaded with what is wrong."""
    models = [_summary(name, bundle) for name, bundle in sorted(repository.models.items())]
    failed = [{"name": name, "problems": problems} for name, problems in sorted(repository.failed.items())]
    return _json({"models": models, "failed": failed})


@get("/v1/models/{name:str}")
async def get_model(repository: Models, name: FromPath[str]) -> Response[bytes]:
    """What there is to know about one model."""
    info = repository.get(name).info()
    del info["path"]  # where it lies is nobody's business outside
    return _json({"name": name, **info})


@post("/v1/models/{name:str}/predict", status_code=HTTP_200_OK)
async def predict(
    request: Request[Any, Any, Any], repository: Models, settings: Given, name: FromPath[str]
) -> Response[bytes]:
    """Predictions for spectra, in any of the forms of `protocols.media`."""
    bundle = repository.get(name)
    form = Form.of(request)
    body = await request.body()
    read = partial(_read, bundle, settings.max_decoded, form, body)
    at_once = len(body) <= AT_ONCE and form.light
    return await answered(bundle, read, partial(_tell, name, bundle), at_once=at_once)


@dataclass(frozen=True)
class Form:
    """What the head of a request says of its body, and of the answer."""

    kind: str
    encoding: str
    accept: str
    query: bytes

    @classmethod
    def of(cls, request: Request[Any, Any, Any]) -> Form:
        headers = request.headers
        accept = ", ".join(headers.getall("accept", []))
        return cls(request.content_type[0], headers.get("content-encoding", ""), accept, request.scope["query_string"])

    @property
    def light(self) -> bool:
        """Whether a small body of this form is read at once: no library is loaded for it, and it stays small."""
        return not self.encoding and "apache" not in self.kind and "apache" not in self.accept


def _read(bundle: Bundle, largest: int, form: Form, body: bytes) -> Read:
    media.encoder(form.accept)  # before any work
    content = decompressed(body, form.encoding, largest)
    question, spectra = media.decode(content, form.kind, form.query, missing=bundle.missing_values, largest=largest)
    return Read(question, spectra, media.encoder(form.accept, question))


def _tell(name: str, bundle: Bundle, asked: Read, result: Result) -> Response[bytes]:
    kind, encode = asked.how
    told = contributions(bundle, asked.question, asked.spectra)
    headers = {} if kind == MediaType.JSON else media.headers(result)
    return Response(encode(name, bundle, asked.question, result, told), media_type=kind, headers=headers)


def _summary(name: str, bundle: Bundle) -> dict[str, Any]:
    return {
        "name": name,
        "digest": bundle.digest,
        "profile": bundle.profile,
        "n_features": bundle.n_features,
        "targets": [{"name": target.name, "unit": target.unit} for target in bundle.targets],
    }


def _json(value: Any) -> Response[bytes]:
    return Response(msgspec.json.encode(value), media_type=MediaType.JSON)


@get("/schema/openapi.json")
async def schema() -> Response[bytes]:
    """This server's OpenAPI 3.1 document."""
    return Response(encoded(ROUTES), media_type=MediaType.JSON)


@get("/schema")
async def schema_page() -> Response[str]:
    """The same as a page."""
    return Response(page(document(ROUTES), "schema/openapi.json"), media_type=MediaType.HTML)


ROUTES = [live, ready, list_models, get_model, predict, *open_inference.ROUTES, schema, schema_page]
