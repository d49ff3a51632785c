"""Errors as answers: one table from error to status, answered as problem+json (RFC 9457)."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from ..bundle import AxisError, InputError, SignalError
from .errors import BadRequest, NotAcceptable, OutsideDomain, TooLarge, UnknownModel, Unsupported

__all__ = ["EXCEPTION_HANDLERS", "problem"]

STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (UnknownModel, 404, "unknown model"),
    (BadRequest, 400, "the request cannot be read"),
    (NotAcceptable, 406, "no such form of answer"),
    (TooLarge, 413, "the request is too large"),
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
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/problem+json")


def _known(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    status, title = next((status, title) for kind, status, title in STATUS if isinstance(error, kind))
    rows = [{"row": row + 1, "reason": reason} for row, reason in getattr(error, "rows", ())]
    return problem(status, title, str(error), **({"rows": rows} if rows else {}))


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    headers = dict(error.headers or {})
    answer = problem(error.status_code, "the request cannot be answered", error.detail)
    answer.headers.update(headers)
    return answer


def _too_large(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    largest = request.app.request_max_body_size
    detail = f"the body is larger than {largest} bytes, the most this server takes; send fewer spectra at a time"
    return problem(413, "the request is too large", detail)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    # What went wrong is for the operator's log; a client learns nothing about the inside.
    log.exception("unexpected error while answering %s %s", request.method, request.url.path, exc_info=error)
    return problem(500, "internal error", "the server met an unexpected error; its log says more")


EXCEPTION_HANDLERS: dict[type[Exception] | int, Any] = {
    **{kind: _known for kind, _, _ in STATUS},
    RequestEntityTooLarge: _too_large,
    HTTPException: _http,
    Exception: _unexpected,
}
