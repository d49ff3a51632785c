"""Predictions for spectra."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from litestar import MediaType, Request, Response, post
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_415_UNSUPPORTED_MEDIA_TYPE

from ...bundle import Bundle
from ..protocols import plain
from ..record import of
from .answers import Given

__all__ = ["predict"]

AT_ONCE = 128 * 1024
"""Bodies up to so many bytes are read at once; larger ones in a thread, so that others need not wait."""


@post(
    ["/v1/models/{name:str}/predict", "/v1/models/{name:str}/versions/{version:str}/predict"], status_code=HTTP_200_OK
)
async def predict(
    request: Request[Any, Any, Any],
    desk: Given,
    name: FromPath[str],
    version: FromPath[str | None] = None,
) -> Response[bytes]:
    """Predictions for spectra given as JSON."""
    model = await desk.repository.get(name, version)
    kind = request.content_type[0]
    if kind not in ("application/json", ""):
        raise ClientException(
            f"a body of type {kind!r} was sent, expected application/json", status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE
        )
    body = await request.body()
    large = len(body) > AT_ONCE
    missing = model.bundle.missing_values
    record, start = of(request.scope), perf_counter()
    question, spectra = (
        await asyncio.to_thread(plain.decode, body, missing=missing) if large else plain.decode(body, missing=missing)
    )
    record.check(*spectra.shape)
    asked = begun = perf_counter()

    def begins() -> None:
        nonlocal begun
        begun = perf_counter()

    result = await desk.predictor.predict(
        model.bundle, spectra, question.axis, question.how(), left=lambda: left(request), begins=begins
    )
    predicted = perf_counter()

    def told() -> bytes:
        shares = contributions(model.bundle, question, spectra)
        return plain.encode(model.name, model.bundle, question, result, shares)

    answer = await asyncio.to_thread(told) if large else told()
    record.queue += begun - asked
    record.decode, record.predict, record.encode = asked - start, predicted - begun, perf_counter() - predicted
    record.rows, record.flags = len(spectra), result.flags
    return Response(answer, media_type=MediaType.JSON)


def contributions(bundle: Bundle, question: plain.Question, spectra: Any) -> list[list[float]] | None:
    """What each point adds to Q, where that was asked."""
    if not question.contributions:
        return None
    how = question.how()
    asked = {name: how[name] for name in ("unit", "strict", "signal")}
    found: list[list[float]] = bundle.contributions(spectra, question.axis, **asked).tolist()
    return found


async def left(request: Request[Any, Any, Any]) -> None:
    """Wait until the client is gone; its body must have been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
