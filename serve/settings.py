"""How a server is to run, as one value; the only place that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .errors import Misuse

__all__ = ["Settings", "from_environment"]


@dataclass(frozen=True)
class Settings:
    """Settings of one server. Raises Misuse naming a value that cannot be."""

    paths: tuple[Path, ...] = ()
    """Bundles, and folders of bundles, to serve (environment: N4A_PATHS, separated as PATH is)."""
    host: str = "127.0.0.1"
    """Address to listen on: this machine alone, unless told otherwise (N4A_HOST)."""
    port: int = 8000
    """Port to listen on; 0 takes a free one (N4A_PORT)."""
    max_body: int = 64 * 1024 * 1024
    """Largest request body in bytes; more is refused with 413 (N4A_MAX_BODY)."""
    tokens: str = ""
    """File of the tokens that clients must show; none: whoever reaches the server may ask (N4A_TOKENS)."""
    anonymous: bool = False
    """Whether an address that others reach may be listened on without tokens (N4A_ANONYMOUS)."""
    unix: str = ""
    """Unix socket to listen on instead of host and port (N4A_UNIX)."""
    workers: int = 1
    """Processes that answer; they share the arrays of the models (N4A_WORKERS)."""
    tls_cert: str = ""
    """File of the server's certificate, and those up to its root: answers over TLS alone (N4A_TLS_CERT)."""
    tls_key: str = ""
    """File of the certificate's key, where it is not in the same file (N4A_TLS_KEY)."""
    tls_client_ca: str = ""
    """File of the authorities that a client's certificate must be of; none: clients need none (N4A_TLS_CLIENT_CA)."""
    max_rows: int = 100_000
    """Most spectra in one request; more are refused with 413 (N4A_MAX_ROWS)."""
    max_columns: int = 20_000
    """Most points in one spectrum; more are refused with 413 (N4A_MAX_COLUMNS)."""
    max_concurrency: int = 64
    """Requests that are worked on at the same time in one process; others wait (N4A_MAX_CONCURRENCY)."""
    max_queue: int = 1024
    """Requests that wait at the same time in one process; more are refused with 503 (N4A_MAX_QUEUE)."""
    max_connections: int = 4096
    """Connections that are open at the same time in one process; more are refused with 503 (N4A_MAX_CONNECTIONS)."""
    timeout: float = 60.0
    """Seconds until a request that was read must be answered, else 504 (N4A_TIMEOUT)."""
    read_timeout: float = 20.0
    """Seconds a client may take for the head of a request, and again for each MiB of its body (N4A_READ_TIMEOUT)."""
    rate: float = 0.0
    """Requests a second that one client may make to one process, else 429; 0 is any number (N4A_RATE)."""
    burst: int = 20
    """Requests that a client may make at once before the rate counts (N4A_BURST)."""
    drain_delay: float = 0.0
    """Seconds it goes on answering, no longer ready, after it was told to stop (N4A_DRAIN_DELAY)."""
    drain_timeout: float = 30.0
    """Seconds that requests in flight then have to be answered (N4A_DRAIN_TIMEOUT)."""
    access_log: str = ""
    """File that gets a line of JSON per request, `-` for standard output; none: no log (N4A_ACCESS_LOG)."""
    errors: str = "full"
    """What a refusal tells: `full`, the place and the values, or `brief`, its kind alone (N4A_ERRORS)."""
    otel: bool = False
    """Whether a span per request goes to where the variables OTEL_… say (N4A_OTEL)."""

    def __post_init__(self) -> None:
        if not self.host:
            # To a socket this would mean every address of the machine.
            raise Misuse("host: an empty one was given, expected an address; 0.0.0.0 listens on all of the machine's")
        if not 0 <= self.port <= 65535:
            raise Misuse(f"port: {self.port} was given, expected 0 to 65535")
        if self.max_body < 1:
            raise Misuse(f"max_body: {self.max_body} was given, expected a number of bytes")
        for name in ("workers", "max_rows", "max_columns", "max_concurrency", "max_connections", "burst"):
            self._expect(name, getattr(self, name) >= 1, "1 or more")
        for name in ("max_queue", "rate", "drain_delay", "drain_timeout"):
            self._expect(name, 0 <= getattr(self, name) < float("inf"), "0 or more")
        for name in ("timeout", "read_timeout"):
            self._expect(name, 0 < getattr(self, name) < float("inf"), "a number of seconds")
        self._expect("errors", self.errors in ("full", "brief"), "full or brief")
        if not self.tls_cert and (self.tls_key or self.tls_client_ca):
            raise Misuse("tls_cert: none was given, expected the certificate that goes with the other TLS settings")

    def _expect(self, name: str, met: bool, expected: str) -> None:
        if not met:
            raise Misuse(f"{name}: {getattr(self, name)} was given, expected {expected}")


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives, with the defaults for the rest; empty is as good as absent.

    Raises Misuse naming what cannot be.
    """
    default = Settings()
    paths = [Path(path) for path in environment.get("N4A_PATHS", "").split(os.pathsep) if path]
    return Settings(
        tuple(paths),
        environment.get("N4A_HOST") or default.host,
        _integer(environment, "N4A_PORT", default.port),
        _integer(environment, "N4A_MAX_BODY", default.max_body),
        **{field.name: _read(environment, field.name, getattr(default, field.name)) for field in fields(default)[4:]},
    )


def _read(environment: Mapping[str, str], setting: str, default: Any) -> Any:
    name = f"N4A_{setting.upper()}"
    text = environment.get(name)
    if not text:
        return default
    if isinstance(default, bool):
        return _boolean(name, text)
    if isinstance(default, int):
        return _integer(environment, name, default)
    if isinstance(default, float):
        return _number(name, text)
    return text


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "0", "false", "no"):
        raise Misuse(f"{name}: {text!r} was given, expected 1 or 0")
    return text.lower() in ("1", "true", "yes")


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Misuse(f"{name}: {text!r} was given, expected a number") from None


def _integer(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name)
    try:
        return int(text) if text else default
    except ValueError:
        raise Misuse(f"{name}: {text!r} was given, expected a whole number") from None
