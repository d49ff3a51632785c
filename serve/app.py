"""The server put together from its settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.di import Provide

from ..bundle.runtime.spread import useful_threads
from .desk import Desk
from .gate import App, Gate
from .lane import Lane
from .metrics import Metrics
from .predictor import Predictor
from .problems import EXCEPTION_HANDLERS
from .repository import open_repository
from .routes import BUSY, ROUTES
from .settings import Settings, from_environment
from .tracing import Traced
from .watching import Watch

__all__ = ["build", "create_app"]


def create_app(settings: Settings | None = None) -> Litestar:
    """An ASGI application that serves the bundles of the settings, or else of the environment."""
    return build(settings or from_environment())[0]


def build(settings: Settings) -> tuple[Litestar, Gate, Watch]:
    """The application, the gate that stands before it, and the watch over its models. None has a thread before the
    application's lifespan, so that processes can be forked when all is loaded.
    """
    threads = settings.threads or useful_threads()
    desk = _desk(settings, threads)
    gate = Gate(settings, desk.metrics, model_of=desk.repository.model_of)
    traced = Traced() if settings.otel else None

    def provide_desk() -> Desk:
        return desk

    @asynccontextmanager
    async def working(app: Litestar) -> AsyncIterator[None]:
        # What reads and writes large bodies: more threads than cores would only take memory.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, "n4a-body"))
        try:
            yield
        finally:
            desk.close()

    application = Litestar(
        ROUTES,
        dependencies={"desk": Provide(provide_desk, sync_to_thread=False)},
        lifespan=[working, desk.watch.opened, gate.opened, *([traced.opened] if traced else [])],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=settings.max_body,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    inner: App = Lane(BUSY, desk, application.asgi_handler)
    application.asgi_handler = gate.before(inner if traced is None else traced.before(inner))
    return application, gate, desk.watch


def _desk(settings: Settings, threads: int) -> Desk:
    metrics = Metrics(lambda name: name in repository.models)
    repository = open_repository(settings, renewed=lambda outcome: metrics.reloads.add(1, outcome))
    predictor = Predictor(queue=settings.queue, threads=threads, predicted=metrics.batch_rows.observe)

    def bytes_of_models() -> dict[tuple[str, ...], float]:
        return {(name,): float(one.weight) for name, one in repository.models.items()}

    metrics.gauge("n4a_model_bytes", "Bytes of the arrays of a model.", ("model",), bytes_of_models, shared=True)
    metrics.gauge("n4a_waiting_rows", "Spectra that wait for their answer.", (), lambda: {(): predictor.waiting})
    return Desk(repository, predictor, metrics, settings, Watch(repository, settings.poll))
