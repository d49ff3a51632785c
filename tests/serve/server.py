"""A real server in a process of its own, and what one says to it over HTTP; and the command line, run as users do."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from n4akit.bundle.settings_history import open_settings

__all__ = ["N4A", "Reply", "Server", "adjust", "n4a", "put", "serving"]

N4A = [sys.executable, "-m", "n4akit.serve.cli"]
PATIENCE = 120
"""Seconds after which a process that should have answered or ended is given up."""


def clean(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without settings of a server, and with those given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("N4A_")}
    return inherited | {"PYTHONWARNINGS": "error"} | dict(environment or {})


def n4a(
    *arguments: str | Path, given: bytes = b"", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command; whatever happens, it must not show its inside."""
    done = subprocess.run(
        [*N4A, *map(str, arguments)], input=given, capture_output=True, timeout=PATIENCE, env=clean(environment)
    )
    said = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in said.stderr and "Warning" not in said.stderr, said.stderr
    return said


def put(source: Path, target: Path) -> Path:
    """Copy a bundle as a careful copy does, whole or not at all; the copy."""
    part = target.with_name(f".{target.name}.part")
    shutil.copy(source, part)
    return part.replace(target)


def adjust(bundle: Path, bias: float) -> str:
    """Set a bias beside a bundle, as an operator does; the digest of what is then in force."""
    file = open_settings(bundle)
    settings = file.add([{"targets": {file.targets[0]: {"bias": bias}}}], author="Ada", reason="ring test").settings
    assert settings is not None
    return str(settings.digest)


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Message
    body: bytes

    @property
    def type(self) -> str:
        return self.headers.get_content_type()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A server that listens."""

    def __init__(self, process: subprocess.Popen[str], url: str, complaints: list[str]) -> None:
        self.process = process
        self.url = url
        self.complaints = complaints
        """What it said before it listened."""

    def connect(self) -> HTTPConnection:
        place = urlsplit(self.url)
        return HTTPConnection(str(place.hostname), place.port, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One request over a connection of its own; header names are written with `_`."""
        with closing(self.connect()) as connection:
            return ask(connection, method, path, body, **headers)

    def get(self, path: str) -> Reply:
        return self.ask("GET", path)

    def predict(self, model: str, spectra: Any, **members: Any) -> Reply:
        """Predictions for an array or for lists."""
        return self.ask("POST", predict_path(model), question(spectra, **members))

    def stop(self, by: int = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code, and all it said after it listened."""
        self.process.send_signal(by)
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


def predict_path(model: str) -> str:
    return f"/v1/models/{quote(model)}/predict"


def question(spectra: Any, **members: Any) -> bytes:
    rows = spectra.tolist() if hasattr(spectra, "tolist") else spectra
    return json.dumps({"spectra": rows, **members}).encode()


def ask(connection: HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    """One request over a connection that may be used again."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        named = {"Content-Type": "application/json"} | named
    connection.request(method, path, body, named)
    response = connection.getresponse()
    return Reply(response.status, response.headers, response.read())


@contextmanager
def serving(
    *paths: Path, options: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server of these paths on a free port; when it is no longer needed it is stopped, and must have kept calm."""
    command = [*N4A, "serve", *map(str, paths), *options]
    if "--port" not in options:
        command += ["--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=clean(environment))
    with process:
        try:
            url, complaints = _listening(process)
            yield (server := Server(process, url, complaints))
            if process.poll() is None:
                _, said = server.stop()
                assert "Traceback" not in said, said
        finally:
            process.kill()


def _listening(process: subprocess.Popen[str]) -> tuple[str, list[str]]:
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        if line.startswith("n4a serve: http"):
            return line.split()[-1], said
        said.append(line)
    raise AssertionError(f"the server did not start: {''.join(said)}")
