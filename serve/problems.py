"""Errors as answers: one table from error to status, answered as problem+json (RFC 9457), or as the Open Inference
Protocol has it.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from ..bundle import AxisError, InputError, SignalError
from .errors import (
    BadRequest,
    Departed,
    NotAcceptable,
    OutsideDomain,
    TooLarge,
    Unavailable,
    UnknownModel,
    Unsupported,
)
from .record import of
from .verbs import of_inference, routed

__all__ = ["EXCEPTION_HANDLERS", "PROBLEM", "problem", "problem_body", "refused"]

PROBLEM = "application/problem+json"

STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (UnknownModel, 404, "unknown model"),
    (Unavailable, 503, "not now"),
    (Departed, 499, "nobody is there any more"),
    (TooLarge, 413, "the request is too large"),
    (BadRequest, 400, "the request cannot be read"),
    (NotAcceptable, 406, "no such form of answer"),
    (Unsupported, 415, "a body of another type"),
    (OutsideDomain, 422, "spectra outside of the model's domain"),
    (AxisError, 422, "spectra of another axis"),
    (SignalError, 422, "spectra of another signal"),
    (InputError, 422, "spectra that cannot be predicted"),
)
"""The first that fits, from the special to the general."""

log = logging.getLogger("n4akit.serve")


def problem(status: int, title: str, detail: str, **members: Any) -> Response[bytes]:
    """An answer that says what went wrong, for people and for programs."""
    return Response(problem_body(status, title, detail, **members), status_code=status, media_type=PROBLEM)


def problem_body(status: int, title: str, detail: str, **members: Any) -> bytes:
    """What such an answer says, for those who answer without the framework."""
    return msgspec.json.encode({"type": "about:blank", "title": title, "status": status, "detail": detail, **members})


def refused(path: str, status: int, title: str, detail: str, **members: Any) -> tuple[str, bytes]:
    """The type and the body of an answer to whoever asked for this path, in the form of its protocol."""
    if of_inference(path):
        return MediaType.JSON, msgspec.json.encode({"error": detail})
    return PROBLEM, problem_body(status, title, detail, **members)


def _answer(request: Request[Any, Any, Any], status: int, title: str, detail: str, **members: Any) -> Response[bytes]:
    kind, body = refused(routed(request.scope), status, title, detail, **members)
    return Response(body, status_code=status, media_type=kind)


def _known(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    status, title = next((status, title) for kind, status, title in STATUS if isinstance(error, kind))
    answer = _answer(request, status, title, **_told(request, error, title))
    if isinstance(error, Unavailable):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _told(request: Request[Any, Any, Any], error: Exception, title: str) -> dict[str, Any]:
    """What is said of an error beside its kind."""
    record = of(request.scope)
    if record.brief or (isinstance(error, UnknownModel) and "*" not in record.models):
        # The long form tells values that were sent, and names of models that a token may not be for.
        return {"detail": title}
    rows = [{"row": row + 1, "reason": reason} for row, reason in getattr(error, "rows", ())]
    return {"detail": str(error), **({"rows": rows} if rows else {})}


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    headers = dict(error.headers or {})
    answer = _answer(request, error.status_code, "the request cannot be answered", error.detail)
    answer.headers.update(headers)
    return answer


def _too_large(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    largest = request.app.request_max_body_size
    detail = f"the body is larger than {largest} bytes, the most this server takes; send fewer spectra at a time"
    return _answer(request, 413, "the request is too large", detail)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    # What went wrong is for the operator's log; a client learns nothing about the inside.
    log.exception("unexpected error while answering %s %s", request.method, request.url.path, exc_info=error)
    return _answer(request, 500, "internal error", "the server met an unexpected error; its log says more")


EXCEPTION_HANDLERS: dict[type[Exception] | int, Any] = {
    **{kind: _known for kind, _, _ in STATUS},
    RequestEntityTooLarge: _too_large,
    HTTPException: _http,
    Exception: _unexpected,
}
