"""The verb `serve`."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

__all__ = ["listen", "serve", "url"]


def serve(
    paths: list[Path] | None = None,
    /,
    *,
    host: str | None = None,
    port: int | None = None,
    max_body: Annotated[int | None, Parameter(name="--max-body")] = None,
    max_decoded: Annotated[int | None, Parameter(name="--max-decoded")] = None,
) -> int:
    """Answer predictions over HTTP for bundles, and folders of bundles.

    POST /v1/models/NAME/predict with {"spectra": [[…]]} gives the predictions; GET /v1/models lists the models,
    /ready says whether all give their golden answers. Stops on SIGTERM or Ctrl-C after the requests in flight.

    Parameters
    ----------
    paths
        Bundles (.n4a) and folders of them; a model is named as its file. Those of N4A_PATHS if none is given.
    host
        Address to listen on (default N4A_HOST or 127.0.0.1: this machine alone).
    port
        Port to listen on (default N4A_PORT or 8000; 0 takes a free one).
    max_body
        Largest request body in bytes (default N4A_MAX_BODY or 64 MiB).
    max_decoded
        Most bytes that a body may take once it is decompressed and decoded (default N4A_MAX_DECODED or 256 MiB).
    """
    import signal
    from dataclasses import replace

    import uvicorn

    from ..app import create_app
    from ..errors import Misuse
    from ..settings import from_environment

    given: dict[str, Any] = {"paths": tuple(paths or ()), "host": host, "port": port, "max_body": max_body}
    given["max_decoded"] = max_decoded
    settings = replace(from_environment(), **{name: value for name, value in given.items() if value not in (None, ())})
    if not settings.paths:
        raise Misuse("no bundle was named, expected bundles or folders of them (or N4A_PATHS in the environment)")
    for path in settings.paths:
        if not path.exists():
            raise FileNotFoundError(2, "no such bundle or folder", str(path))
    app = create_app(settings)
    listener = listen(settings.host, settings.port)
    # uvicorn raises the signal that stopped it again once all is answered and closed: being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    # Said before the first request can be answered: whoever started us learns the port from this line.
    print(f"n4a serve: {url(settings.host, listener.getsockname()[1])}", file=sys.stderr, flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listener])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; ServeError, saying why, when it cannot."""
    from ..errors import ServeError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        raise ServeError(f"cannot listen on {url(host, port)}: {reason}") from error
    # Connections inherit this. asyncio would not set it for a socket made here, and each answer would wait 40 ms for an
    # acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url(host: str, port: int) -> str:
    """Where a server listens, as a browser takes it."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
