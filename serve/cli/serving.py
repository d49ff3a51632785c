"""The verb `serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

__all__ = ["serve"]


def serve(
    paths: list[Path],
    /,
    *,
    host: str | None = None,
    port: int | None = None,
    max_body: Annotated[int | None, Parameter(name="--max-body")] = None,
) -> int:
    """Answer predictions over HTTP for bundles, and folders of bundles.

    POST /v1/models/NAME/predict with {"spectra": [[…]]} gives the predictions; GET /v1/models lists the models,
    /ready says whether all give their golden answers. Stops on SIGTERM or Ctrl-C after the requests in flight.

    Parameters
    ----------
    paths
        Bundles (.n4a) and folders of them; a model is named as its file.
    host
        Address to listen on (default 127.0.0.1: this machine alone).
    port
        Port to listen on (default 8000; 0 takes a free one).
    max_body
        Largest request body in bytes (default 64 MiB).
    """
    import socket
    from dataclasses import replace

    import uvicorn

    from ..app import create_app
    from ..settings import from_environment

    given: dict[str, Any] = {"host": host, "port": port, "max_body": max_body}
    settings = replace(
        from_environment(), paths=tuple(paths), **{name: value for name, value in given.items() if value is not None}
    )
    for path in settings.paths:
        if not path.exists():
            raise FileNotFoundError(2, "no such bundle or folder", str(path))
    app = create_app(settings)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.port), family=family)
    # Connections inherit this. asyncio would not set it for a socket made here, and each answer would wait 40 ms for an
    # acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Said before the first request can be answered: whoever started us learns the port from this line.
    print(f"n4a serve: http://{settings.host}:{listener.getsockname()[1]}/", file=sys.stderr, flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listener])
    return 0
