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

    A new bundle that fails while its older version goes on, or under a new name, is told and changes nothing else. Who
    shows a token is told of the models that it is for, if it is for reading.
    """
    repository, record = desk.repository, of(request.scope)
    if record.brief:  # asked by somebody who may know whether, but not what
        well = json({"status": "ready"})
        return well if repository.ready else problem(503, "not ready", "not every model is served")
    known = [one for name, one in sorted(repository.models.items()) if covers(record.models, name)]
    if not repository.ready:
        lacking = repository.lacking
        reasons: dict[str, Any] = {
            one.name: [problem for _, problems in one.troubles() for problem in problems]
            for one in known
            if one.name in lacking
        }
        others = "not every model is served" if lacking else "no model is served"
        detail = f"not served: {', '.join(reasons)}" if reasons else others
        return problem(503, "not ready", detail, models=reasons)
    able = [one.name for one in known if one.sound]
    failed = [trouble for one in known for trouble in troubles(one)]
    return json({"status": "ready", "models": able, **({"failed": failed} if failed else {})})
