"""Whether the server is well."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from ..problems import problem
from ..record import of
from .answers import Given, json
from .models import troubles

__all__ = ["live", "ready"]


@get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/ready")
async def ready(request: Request[Any, Any, Any], desk: Given) -> Response[bytes]:
    """Every model that was there at the start can be served; 503 with the reasons while one cannot.

    A new bundle that fails while its older version goes on, or under a new name, is told and changes nothing else.
    """
    repository = desk.repository
    lacking = repository.lacking
    able = sorted(name for name, one in repository.models.items() if one.sound)
    if of(request.scope).brief:  # asked by somebody who may know whether, but not what
        well = able and not lacking
        return json({"status": "ready"}) if well else problem(503, "not ready", "not every model is served")
    if lacking or not able:
        reasons: dict[str, Any] = {
            name: [problem for _, problems in one.troubles() for problem in problems]
            for name, one in sorted(lacking.items())
        }
        detail = f"not served: {', '.join(reasons)}" if reasons else "no model is served"
        return problem(503, "not ready", detail, models=reasons)
    failed = [trouble for _, one in sorted(repository.models.items()) for trouble in troubles(one)]
    return json({"status": "ready", "models": able, **({"failed": failed} if failed else {})})
