"""What the routes of a server share: what they are given and asked, and how they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import MediaType, Response
from litestar.di import NamedDependency

from ..desk import Desk
from ..record import of

__all__ = ["Answer", "Given", "body_of", "headers_of", "json", "media_type"]

Given = NamedDependency[Desk]
"""The annotation of the parameter `desk`."""


def body_of(scope: Any) -> bytes:
    """The body of a request, as the gate has read it: nobody comes to these routes but through it."""
    body = of(scope).body
    assert body is not None
    return body


def headers_of(scope: Any, *names: bytes) -> tuple[bytes, ...]:
    """What the head of a request says under these names: empty where it says nothing, joined where it says it twice
    (RFC 9110 §5.3). The framework would make an index of all headers first.
    """
    said = dict.fromkeys(names, b"")
    for name, value in scope["headers"]:
        if name in said:
            said[name] = b", ".join((said[name], value)) if said[name] else value
    return tuple(said.values())


def media_type(said: bytes) -> str:
    """The type that a Content-Type names, without its parameters."""
    return said.decode("latin-1").partition(";")[0].strip().lower()


class Answer:
    """A complete answer, as the ASGI application that gives it: the framework makes no other object of it, which would
    take longer than a prediction.
    """

    __slots__ = ("_body", "_headers")

    def __init__(self, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self._body = body
        self._headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        if headers:
            self._headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer the request."""
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def json(value: Any) -> Response[bytes]:
    """An answer in JSON."""
    return Response(msgspec.json.encode(value), media_type=MediaType.JSON)
