"""A span per request, for those who trace: OpenTelemetry, an extra that is imported only when it was asked for.

Where spans go, under which name and how many of them, the standard variables `OTEL_…` say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from .errors import Misuse
from .record import of

__all__ = ["Traced"]


class Traced:
    """An application whose every request is a span, a child of the one that the client names in `traceparent`."""

    def __init__(self, exporter: Callable[[], Any] | None = None) -> None:
        """`exporter` makes what takes the spans, if not over OTLP. Raises Misuse where the extra is missing."""
        try:
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace import SpanKind, StatusCode
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

            if exporter is None:
                from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

                exporter = OTLPSpanExporter
        except ImportError as error:
            raise Misuse(f"otel: {error.name} is not installed; pip install 'n4akit[otel]'") from None
        self._app: Callable[..., Awaitable[None]] | None = None
        self._exporter: Callable[[], Any] = exporter
        self._provider_of, self._processor_of = TracerProvider, BatchSpanProcessor
        self._server, self._error = SpanKind.SERVER, StatusCode.ERROR
        self._parent = TraceContextTextMapPropagator().extract
        self._tracer: Any = None

    def before(self, app: Callable[..., Awaitable[None]]) -> Traced:
        """Stand before this application."""
        self._app = app
        return self

    @asynccontextmanager
    async def opened(self, _: Any = None) -> AsyncIterator[None]:
        """While the application runs: spans are sent, by a thread of this very process."""
        provider = self._provider_of()
        provider.add_span_processor(self._processor_of(self._exporter()))
        self._tracer = provider.get_tracer("n4akit")
        try:
            yield
        finally:
            self._tracer = None
            provider.shutdown()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request within its span."""
        assert self._app is not None
        if self._tracer is None:
            await self._app(scope, receive, send)
            return
        record = of(scope)
        context = self._parent({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]})
        with self._tracer.start_as_current_span(record.verb or "request", context, self._server) as span:
            await self._app(scope, receive, send)
            told = {
                "http.request.method": scope["method"],
                "http.response.status_code": record.status,
                "n4a.request_id": record.id,
                "n4a.model": record.model,
                "n4a.rows": record.rows,
                "n4a.queue_seconds": record.queue,
                "n4a.decode_seconds": record.decode,
                "n4a.predict_seconds": record.predict,
                "n4a.encode_seconds": record.encode,
            }
            span.set_attributes(told)
            if record.status >= 500:
                span.set_status(self._error)
