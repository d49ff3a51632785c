"""The server put together from its settings."""

from __future__ import annotations

import logging
from math import prod

from litestar import Litestar
from litestar.di import Provide

from .gate import Gate
from .metrics import Metrics
from .problems import EXCEPTION_HANDLERS
from .repository import Repository, open_repository
from .routes import ROUTES
from .settings import Settings, from_environment
from .tracing import Traced

__all__ = ["build", "create_app"]

log = logging.getLogger("n4akit.serve")


def create_app(settings: Settings | None = None) -> Litestar:
    """An ASGI application that serves the bundles of the settings, or else of the environment."""
    return build(settings or from_environment())[0]


def build(settings: Settings) -> tuple[Litestar, Gate]:
    """The application, and the gate that stands before it."""
    repository = open_repository(settings.paths)
    for name, problems in repository.failed.items():
        log.warning("model %s is not served: %s", name, "; ".join(problems))

    def provide_repository() -> Repository:
        return repository

    metrics = Metrics(lambda name: name in repository.models)

    def model_bytes() -> dict[tuple[str, ...], float]:
        arrays = {name: model.plan("compiled").constants.values() for name, model in repository.models.items()}
        return {(name,): sum(prod(one.shape) * one.dtype.itemsize for one in held) for name, held in arrays.items()}

    metrics.gauge("n4a_model_bytes", "Bytes of the arrays of a model.", ("model",), model_bytes, shared=True)

    def provide_metrics() -> Metrics:
        return metrics

    gate, traced = Gate(settings, metrics), Traced() if settings.otel else None
    application = Litestar(
        ROUTES,
        dependencies={
            "repository": Provide(provide_repository, sync_to_thread=False),
            "metrics": Provide(provide_metrics, sync_to_thread=False),
        },
        lifespan=[gate.opened] if traced is None else [gate.opened, traced.opened],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=settings.max_body,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    inner = application.asgi_handler if traced is None else traced.before(application.asgi_handler)
    application.asgi_handler = gate.before(inner)
    return application, gate
