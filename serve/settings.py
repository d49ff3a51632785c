"""How a server is to run, as one value; the only place that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings", "from_environment"]


@dataclass(frozen=True)
class Settings:
    """Settings of one server."""

    paths: tuple[Path, ...] = ()
    """Bundles, and folders of bundles, to serve (environment: N4A_PATHS, separated as PATH is)."""
    host: str = "127.0.0.1"
    """Address to listen on: this machine alone, unless told otherwise (N4A_HOST)."""
    port: int = 8000
    """Port to listen on; 0 takes a free one (N4A_PORT)."""
    max_body: int = 64 * 1024 * 1024
    """Largest request body in bytes; more is refused with 413 (N4A_MAX_BODY)."""


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives, with the defaults for the rest."""
    default = Settings()
    paths = [Path(path) for path in environment.get("N4A_PATHS", "").split(os.pathsep) if path]
    return Settings(
        tuple(paths),
        environment.get("N4A_HOST", default.host),
        int(environment.get("N4A_PORT", default.port)),
        int(environment.get("N4A_MAX_BODY", default.max_body)),
    )
