"""What is known of one request while it is answered: who asks what, how long each part took, what came out.

The gate makes a record and reads it when the answer is complete; whoever answers fills in the rest:

    record = of(request.scope)
    record.check(rows, columns)     # refuses what is more than the server takes
    record.rows, record.decode = 12, 0.0004
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from .errors import TooLarge

__all__ = ["Record", "of"]

KEY = "n4akit.record"


class Record:
    """One request. Times are in seconds; a part that was not done took 0."""

    __slots__ = (
        "body",
        "brief",
        "bytes_in",
        "bytes_out",
        "client",
        "decode",
        "encode",
        "flags",
        "id",
        "max_columns",
        "max_rows",
        "model",
        "models",
        "predict",
        "queue",
        "receive",
        "rows",
        "start",
        "status",
        "verb",
    )

    def __init__(self, id: str = "", start: float = 0.0) -> None:
        self.id = id
        self.start = start
        self.client = ""
        self.models: tuple[str, ...] = ("*",)
        self.model = ""
        self.verb = ""
        self.brief = False
        self.max_rows = self.max_columns = 0
        self.body: bytes | None = None
        """As the gate has read it."""
        self.receive: Callable[[], Awaitable[Any]] | None = None
        """What comes after it: that the client left."""
        self.rows = self.bytes_in = self.bytes_out = self.status = 0
        self.queue = self.decode = self.predict = self.encode = 0.0
        self.flags: Iterable[Iterable[str]] = ()

    def check(self, rows: int, columns: int) -> None:
        """TooLarge when so many spectra, or spectra of so many points, are more than the server takes."""
        if self.max_rows and rows > self.max_rows:
            raise TooLarge(f"{rows} spectra were sent, expected {self.max_rows} at most; send fewer at a time")
        if self.max_columns and columns > self.max_columns:
            raise TooLarge(f"spectra of {columns} points were sent, expected {self.max_columns} at most")

    def keep(self, scope: MutableMapping[str, Any]) -> None:
        """Let whoever answers find it."""
        scope[KEY] = self


def of(scope: Mapping[str, Any]) -> Record:
    """The record of the request that this ASGI scope is of; one that nobody reads where there is no gate."""
    record = scope.get(KEY)
    return record if isinstance(record, Record) else Record()
