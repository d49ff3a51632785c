"""Whether the server is well."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from ..auth import covers
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
    repository, record = desk.repository, of(request.scope)
    lacking = repository.lacking
    well = not lacking and any(one.sound for one in repository.models.values())
    if record.brief:  # asked by somebody who may know whether, but not what
        return json({"status": "ready"}) if well else problem(503, "not ready", "not every model is served")
    if not well:
        reasons: dict[str, Any] = {
            name: [problem for _, problems in one.troubles() for problem in problems]
            for name, one in sorted(lacking.items())
            if covers(record.models, name)
        }
        others = "not every model is served" if lacking else "no model is served"
        detail = f"not served: {', '.join(reasons)}" if reasons else others
        return problem(503, "not ready", detail, models=reasons)
    known = [one for name, one in sorted(repository.models.items()) if covers(record.models, name)]
    failed = [trouble for one in known for trouble in troubles(one)]
    able = [one.name for one in known if one.sound]
    return json({"status": "ready", "models": able, **({"failed": failed} if failed else {})})
