"""How many connections there may be, and how long a client may take over the head of a request or over an answer.

uvicorn waits for a head as long as it takes, and for a client that does not read its answer too. Looking at all
connections twice a second costs requests nothing.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from .heads import Bounded, raw

__all__ = ["Patience", "counted"]


def counted(most: int) -> type[Any]:
    """A protocol that refuses a connection when so many are open."""

    class Counted(Bounded):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > most:
                detail = "as many connections are open as this server takes; try again"
                transport.write(raw(503, "Service Unavailable", "busy", detail, after=1))
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
            transport.write(raw(408, "Request Timeout", "the request takes too long", detail, after=1))
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
