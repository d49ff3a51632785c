"""What must be bounded before there is a request: how many connections, and how long the head of a request may take.

uvicorn waits for a head as long as it takes, and for a client that does not read its answer too. Looking at all
connections twice a second costs requests nothing.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from .problems import PROBLEM, problem_body

__all__ = ["Patience", "counted"]


def counted(most: int) -> type[Any]:
    """uvicorn's protocol, which refuses a connection when so many are open."""

    class Counted(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # uvicorn chooses it as it is imported
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > most:
                detail = "as many connections are open as this server takes; try again"
                transport.write(_raw(503, "Service Unavailable", "busy", detail))
                transport.close()

    return Counted


class Patience:
    """How long each connection has kept the server waiting; `look` ends those that did so for too long."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._since: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def look(self, connections: set[Any], now: float) -> None:
        """End the connections whose client was slow for longer than the limit."""
        for connection in list(connections):
            waits = _waits(connection)
            if not waits:
                self._since.pop(connection, None)
            elif now - self._since.setdefault(connection, now) > self._limit:
                self._end(connection, answer=waits == "head")

    def _end(self, connection: Any, *, answer: bool) -> None:
        transport = connection.transport
        if answer and not transport.get_write_buffer_size():
            detail = f"the head of a request did not arrive within {self._limit:g} s"
            transport.write(_raw(408, "Request Timeout", "the request takes too long", detail))
            transport.close()
        else:
            transport.abort()


def _waits(connection: Any) -> str:
    """What the server waits for on a connection that is not idle: the `head` of a request, or its client to `read`."""
    if connection.flow.write_paused:
        return "read"
    between = connection.cycle is None or connection.cycle.response_complete
    # While nothing arrives after an answer uvicorn has a timer of its own, which the first byte stops.
    return "head" if between and connection.timeout_keep_alive_task is None else ""


def _raw(status: int, phrase: str, title: str, detail: str) -> bytes:
    body = problem_body(status, title, detail)
    head = (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {PROBLEM}\r\ncontent-length: {len(body)}\r\n"
        "retry-after: 1\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
