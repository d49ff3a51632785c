"""The gate before the application: who may enter, how many at a time, for how long; and what is noted of each visit.

One ASGI application around the framework: what is refused costs next to nothing, what is answered is measured whole.
In this order: the token and its scope, the rate of the client, the size of the body, the body itself, a slot.
A body is read before a slot is taken: a client that sends slowly keeps no other waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from .access_log import STANDARD_OUTPUT, AccessLog
from .auth import Tokens, covers
from .deadlines import Deadline, Deadlines
from .headers import ANSWER, CLOSE, PAGE, STRICT_TRANSPORT, request_ids, sane, server_timing
from .limits import Buckets, Full, Slots
from .listening import is_local
from .metrics import Metrics
from .problems import refused
from .record import Record
from .settings import Settings
from .shared import Page
from .sharing import share
from .tokens import Token
from .verbs import PUBLIC, asked, routed

__all__ = ["Gate"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

MIB = 1024 * 1024
BODIES = 8
"""Largest bodies that may be held at once, in sum; a small one is refused only beyond these."""
REMEMBERED = 4096
"""Combinations of token, verb and model that are remembered as good."""
GONE = 499
"""The status that is noted of a client that left before it was answered."""


class Refusal(Exception):
    """A request that goes no further: the status and what to say."""

    def __init__(self, status: int, title: str, detail: str, *, reason: str, after: int = 0, challenge: bool = False):
        self.status = status
        self.title = title
        self.detail = detail
        self.reason = reason
        self.headers = [(b"retry-after", str(after).encode())] if after else []
        if challenge:
            self.headers.append((b"www-authenticate", b'Bearer realm="n4akit"'))


class Gate:
    """What stands before the application."""

    def __init__(
        self, settings: Settings, metrics: Metrics, *, model_of: Callable[[str], str] = lambda name: name
    ) -> None:
        """`model_of` gives the name of the model that is meant by the name in a path.

        Raises Misuse or OSError where the file of tokens cannot be read or the access log not be written.
        """
        self.draining = False
        """Whether it was told to stop: not ready, and the last answer on each connection."""
        self.page: Page | None = None
        """Where this process tells the others what it counted, if there are others."""
        self.local = False
        """Whether it answers only who calls it by an address or as localhost."""
        self._settings = settings
        self._metrics = metrics
        self._model_of = model_of
        self._tokens = Tokens(settings.tokens, perf_counter) if settings.tokens else None
        self._admitted: dict[tuple[bytes, str, str], Token] = {}
        """What tokens were found good for, as long as their file stays as it is."""
        self._readings = 0
        self._slots = Slots(settings.max_concurrency, settings.max_queue)
        self._buckets = Buckets(settings.rate, settings.burst) if settings.rate else None
        self._deadlines = Deadlines()
        self._log: AccessLog | None = None
        self._new_id = request_ids()
        self._held = self._in_flight = 0
        self._app: App | None = None
        if settings.access_log and settings.access_log != STANDARD_OUTPUT:
            settings.access_log.open("ab").close()  # to be told now, not when the server has begun
        metrics.gauge("n4a_in_flight", "Requests being answered.", (), lambda: {(): self._in_flight})
        metrics.gauge("n4a_queue", "Requests waiting for a turn.", (), lambda: {(): self._slots.waiting})
        metrics.gauge("n4a_held_bytes", "Bytes of bodies in memory.", (), lambda: {(): self._held})

    def before(self, app: App) -> Gate:
        """Stand before this application."""
        self._app = app
        return self

    @asynccontextmanager
    async def opened(self, _: Any = None) -> AsyncIterator[None]:
        """While the application runs: the access log is open, and counts are shared."""
        self._log = (
            AccessLog(self._settings.access_log, self._metrics.lost_lines.add) if self._settings.access_log else None
        )
        sharing = asyncio.create_task(share(self._metrics, self.page)) if self.page else None
        try:
            yield
        finally:
            if sharing:
                sharing.cancel()
            if self._log:
                await self._log.close()
                self._log = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert self._app is not None
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": "HTTP alone is spoken here"})
            return
        start = perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        record = Record(given.decode() if given and sane(given) else self._new_id(), start)
        record.keep(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                # What an answer says of itself goes before; no header is said twice.
                message["headers"] = [*(self._headers(scope, record) | dict(message.get("headers", ()))).items()]
            else:
                record.bytes_out += len(message.get("body", b""))
            await send(message)

        self._in_flight += 1
        try:
            self._admit(scope, headers, record)
            # The head of what GET would be answered; the server leaves the body out.
            asked_of = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
            if record.verb in (PUBLIC, "metrics"):  # told however busy it is
                await self._app(asked_of, receive, answer)
            else:
                await self._work(asked_of, headers, receive, answer, record)
        except Refusal as refusal:
            self._metrics.refused.add(1, refusal.reason)
            await self._refuse(refusal, scope, answer, record)
        finally:
            self._in_flight -= 1
            self._note(scope, record)

    def _admit(self, scope: Any, headers: dict[bytes, bytes], record: Record) -> None:
        """Refuse whoever may not ask this, or asks too often."""
        settings = self._settings
        record.verb, name = asked(scope["method"], routed(scope))
        record.model = self._model_of(name) if name else ""
        record.brief = settings.errors == "brief"
        record.max_rows, record.max_columns = settings.max_rows, settings.max_columns
        if self.local and not is_local(headers.get(b"host", b"")):
            detail = "without tokens, TLS or --anonymous this server is called by an address or as localhost"
            raise Refusal(403, "not allowed", detail, reason="site")
        if self._tokens is not None:
            self._identify(headers.get(b"authorization", b""), record, name, self._tokens)
        if record.verb == PUBLIC:
            if self.draining and scope["path"].endswith("/ready"):
                raise Refusal(503, "not ready", "the server is stopping", reason="draining", after=1)
            return
        if record.verb in ("predict", "manage") and headers.get(b"sec-fetch-site", b"none") not in (
            b"none",
            b"same-origin",
        ):
            raise Refusal(403, "not allowed", "a page of another site asks, expected this server's own", reason="site")
        if self._buckets is not None:
            client = record.client or _peer(scope)
            if wait := self._buckets.take(client, record.start):
                detail = f"more requests than {settings.rate:g} a second were made; wait {wait} s"
                raise Refusal(429, "too many requests", detail, reason="rate", after=wait)

    def _identify(self, authorization: bytes, record: Record, name: str, tokens: Tokens) -> None:
        if tokens.look(record.start) != self._readings or len(self._admitted) > REMEMBERED:
            self._readings = tokens.look(record.start)
            self._admitted.clear()
        asks = (authorization, record.verb, record.model)
        if (known := self._admitted.get(asks)) is not None:
            record.client, record.models = known.name, known.models
            return
        token = tokens.find(authorization) if authorization else None
        if token is not None:
            record.client, record.models = token.name, token.models
        if record.verb == PUBLIC:
            record.brief = record.brief or token is None or "read" not in token.verbs
        elif token is None:
            found = "another was shown" if authorization else "none was shown"
            detail = f"a token of this server is needed and {found}: send the header Authorization: Bearer n4a_…"
            raise Refusal(401, "who asks is not known", detail, reason="token", challenge=True)
        elif record.verb not in token.verbs:
            detail = f"this token is for {', '.join(token.verbs)}, and {record.verb} was asked"
            raise Refusal(403, "not allowed", detail, reason="verb")
        elif record.model and not covers(token.models, record.model):
            # By the name that was asked: what it stands for would tell that there is such a model.
            raise Refusal(403, "not allowed", f"this token is not for model {name!r}", reason="model")
        elif record.verb == "manage" and not record.model and "*" not in token.models:
            raise Refusal(403, "not allowed", "this token is not for all models", reason="model")
        else:
            self._admitted[asks] = token

    async def _work(
        self, scope: Any, headers: dict[bytes, bytes], receive: Receive, answer: Send, record: Record
    ) -> None:
        """Read the body, wait for a turn, have it answered, all within its time."""
        assert self._app is not None
        settings = self._settings
        length = headers.get(b"content-length", b"0")
        expected = int(length) if length.isdigit() else 0
        if expected > settings.max_body:
            raise self._too_large()
        deadline = self._deadlines.add(record.start + settings.read_timeout)
        reading = True
        try:
            body = await self._read(receive, record, deadline)
            if body is None:
                record.status = GONE
                return
            record.body, record.receive = body, receive
            reading = False
            deadline.at = perf_counter() + settings.timeout
            if not self._slots.take():
                await self._wait(record)
            try:
                await self._app(scope, _replay(body, receive), answer)
            finally:
                self._slots.leave()
        except asyncio.CancelledError:
            if not deadline.passed and not self.draining:
                raise
            if record.status:
                return  # too late to say anything else: the server closes the connection
            deadline.task.uncancel()
            raise self._too_late(deadline.passed, reading) from None
        finally:
            self._deadlines.drop(deadline)
            self._held -= record.bytes_in
            record.body = record.receive = None  # the record is kept until it is counted

    def _too_late(self, passed: bool, reading: bool) -> Refusal:
        settings = self._settings
        if not passed:
            return Refusal(503, "stopping", "the server is stopping", reason="draining", after=1)
        if reading:
            detail = f"the body did not arrive within {settings.read_timeout:g} s for each MiB of it"
            return Refusal(408, "the request takes too long", detail, reason="slow")
        detail = f"no answer within {settings.timeout:g} s; send fewer spectra at a time"
        return Refusal(504, "the answer takes too long", detail, reason="timeout", after=1)

    async def _read(self, receive: Receive, record: Record, deadline: Deadline) -> bytes | None:
        """The whole body; None when the client left."""
        settings = self._settings
        parts: list[bytes] = []
        begun = deadline.at
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            part: bytes = message.get("body", b"")
            record.bytes_in += len(part)
            self._held += len(part)
            if record.bytes_in > settings.max_body:
                raise self._too_large()
            if self._held > BODIES * settings.max_body and parts:
                detail = "too many bodies are being received at this moment"
                raise Refusal(503, "busy", detail, reason="memory", after=1)
            if not message.get("more_body", False):
                return b"".join([*parts, part]) if parts else part
            parts.append(part)
            deadline.at = begun + settings.read_timeout * (record.bytes_in // MIB)

    async def _wait(self, record: Record) -> None:
        before = perf_counter()
        try:
            await self._slots.wait()
        except Full:
            detail = f"{self._settings.max_queue} requests are waiting already; try again"
            raise Refusal(503, "busy", detail, reason="queue", after=1) from None
        record.queue = perf_counter() - before

    def _too_large(self) -> Refusal:
        most = self._settings.max_body
        detail = f"the body is larger than {most} bytes, the most this server takes; send fewer spectra at a time"
        return Refusal(413, "the request is too large", detail, reason="body")

    async def _refuse(self, refusal: Refusal, scope: Any, answer: Send, record: Record) -> None:
        detail = refusal.title if record.brief else refusal.detail
        kind, body = refused(routed(scope), refusal.status, refusal.title, detail)
        head = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *refusal.headers]
        if refusal.status == 408:
            head.extend(CLOSE.items())
        await answer({"type": "http.response.start", "status": refusal.status, "headers": head})
        await answer({"type": "http.response.body", "body": body, "more_body": False})

    def _headers(self, scope: Any, record: Record) -> dict[bytes, bytes]:
        found = (PAGE if record.verb == PUBLIC else ANSWER).copy()
        found[b"x-request-id"] = record.id.encode()
        found[b"server-timing"] = server_timing(record, perf_counter() - record.start)
        if scope["scheme"] == "https":
            found |= STRICT_TRANSPORT
        if self.draining:
            found |= CLOSE
        return found

    def _note(self, scope: Any, record: Record) -> None:
        seconds = perf_counter() - record.start
        self._metrics.observe(record, seconds)
        if self._log is not None:
            self._log.add(record, scope["method"], scope["path"], _peer(scope), seconds)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, and then whatever comes."""
    left = True

    async def replay() -> Any:
        nonlocal left
        if not left:
            return await receive()
        left = False
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _peer(scope: Any) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "local"
