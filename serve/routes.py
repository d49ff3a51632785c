"""What the server answers: the models it has, their predictions, and whether it is well."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_415_UNSUPPORTED_MEDIA_TYPE

from ..bundle import Bundle
from .card import card
from .problems import problem
from .protocols import plain
from .repository import Repository

__all__ = ["ROUTES"]

Models = NamedDependency[Repository]

AT_ONCE = 128 * 1024
"""Bodies up to so many bytes are answered at once; larger ones in a thread, so that others need not wait."""


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


@get("/v1/models/{name:str}/card")
async def get_card(repository: Models, name: FromPath[str]) -> Response[bytes]:
    """The same with its points, limits, reference spectra and the words of flags: what a page shows."""
    return _json(card(name, repository.get(name)))


@post("/v1/models/{name:str}/predict", status_code=HTTP_200_OK)
async def predict(request: Request[Any, Any, Any], repository: Models, name: FromPath[str]) -> Response[bytes]:
    """Predictions for spectra given as JSON."""
    bundle = repository.get(name)
    kind = request.content_type[0]
    if kind not in ("application/json", ""):
        raise ClientException(
            f"a body of type {kind!r} was sent, expected application/json", status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE
        )
    body = await request.body()
    answer = (
        _answer(name, bundle, body) if len(body) <= AT_ONCE else await asyncio.to_thread(_answer, name, bundle, body)
    )
    return Response(answer, media_type=MediaType.JSON)


def _answer(name: str, bundle: Bundle, body: bytes) -> bytes:
    question, spectra = plain.decode(body, missing=bundle.missing_values)
    how: dict[str, Any] = {"unit": question.unit, "strict": question.strict, "signal": question.signal}
    result = bundle.predict_full(
        spectra,
        question.axis,
        **how,
        instrument=question.instrument,
        product=question.product,
        on_error=question.on_error,
    )
    told = bundle.contributions(spectra, question.axis, **how).tolist() if question.contributions else None
    return plain.encode(name, bundle, question, result, told)


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


ROUTES = [live, ready, list_models, get_model, get_card, predict]
