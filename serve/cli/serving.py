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

__all__ = ["serve"]


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
    import gc
    import signal

    from ..app import build
    from ..errors import Misuse
    from ..heap import keep_what_is_freed
    from ..listening import check_reach
    from ..running import check_tls, configured, run
    from ..shared import Board
    from ..workers import supervise

    settings = gathered({**given, "paths": tuple(paths) if paths else None}, config=config)
    if not settings.paths:
        raise Misuse("no bundle was named, expected bundles or folders of them (or N4A_PATHS in the environment)")
    for path in settings.paths:
        if not path.exists():
            raise FileNotFoundError(2, "no such bundle or folder", str(path))
    check_reach(settings)
    check_tls(settings)
    # uvicorn raises the signal that stopped it again once all is answered and closed: being told to stop is no failure.
    # From here on, as the first process of a container would not be ended by a signal that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # to look again: the first look is still to come
    app, gate, watch = build(settings)
    signal.signal(signal.SIGHUP, lambda *_: watch.tell())
    listener, where = _listener(settings)
    # Said before the first request can be answered: whoever started us learns the port from this line.
    print(f"n4a serve: {where}", file=sys.stderr, flush=True)
    how = configured(app, settings)
    # What is there by now stays. To look for garbage in it again and again would keep everybody waiting, and give each
    # process a copy of its own.
    gc.collect()
    gc.freeze()
    keep_what_is_freed()
    if settings.workers == 1:
        run(how, gate, watch, settings, listener)
        return 0
    board, parent = Board(settings.workers), os.getpid()

    def work(number: int) -> None:
        gate.page = board.page(number)
        run(how, gate, watch, settings, listener, parent=parent)

    limit = settings.drain_delay + settings.drain_timeout + 5
    return supervise(settings.workers, work, renew=watch.tell, close=listener.close, limit=limit)


def _listener(settings: Settings) -> tuple[socket.socket, str]:
    """A socket as the settings want it, and where it listens."""
    from ..listening import listen, listen_unix, url

    if settings.unix:
        return listen_unix(settings.unix), f"unix:{settings.unix}"
    scheme = "https" if settings.tls_cert else "http"
    listener = listen(settings.host, settings.port, scheme)
    return listener, url(settings.host, listener.getsockname()[1], scheme)


def _signature() -> inspect.Signature:
    """What `serve` takes: the paths, the file of settings, and a flag for every other setting."""
    own = [parameter for parameter in inspect.signature(serve).parameters.values() if parameter.name != "given"]
    flags = [_flag(one) for one in settings_of(Settings) if one.name != "paths"]
    return inspect.Signature([*own, *flags], return_annotation=int)


def _flag(one: Setting) -> inspect.Parameter:
    # `-` stands for standard output, and is no flag. A number is read as everywhere else, and never rounded.
    alone = None if one.several else lambda _, tokens: one.from_flag(tokens[0].value)
    valued = Parameter(help=_help(one), negative="", allow_leading_hyphen=one.type is Path, converter=alone)
    said = Parameter(help=_help(one)) if one.type is bool else valued
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(one.name, keyword, default=None, annotation=Annotated[one.type | None, said])


def _help(one: Setting) -> str:
    default = "" if one.default in ("", (), False, None) else f", default {one.default}"
    return f"{one.doc} (environment: {one.variable}{default})"


serve.__signature__ = _signature()  # type: ignore[attr-defined]  # what the command line reads; a setting is one line
