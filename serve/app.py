"""The server put together from its settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from litestar import Litestar
from litestar.di import Provide

from ..bundle.runtime.spread import useful_threads
from .desk import Desk
from .predictor import Predictor
from .problems import EXCEPTION_HANDLERS
from .repository import open_repository
from .routes import ROUTES
from .settings import Settings, from_environment
from .watching import watch

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Litestar:
    """An ASGI application that serves the bundles of the settings, or else of the environment."""
    settings = settings or from_environment()
    predictor = Predictor(queue=settings.queue, threads=settings.threads or useful_threads())
    desk = Desk(open_repository(settings), predictor)

    def provide_desk() -> Desk:
        return desk

    @asynccontextmanager
    async def working(app: Litestar) -> AsyncIterator[None]:
        watching = asyncio.ensure_future(watch(desk.repository, settings.poll)) if settings.poll else None
        try:
            yield
        finally:
            if watching is not None:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
            desk.close()

    return Litestar(
        ROUTES,
        dependencies={"desk": Provide(provide_desk, sync_to_thread=False)},
        lifespan=[working],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=settings.max_body,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
