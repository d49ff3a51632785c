"""The verb `serve`."""

from __future__ import annotations

import inspect
import os
import socket
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from ..setting import Setting, settings_of
from ..settings import Settings, gathered

__all__ = ["listen", "serve", "url"]


def serve(paths: list[Path] | None = None, /, *, config: Path | None = None, **given: Any) -> int:
    """Answer predictions over HTTP for bundles, and folders of bundles.

    POST /v1/models/NAME/predict with {"spectra": [[…]]} gives the predictions; GET /v1/models lists the models,
    /ready says whether all give their golden answers. Bundles that come, change or go are noticed while it runs. Stops
    on SIGTERM or Ctrl-C after the requests in flight.

    Parameters
    ----------
    paths
        Bundles (.n4a) and folders of them; a model is named as its file. Those of N4A_PATHS if none is given.
    config
        A file of settings in TOML (environment: N4A_CONFIG). Flags and the environment go before it.
    """
    import signal

    import uvicorn

    from ..app import create_app
    from ..errors import Misuse

    settings = gathered({**given, "paths": tuple(paths) if paths else None}, config=config)
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


def _signature() -> inspect.Signature:
    """What `serve` takes: the paths, the file of settings, and a flag for every other setting."""
    own = [parameter for parameter in inspect.signature(serve).parameters.values() if parameter.name != "given"]
    flags = [_flag(one) for one in settings_of(Settings) if one.name != "paths"]
    return inspect.Signature([*own, *flags], return_annotation=int)


def _flag(one: Setting) -> inspect.Parameter:
    said = Parameter(help=_help(one)) if one.type is bool else Parameter(help=_help(one), negative="")
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(one.name, keyword, default=None, annotation=Annotated[one.type | None, said])


def _help(one: Setting) -> str:
    default = "" if one.default in ("", (), False, None) else f", default {one.default}"
    return f"{one.doc} (environment: {one.variable}{default})"


serve.__signature__ = _signature()  # type: ignore[attr-defined]  # what the command line reads; a setting is one line


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
