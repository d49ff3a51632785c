"""The server put together from its settings."""

from __future__ import annotations

import logging

from litestar import Litestar
from litestar.di import Provide

from .problems import EXCEPTION_HANDLERS
from .repository import Repository, open_repository
from .routes import ROUTES
from .settings import Settings, from_environment

__all__ = ["create_app"]

log = logging.getLogger("n4akit.serve")


def create_app(settings: Settings | None = None) -> Litestar:
    """An ASGI application that serves the bundles of the settings, or else of the environment."""
    chosen = settings or from_environment()
    repository = open_repository(chosen.paths)
    for name, problems in repository.failed.items():
        log.warning("model %s is not served: %s", name, "; ".join(problems))

    def provide_repository() -> Repository:
        return repository

    def provide_settings() -> Settings:
        return chosen

    return Litestar(
        ROUTES,
        dependencies={
            "repository": Provide(provide_repository, sync_to_thread=False),
            "settings": Provide(provide_settings, sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=chosen.max_body,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
