"""A server that is asked for a long time does not grow: `pytest -m soak tests/serve/test_soak.py`.

N4AKIT_SOAK_REQUESTS says how many requests, two million if nothing is said.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray

from .askers import Asked, begin, counter
from .bodies import ARROW, BODIES, CSV, JSON, NPY
from .page_models import write_models
from .server import Server, predict_path, question, serving

REQUESTS = int(os.environ.get("N4AKIT_SOAK_REQUESTS", "2_000_000"))
CLIENTS = 2
WARM = 0.2
"""The part of the requests after which memory counts."""
MOST = 1e6
"""Bytes that it may grow in 100,000 requests."""

PREDICT, INFER = predict_path("fat"), "/v2/models/fat/infer"


def _tensor(rows: NDArray[np.float64]) -> tuple[bytes, dict[str, str]]:
    parameters = {"binary_data_size": rows.nbytes}
    spectra = {"name": "spectra", "shape": rows.shape, "datatype": "FP64", "parameters": parameters}
    head = json.dumps({"inputs": [spectra]}).encode()
    return head + rows.tobytes(), {"Inference-Header-Content-Length": str(len(head))}


def _mixed(X: NDArray[np.float64], wavelengths: NDArray[np.float64]) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Path, body and headers of requests; what is asked more often is there more than once."""
    for number in range(8):
        yield PREDICT, question(X[number : number + 1]), {}
        yield PREDICT, question(X[number : number + 1], full=True), {}
    yield PREDICT, question(X[:4, 5:95], full=True, axis=wavelengths[5:95].tolist(), on_error="row"), {}
    for kind in (NPY, NPY, NPY, ARROW, CSV):
        yield PREDICT, BODIES[kind](X[:16]), {"Content-Type": kind}
    for kind in (JSON, NPY, ARROW, CSV):
        yield PREDICT, BODIES[kind](X[:4]), {"Content-Type": kind, "Accept": kind}
    for _ in range(3):
        yield INFER, *_tensor(X[:16])
    # What cannot be answered: no JSON, a point too few, not finite, no such model, no such type, no such tensor.
    yield PREDICT, b'{"spectra": [[1, 2', {}
    yield PREDICT, question(X[:2, 1:]), {}
    yield PREDICT, b'{"spectra": [[1e999]]}', {}
    yield predict_path("oats"), question(X[:1]), {}
    yield PREDICT, b"spectra", {"Content-Type": "text/plain"}
    yield INFER, b'{"inputs": []}', {}


def _asked(server: Server, path: str, body: bytes, headers: dict[str, str]) -> Asked:
    """A request, with the answer that it gets now and must get ever after."""
    named = {"Host": "localhost", "Content-Type": JSON, "Content-Length": str(len(body))} | headers
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    reply = server.ask("POST", path, body, **{name.replace("-", "_"): value for name, value in headers.items()})
    return Asked(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body, reply.status, reply.body)


def _resident(process: int) -> int:
    """Bytes of memory that a process has now."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory of other processes is read from /proc")
def test_memory_does_not_grow_with_the_requests(tecator: Any, tmp_path: Path) -> None:
    with serving(write_models(tmp_path, tecator)) as server:
        asked = [_asked(server, *each) for each in _mixed(tecator.X, tecator.wavelengths)]
        assert {one.status for one in asked} == {200, 400, 404, 415, 422}
        done = [counter() for _ in range(CLIENTS)]
        port = urlsplit(server.url).port or 0
        clients = [begin(port, asked, REQUESTS // CLIENTS, seed, count) for seed, count in enumerate(done)]
        seen: list[tuple[int, int]] = []
        while any(client.is_alive() for client in clients):
            time.sleep(0.1)
            seen.append((sum(count.value for count in done), _resident(server.process.pid)))
        assert [client.exitcode for client in clients] == [0] * CLIENTS
        assert sum(count.value for count in done) >= REQUESTS
        requests, resident = np.array([one for one in seen if one[0] >= WARM * REQUESTS], dtype=np.float64).T
        slope = np.polynomial.Polynomial.fit(requests, resident, 1).convert().coef[1]
        course = ", ".join(f"{each / 1e6:.2f}" for each in resident[:: max(1, len(resident) // 20)])
        print(f"{slope * 1e5:.0f} bytes in 100,000 requests; resident, MB: {course}")
        assert slope * 1e5 < MOST
