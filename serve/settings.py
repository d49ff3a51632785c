"""How a server is to run, as one value; the only place that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
    max_decoded: int = 256 * 1024 * 1024
    """Most bytes that a body may take once it is decompressed and decoded; more is refused with 413
    (N4A_MAX_DECODED)."""

    def __post_init__(self) -> None:
        if not self.host:
            # To a socket this would mean every address of the machine.
            raise Misuse("host: an empty one was given, expected an address; 0.0.0.0 listens on all of the machine's")
        if not 0 <= self.port <= 65535:
            raise Misuse(f"port: {self.port} was given, expected 0 to 65535")
        if self.max_body < 1:
            raise Misuse(f"max_body: {self.max_body} was given, expected a number of bytes")
        if self.max_decoded < 1:
            raise Misuse(f"max_decoded: {self.max_decoded} was given, expected a number of bytes")


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
        _integer(environment, "N4A_MAX_DECODED", default.max_decoded),
    )


def _integer(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name)
    try:
        return int(text) if text else default
    except ValueError:
        raise Misuse(f"{name}: {text!r} was given, expected a whole number") from None
