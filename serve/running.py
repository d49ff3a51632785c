"""Run the application under uvicorn until it is told to stop, and stop so that nothing is lost.

Told to stop, it is not ready at once, goes on answering for `drain_delay`, closes its door, answers what is under way,
and ends. What takes longer than `drain_timeout` is answered with 503.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import time
from typing import Any

import uvicorn

from .connections import Patience, counted
from .errors import Misuse
from .gate import Gate
from .listening import trusts_the_machine
from .settings import Settings
from .watching import Watch

__all__ = ["check_tls", "configured", "run"]

DOORS = 16
"""Connections that are taken in one turn of the loop, which takes one from each door. Where many come at once, the last
would wait for a turn for each before it, and those turns grow longer with everyone that is in.
"""
LINGER = 0.2
"""Seconds in which what clients had sent before the door closed still arrives on connections that were kept."""


def configured(app: Any, settings: Settings) -> uvicorn.Config:
    """How uvicorn is to run the application. What it needs for that is loaded: processes that are forked from this one
    share it.
    """
    config = uvicorn.Config(
        app,
        http=counted(settings.max_connections),
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever connects could claim to be anybody
        timeout_graceful_shutdown=max(1, round(settings.drain_timeout)),
        **_tls(settings),
    )
    config.load()
    config.get_loop_factory()
    return config


def run(
    config: uvicorn.Config, gate: Gate, watch: Watch, settings: Settings, listener: socket.socket, *, parent: int = 0
) -> None:
    """Serve until told to stop, and look at the folders at SIGHUP; with a `parent` until that is no more, too."""
    gate.local = trusts_the_machine(settings)
    watch.parent = parent
    # A duplicate takes over how it waits, for the socket itself and so for all processes: not at all.
    listener.setblocking(False)
    _Server(config, gate, watch, settings, parent).run([listener, *(listener.dup() for _ in range(1, DOORS))])


def check_tls(settings: Settings) -> None:
    """Raises Misuse when the certificates cannot be used, which uvicorn would say with a traceback."""
    for name in ("tls_cert", "tls_key", "tls_client_ca"):
        path = getattr(settings, name)
        if path and not path.is_file():
            raise Misuse(f"{name}: {path} is no file, expected one in PEM format")
    if not settings.tls_cert:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password="")
        if settings.tls_client_ca:
            context.load_verify_locations(settings.tls_client_ca)
    except (ssl.SSLError, ValueError) as error:
        raise Misuse(f"tls_cert, tls_key, tls_client_ca: they cannot be used together: {error}") from None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, gate: Gate, watch: Watch, settings: Settings, parent: int) -> None:
        super().__init__(config)
        self._gate = gate
        self._watch = watch
        self._settings = settings
        self._parent = parent
        self._patience = Patience(settings.read_timeout)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # As the loop wants it: a plain handler would not wake it up.
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._watch.tell)
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: Any) -> None:
        if self._parent and sig == signal.SIGINT:
            return  # a keyboard tells all processes at once, and the parent passes it on as SIGTERM
        self._gate.draining = True
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if counter % 5 == 0:
            self._patience.look(self.server_state.connections, time.monotonic())
            if self._parent and os.getppid() != self._parent:
                self._gate.draining = self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._settings.drain_delay and not self.force_exit:
            await asyncio.sleep(self._settings.drain_delay)
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        if self.server_state.connections and not self.force_exit:
            await asyncio.sleep(LINGER)
        await super().shutdown(sockets)


def _tls(settings: Settings) -> dict[str, Any]:
    if not settings.tls_cert:
        return {}
    clients = {"ssl_ca_certs": settings.tls_client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return {
        "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
        **(clients if settings.tls_client_ca else {}),
    }
