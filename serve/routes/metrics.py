"""What the server counts."""

from __future__ import annotations

from litestar import Response, get

from ..metrics import CONTENT_TYPE
from .answers import Given

__all__ = ["show_metrics"]


@get("/metrics")
async def show_metrics(desk: Given) -> Response[bytes]:
    """What the server counts, as Prometheus reads it."""
    return Response(desk.metrics.text().encode(), headers={"content-type": CONTENT_TYPE})
