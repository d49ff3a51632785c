"""Spans, when they are asked for: one per request, a child of the client's, with what came of it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from n4akit.serve.app import build
from n4akit.serve.errors import Misuse
from n4akit.serve.record import Record
from n4akit.serve.settings import Settings
from n4akit.serve.tracing import Traced

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_request_is_a_span_below_the_clients() -> None:
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        record.status, record.rows = 504, 3

    record = Record("r1")
    record.verb, record.model = "predict", "fat"
    scope: dict[str, Any] = {"type": "http", "method": "POST", "headers": [(b"traceparent", PARENT.encode())]}
    record.keep(scope)

    async def story() -> None:
        traced = Traced(lambda: memory).before(app)
        async with traced.opened():
            await traced(scope, None, None)

    asyncio.run(story())
    (span,) = memory.get_finished_spans()
    assert span.name == "predict" and format(span.context.trace_id, "032x") == PARENT.split("-")[1]
    assert format(span.parent.span_id, "016x") == PARENT.split("-")[2]
    assert span.attributes["http.response.status_code"] == 504 and span.attributes["n4a.rows"] == 3
    assert span.attributes["n4a.request_id"] == "r1" and span.status.status_code.name == "ERROR"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opentelemetry", "opentelemetry.sdk", "opentelemetry.sdk.trace"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Misuse, match=r"otel: opentelemetry\S* is not installed; pip install 'n4akit\[otel\]'"):
        build(Settings(otel=True))


def test_nobody_pays_for_what_was_not_asked_for() -> None:
    before = "opentelemetry" in sys.modules
    _, gate, _ = build(Settings())
    assert not isinstance(gate._app, Traced) and ("opentelemetry" in sys.modules) == before
