"""How a server is to run, as one value; the only place that reads the environment and the file of settings.

A setting is one line below; its flag, its variable and its key in the file have its name: `max_body` is `--max-body`,
`N4A_MAX_BODY` and `max_body = …`. A flag goes before the environment, the environment before the file, and that before
the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import inf
from pathlib import Path
from typing import Any

from .errors import Misuse
from .setting import Bound, setting, settings_of

__all__ = ["CONFIG", "Settings", "from_environment", "gathered"]

CONFIG = "N4A_CONFIG"
"""The variable that names the file of settings."""

AT_LEAST_ONE: Bound = {"fits": lambda number: number >= 1, "expected": "1 or more"}
NOT_NEGATIVE: Bound = {"fits": lambda number: 0 <= number < inf, "expected": "0 or more"}
SECONDS: Bound = {"fits": lambda seconds: 0 < seconds < inf, "expected": "a number of seconds"}


@dataclass(frozen=True)
class Settings:
    """Settings of one server. Raises Misuse naming a value that cannot be."""

    paths: tuple[Path, ...] = setting((), "Bundles, and folders of bundles, to serve.")
    host: str = setting(
        "127.0.0.1",
        "Address to listen on: this machine alone, unless told otherwise.",
        # To a socket an empty one would mean every address of the machine.
        fits=bool,
        expected="an address; 0.0.0.0 listens on all of the machine's",
    )
    port: int = setting(
        8000,
        "Port to listen on; 0 takes a free one.",
        fits=lambda port: 0 <= port <= 65535,
        expected="0 to 65535",
    )
    max_body: int = setting(
        64 * 1024 * 1024,
        "Largest request body in bytes; more is refused with 413.",
        fits=lambda size: size >= 1,
        expected="a number of bytes",
    )
    max_decoded: int = setting(
        256 * 1024 * 1024,
        "Most bytes that a body may take once it is decompressed and decoded; more is refused with 413.",
        fits=lambda size: size >= 1,
        expected="a number of bytes",
    )
    poll: float = setting(
        2.0,
        "Seconds between two looks for bundles that came, changed or went; 0 looks only when told.",
        fits=lambda seconds: 0 <= seconds < 1e6,
        expected="seconds, or 0",
    )
    lazy: bool = setting(False, "Load each bundle when it is first asked, instead of all at the start.")
    memory: int = setting(
        0,
        "Most bytes that loaded bundles may hold; those not asked for longest are let go. 0 keeps all.",
        fits=lambda size: size >= 0,
        expected="a number of bytes, or 0",
    )
    allow_opaque: tuple[str, ...] = setting(
        (), "Models, by name or by digest, whose pickled steps may be loaded, which runs code from their file."
    )
    queue: int = setting(
        32768,
        "Most spectra that may wait for their prediction; more are refused with 503.",
        fits=lambda rows: rows >= 1,
        expected="a number of spectra",
    )
    threads: int = setting(
        0,
        "Threads for large requests; 0 takes one for each usable core.",
        fits=lambda count: 0 <= count <= 1024,
        expected="0 to 1024",
    )
    tokens: Path | None = setting(None, "File of the tokens that clients must show; `n4a token add` makes it.")
    anonymous: bool = setting(False, "Let everybody ask who reaches the address, without tokens.")
    unix: Path | None = setting(None, "Unix socket to listen on instead of an address.")
    workers: int = setting(1, "Processes that answer; they share the arrays of the models.", **AT_LEAST_ONE)
    tls_cert: Path | None = setting(
        None, "The server's certificate, and those up to its root, in PEM format: it answers over TLS alone."
    )
    tls_key: Path | None = setting(None, "The certificate's key, where it is not in the same file.")
    tls_client_ca: Path | None = setting(None, "Authorities that a client's certificate must be of.")
    max_rows: int = setting(100_000, "Most spectra in one request; more are refused with 413.", **AT_LEAST_ONE)
    max_columns: int = setting(20_000, "Most points in one spectrum; more are refused with 413.", **AT_LEAST_ONE)
    max_concurrency: int = setting(
        64, "Requests that are worked on at the same time in one process; others wait.", **AT_LEAST_ONE
    )
    max_queue: int = setting(
        1024, "Requests that wait at the same time in one process; more are refused with 503.", **NOT_NEGATIVE
    )
    max_connections: int = setting(
        4096, "Connections open at the same time in one process; more are refused with 503.", **AT_LEAST_ONE
    )
    timeout: float = setting(60.0, "Seconds until a request that was read must be answered, else 504.", **SECONDS)
    read_timeout: float = setting(
        20.0, "Seconds a client may take for the head of a request, and again for each MiB of its body.", **SECONDS
    )
    rate: float = setting(
        0.0, "Requests a second that one client may make to one process, else 429; 0 is any number.", **NOT_NEGATIVE
    )
    burst: int = setting(20, "Requests that a client may make at once before the rate counts.", **AT_LEAST_ONE)
    drain_delay: float = setting(
        0.0, "Seconds it goes on answering, no longer ready, after it was told to stop.", **NOT_NEGATIVE
    )
    drain_timeout: float = setting(30.0, "Seconds that requests in flight then have to be answered.", **NOT_NEGATIVE)
    access_log: Path | None = setting(None, "File that gets a line of JSON per request, - for standard output.")
    errors: str = setting(
        "full",
        "What a refusal tells: full, the place and the values, or brief, its kind alone.",
        fits=lambda form: form in ("full", "brief"),
        expected="full or brief",
    )
    otel: bool = setting(False, "Send a span per request to where the variables OTEL_… say.")

    def __post_init__(self) -> None:
        for one in settings_of(Settings):
            one.check(getattr(self, one.name))
        if not self.tls_cert and (self.tls_key or self.tls_client_ca):
            raise Misuse("tls_cert: none was given, expected the certificate that goes with the other TLS settings")


def gathered(
    flags: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    config: Path | None = None,
) -> Settings:
    """The settings that flags, the environment and a file give, by name, with the defaults for the rest.

    A flag that is None is as good as absent, and so is an empty variable. Raises Misuse naming what cannot be.
    """
    if config is None and environment.get(CONFIG):
        config = Path(environment[CONFIG])
    found = {} if config is None else _from_file(config)
    for one in settings_of(Settings):
        if environment.get(one.variable):
            found[one.name] = one.from_text(environment[one.variable])
    found |= {name: value for name, value in (flags or {}).items() if value is not None}
    return Settings(**found)


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives, and the file that it names."""
    return gathered(environment=environment)


def _from_file(path: Path) -> dict[str, Any]:
    import tomllib  # takes a while, and few have such a file

    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Misuse(f"config: {path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # of TOML and of UTF-8
        raise Misuse(f"config: {path} is not TOML: {error}") from None
    known = {one.name: one for one in settings_of(Settings)}
    for name in said.keys() - known.keys():
        near = get_close_matches(name, known, 1)
        hint = f"; {near[0]!r} is meant" if near else ""
        raise Misuse(f"config: {path} has {name!r}, expected one of {', '.join(known)}{hint}")
    try:
        return {name: known[name].from_file(value, path.parent) for name, value in said.items()}
    except Misuse as error:
        raise Misuse(f"config: {path}: {error}") from None
