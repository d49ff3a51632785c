"""What the gate costs: one spectrum asked of the server with everything on (token, rate, limits, metrics, request ID,
headers, access log), and of the bare application.

`in process` calls the ASGI application without a network, one request after the other: the strictest comparison.
`over HTTP` has a server on loopback in a process and on a core of its own, asked by eight connections at a time.
Both are the processor time of the server (all threads), which is what bounds the throughput of one process, and which
neighbours on a shared machine disturb less than the time of day.

Run: python tests/benchmarks/middleware.py [--repeats N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.export import export
from n4akit.serve.app import build
from n4akit.serve.gate import Gate
from n4akit.serve.record import Record
from n4akit.serve.running import configured, run
from n4akit.serve.settings import Settings
from n4akit.serve.tokens import add
from n4akit.serve.watching import Watch
from servers.load import cores
from workload import spectra, train

ASKED = 0.85
IN_PROCESS = 300
OVER_HTTP = 800
CONNECTIONS = 8


def apps(folder: Path) -> tuple[dict[str, Any], dict[str, tuple[Any, Gate, Watch, Settings]], str]:
    """The ASGI applications by name, what runs them, and a token."""
    path = Path(export(from_sklearn(train().folds), folder / "model"))
    token = add(folder / "tokens.json", "bench", ["*"], ["predict", "read"])
    plain = Settings((path,))
    full = Settings((path,), tokens=folder / "tokens.json", rate=1e9, burst=10**9, access_log=folder / "access.log")
    made = {}
    for name, settings in (("off", plain), ("on", full)):
        app, gate, watch = build(settings)
        if name == "off":
            app.asgi_handler = bare(gate._app)
        made[name] = (app, gate, watch, settings)
    return {name: app for name, (app, *_) in made.items()}, made, token


def bare(app: Any) -> Any:
    """What stands before the application where no gate does: it has the body read, and nothing else."""

    async def reading(scope: Any, receive: Any, send: Any) -> None:
        parts = []
        while scope["type"] == "http":
            message = await receive()
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        record = Record()
        record.body, record.receive = b"".join(parts), receive
        record.keep(scope)
        await app(scope, receive, send)

    return reading


def head(body: bytes, token: str) -> list[tuple[bytes, bytes]]:
    """What a usual client sends."""
    return [
        (b"host", b"127.0.0.1:8000"),
        (b"accept", b"*/*"),
        (b"accept-encoding", b"gzip, deflate"),
        (b"user-agent", b"bench/1"),
        (b"authorization", f"Bearer {token}".encode()),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]


def scope(body: bytes, token: str) -> dict[str, Any]:
    path = "/v1/models/model/predict"
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": head(body, token),
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip


async def ask(app: Any, body: bytes, token: str) -> None:
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        # As a server does: after the body comes nothing until the client leaves.
        return left.pop() if left else await asyncio.Future()

    status = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    await app(scope(body, token), receive, send)
    assert status == [200]


async def in_process(app: Any, gate: Gate, body: bytes, token: str) -> float:
    async with gate.opened():
        start = time.process_time()
        for _ in range(IN_PROCESS):
            # A task each, as every server makes one.
            await asyncio.create_task(ask(app, body, token))
        return (time.process_time() - start) / IN_PROCESS


def alone(app: Any, gate: Gate, body: bytes, token: str) -> float:
    return asyncio.run(in_process(app, gate, body, token))


async def client(port: int, request: bytes, count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()


async def over_http(process: int, port: int, request: bytes) -> float:
    clock = (~process << 3) | 2  # the processor time of another process, as clock_getcpuclockid(3) has it on Linux
    start = time.clock_gettime(clock)
    await asyncio.gather(*(client(port, request, OVER_HTTP // CONNECTIONS) for _ in range(CONNECTIONS)))
    return (time.clock_gettime(clock) - start) / OVER_HTTP


def crowd(process: int, port: int, request: bytes) -> float:
    return asyncio.run(over_http(process, port, request))


def serve(core: int, app: Any, gate: Gate, watch: Watch, settings: Settings) -> tuple[int, int]:
    """The process and the port of a server."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port: int = listener.getsockname()[1]
    process = os.fork()
    if process == 0:
        try:
            os.sched_setaffinity(0, {core})
            run(configured(app, settings), gate, watch, settings, listener)
        finally:
            os._exit(0)
    listener.close()
    return process, port


def report(name: str, measure: dict[str, Callable[[], float]], repeats: int) -> None:
    """One line: medians of what was asked in turn, and the median of the ratios of neighbours."""
    times: dict[str, list[float]] = {which: [] for which in measure}
    for _ in range(repeats):
        for which, once in measure.items():
            times[which].append(once())
    ratio = statistics.median(off / on for off, on in zip(times["off"], times["on"], strict=True))
    off, on = (statistics.median(times[which]) * 1e6 for which in ("off", "on"))
    missed = "" if ratio >= ASKED else ", **missed**"
    print(f"| {name} | {off:.0f} | {on:.0f} | {ratio:.3f}× | ≥ {ASKED}×{missed} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=31)
    repeats = parser.parse_args().repeats
    X, _ = spectra(1, seed=1)
    body = json.dumps({"spectra": X.round(6).tolist()}).encode()
    with tempfile.TemporaryDirectory() as name:
        bare, made, token = apps(Path(name))
        print("| asked | bare, µs | everything on, µs | throughput | asked for |\n|---|---|---|---|---|")
        report(
            "in process",
            {which: partial(alone, bare[which], made[which][1], body, token) for which in bare},
            repeats,
        )
        lines = b"".join(key + b": " + value + b"\r\n" for key, value in head(body, token))
        request = b"POST /v1/models/model/predict HTTP/1.1\r\n" + lines + b"\r\n" + body
        server, client = cores()
        servers = {which: serve(server, *made[which]) for which in made}
        time.sleep(1)
        os.sched_setaffinity(0, {client})
        try:
            report(
                "over HTTP",
                {which: partial(crowd, process, port, request) for which, (process, port) in servers.items()},
                repeats,
            )
        finally:
            for process, _ in servers.values():
                os.kill(process, 15)
                os.waitpid(process, 0)


if __name__ == "__main__":
    main()
