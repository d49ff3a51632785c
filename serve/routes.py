"""What the server answers: the models it has, their predictions, and whether it is well."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_415_UNSUPPORTED_MEDIA_TYPE

from ..bundle import Bundle
from .auth import covers
from .metrics import CONTENT_TYPE, Metrics
from .problems import problem
from .protocols import plain
from .record import Record, of
from .repository import Repository

__all__ = ["ROUTES"]

Models = NamedDependency[Repository]
Counts = NamedDependency[Metrics]

AT_ONCE = 128 * 1024
"""Bodies up to so many bytes are answered at once; larger ones in a thread, so that others need not wait."""


@get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/ready")
async def ready(request: Request[Any, Any, Any], repository: Models) -> Response[bytes]:
    """Every configured model gives its golden answers; 503 with the reasons while one does not."""
    if of(request.scope).brief:  # asked by somebody who may know whether, but not what
        well = repository.models and not repository.failed
        return _json({"status": "ready"}) if well else problem(503, "not ready", "not every model is served")
    if repository.failed or not repository.models:
        reasons = {name: list(problems) for name, problems in repository.failed.items()}
        detail = f"not served: {', '.join(reasons)}" if reasons else "no model is served"
        return problem(503, "not ready", detail, models=reasons)
    return _json({"status": "ready", "models": sorted(repository.models)})


@get("/v1/models")
async def list_models(request: Request[Any, Any, Any], repository: Models) -> Response[bytes]:
    """All models that the client may ask about, those that could not be loaded with what is wrong."""
    its = of(request.scope).models
    models = [_summary(name, bundle) for name, bundle in sorted(repository.models.items()) if covers(its, name)]
    failed = [
        {"name": name, "problems": problems}
        for name, problems in sorted(repository.failed.items())
        if covers(its, name)
    ]
    return _json({"models": models, "failed": failed})


@get("/v1/models/{name:str}")
async def get_model(repository: Models, name: FromPath[str]) -> Response[bytes]:
    """What there is to know about one model."""
    info = repository.get(name).info()
    del info["path"]  # where it lies is nobody's business outside
    return _json({"name": name, **info})


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
    work = (name, bundle, body, of(request.scope))
    answer = _answer(*work) if len(body) <= AT_ONCE else await asyncio.to_thread(_answer, *work)
    return Response(answer, media_type=MediaType.JSON)


@get("/metrics")
async def show_metrics(metrics: Counts) -> Response[bytes]:
    """What the server counts, as Prometheus reads it."""
    return Response(metrics.text().encode(), headers={"content-type": CONTENT_TYPE})


def _answer(name: str, bundle: Bundle, body: bytes, record: Record) -> bytes:
    start = perf_counter()
    question, spectra = plain.decode(body, missing=bundle.missing_values)
    record.check(*spectra.shape)
    decoded = perf_counter()
    result = bundle.predict_full(spectra, question.axis, unit=question.unit, strict=question.strict)
    predicted = perf_counter()
    answer = plain.encode(name, bundle, question, result)
    record.decode, record.predict, record.encode = decoded - start, predicted - decoded, perf_counter() - predicted
    record.rows, record.flags = len(spectra), result.flags
    return answer


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


ROUTES = [live, ready, list_models, get_model, predict, show_metrics]
