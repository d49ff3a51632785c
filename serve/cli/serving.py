"""The verb `serve`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

__all__ = ["serve"]

Flag = Annotated[bool | None, Parameter(negative="")]


def serve(
    paths: list[Path] | None = None,
    /,
    *,
    host: str | None = None,
    port: int | None = None,
    max_body: Annotated[int | None, Parameter(name="--max-body")] = None,
    tokens: str | None = None,
    anonymous: Flag = None,
    unix: str | None = None,
    workers: int | None = None,
    tls_cert: str | None = None,
    tls_key: str | None = None,
    tls_client_ca: str | None = None,
    max_rows: int | None = None,
    max_columns: int | None = None,
    max_concurrency: int | None = None,
    max_queue: int | None = None,
    max_connections: int | None = None,
    timeout: float | None = None,
    read_timeout: float | None = None,
    rate: float | None = None,
    burst: int | None = None,
    drain_delay: float | None = None,
    drain_timeout: float | None = None,
    access_log: str | None = None,
    errors: str | None = None,
    otel: Flag = None,
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
    tokens
        File of the tokens that clients must show; n4a token add makes it (default N4A_TOKENS or none).
    anonymous
        Let everybody ask who reaches the address, without tokens (default N4A_ANONYMOUS).
    unix
        Unix socket to listen on instead of an address (default N4A_UNIX or none).
    workers
        Processes that answer (default N4A_WORKERS or 1).
    tls_cert
        File of the server's certificate, in PEM format; answers over TLS alone (default N4A_TLS_CERT or none).
    tls_key
        File of its key where that is another (default N4A_TLS_KEY or none).
    tls_client_ca
        File of the authorities that certificates of clients must be of (default N4A_TLS_CLIENT_CA or none).
    max_rows
        Most spectra in a request (default N4A_MAX_ROWS or 100000).
    max_columns
        Most points in a spectrum (default N4A_MAX_COLUMNS or 20000).
    max_concurrency
        Requests worked on at once in a process (default N4A_MAX_CONCURRENCY or 64).
    max_queue
        Requests waiting at once in a process (default N4A_MAX_QUEUE or 1024).
    max_connections
        Connections open at once in a process (default N4A_MAX_CONNECTIONS or 4096).
    timeout
        Seconds until a request must be answered (default N4A_TIMEOUT or 60).
    read_timeout
        Seconds for the head of a request, and for each MiB of its body (default N4A_READ_TIMEOUT or 20).
    rate
        Requests a second of one client to one process (default N4A_RATE or 0: any number).
    burst
        Requests that a client may make before the rate counts (default N4A_BURST or 20).
    drain_delay
        Seconds it goes on answering when told to stop (default N4A_DRAIN_DELAY or 0).
    drain_timeout
        Seconds that requests in flight then have (default N4A_DRAIN_TIMEOUT or 30).
    access_log
        File for a line of JSON per request, - for standard output (default N4A_ACCESS_LOG or none).
    errors
        What a refusal tells: full or brief (default N4A_ERRORS or full).
    otel
        Send a span per request to where the variables OTEL_… say (default N4A_OTEL).
    """
    given: dict[str, Any] = {**locals(), "paths": tuple(paths or ())}

    import signal
    from dataclasses import replace

    from ..app import build
    from ..errors import Misuse
    from ..listening import check_reach, listen, listen_unix, url
    from ..running import check_tls, run
    from ..settings import from_environment
    from ..shared import Board
    from ..workers import supervise

    settings = replace(from_environment(), **{name: value for name, value in given.items() if value not in (None, ())})
    if not settings.paths:
        raise Misuse("no bundle was named, expected bundles or folders of them (or N4A_PATHS in the environment)")
    for path in settings.paths:
        if not path.exists():
            raise FileNotFoundError(2, "no such bundle or folder", str(path))
    check_reach(settings)
    check_tls(settings)
    app, gate = build(settings)
    scheme = "https" if settings.tls_cert else "http"
    unix = settings.unix
    listener = listen_unix(Path(unix)) if unix else listen(settings.host, settings.port, scheme)
    # uvicorn raises the signal that stopped it again once all is answered and closed: being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    # Said before the first request can be answered: whoever started us learns the port from this line.
    where = f"unix:{unix}" if unix else url(settings.host, listener.getsockname()[1], scheme)
    print(f"n4a serve: {where}", file=sys.stderr, flush=True)
    if settings.workers == 1:
        run(app, gate, settings, listener)
        return 0
    board, parent = Board(settings.workers), os.getpid()

    def work(number: int) -> None:
        gate.page = board.page(number)
        run(app, gate, settings, listener, parent=parent)

    limit = settings.drain_delay + settings.drain_timeout + 5
    return supervise(settings.workers, work, close=listener.close, limit=limit)
