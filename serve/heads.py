"""What uvicorn leaves open where it reads HTTP with httptools: how large a request's head may be, how many requests may
be sent ahead, and the body of a request that offers to speak another protocol.

Such an offer (`Upgrade: h2c`, which every Java client makes) may be ignored, but its body must be read: to httptools it
is of the other protocol, and what comes after it a new request (uvicorn's issue 2722).
"""

from __future__ import annotations

from collections.abc import Iterator

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .problems import PROBLEM, problem_body

__all__ = ["HEAD", "Bounded", "raw"]

HEAD = 64 * 1024
"""Bytes of a request's head, or of what is sent between the pieces of its body."""
AHEAD = 64
"""Requests that a client may send before it has the answer to an earlier one."""


class Bounded(HttpToolsProtocol):
    """uvicorn's protocol, which reads no more than it must."""

    _unended = 0
    """Bytes since the last head or piece of a body that has come to its end."""
    _too_large = False
    _declined = False
    """Whether another protocol was offered, and the body of that request is read by a parser of its own."""

    def data_received(self, data: bytes) -> None:
        if self._over():
            return
        self._unset_keepalive_if_required()
        self._unended += len(data)
        try:
            self.parser.feed_data(data)
            self._too_large = self._unended > HEAD
            if self._too_large:
                self._refuse()
        except httptools.HttpParserUpgrade as offer:
            if not self._over():
                self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            if not self._over():
                self._refuse()

    def on_headers_complete(self) -> None:
        if self._unended > HEAD and self._size() > HEAD:
            self._too_large = True
            raise ValueError("the head is too large")
        if len(self.pipeline) >= AHEAD:
            raise ValueError("too many requests are sent ahead")
        self._unended = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unended = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unended = 0
        super().on_message_complete()

    def _over(self) -> bool:
        """Whether nothing more is read: the answer to what came is the last."""
        return self._declined and not self.cycle.more_body

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _decline(self, rest: bytes) -> None:
        """Read the body as if nothing had been offered; the answer is the last on this connection."""
        self._declined = True
        self.cycle.keep_alive = False
        self.cycle.more_body = True
        self.cycle.message_event.clear()
        self.parser = httptools.HttpRequestParser(_Body(self))
        self.parser.feed_data(b"".join(_framing(self.headers)))
        self.data_received(rest)

    def _refuse(self) -> None:
        """Say once what cannot be read, unless it would be taken for the answer to an earlier request."""
        if self.pipeline or (self.cycle and self.cycle.response_started and not self.cycle.response_complete):
            self.transport.abort()
            return
        if self._too_large:
            detail = f"the head of the request is larger than {HEAD} bytes, the most this server takes"
            answer = raw(431, "Request Header Fields Too Large", "the request is too large", detail)
        else:
            answer = raw(400, "Bad Request", "the request cannot be read", "what was sent is not HTTP/1.1")
        self.transport.write(answer)
        self.transport.close()


class _Body:
    """Tells a connection of the body of one request, and of nothing that comes after it."""

    def __init__(self, connection: Bounded) -> None:
        self._connection = connection

    def on_body(self, body: bytes) -> None:
        if self._connection.cycle.more_body:
            self._connection.on_body(body)

    def on_message_complete(self) -> None:
        if self._connection.cycle.more_body:
            self._connection.on_message_complete()


def _framing(headers: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """A head that says of its body what these headers do."""
    yield b"POST / HTTP/1.1\r\n"
    for name, value in headers:
        if name in (b"content-length", b"transfer-encoding"):
            yield b"%s: %s\r\n" % (name, value)
    yield b"\r\n"


def raw(status: int, phrase: str, title: str, detail: str, *, after: int | None = None) -> bytes:
    """A whole answer, the last of its connection, for those who cannot ask the application."""
    body = problem_body(status, title, detail)
    head = {
        "content-type": PROBLEM,
        "content-length": len(body),
        **({} if after is None else {"retry-after": after}),
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    return "\r\n".join(lines).encode() + body
