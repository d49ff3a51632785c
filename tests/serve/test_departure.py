"""A client that hangs up takes its spectra out of the queue, on a real connection."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from n4akit import Bundle, Result
from n4akit.serve import predictor as module
from n4akit.serve.app import create_app
from n4akit.serve.listening import listen
from n4akit.serve.settings import Settings

from .server import predict_path, question


def request(count: int) -> bytes:
    body = question([[*range(12)]] * count)
    return (
        f"POST {predict_path('fat')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )


def test_a_client_that_hangs_up_is_not_predicted(fat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    made: list[int] = []
    plain = Bundle.predict_full

    def waiting(self: Bundle, X: Any, *given: Any, **more: Any) -> Result:
        made.append(len(X))
        assert go.wait(20)
        return plain(self, X, *given, **more)

    app = create_app(Settings((fat,), threads=1))
    monkeypatch.setattr(Bundle, "predict_full", waiting)
    monkeypatch.setattr(module, "AT_ONCE", 0.0)
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    running = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    running.start()
    try:
        clients = [socket.create_connection(listener.getsockname(), timeout=20) for _ in range(3)]
        for number, client in enumerate(clients, 1):
            client.sendall(request(number))
            time.sleep(0.2)
        assert made == [1], "the first is being predicted, the others wait"
        clients[1].close()
        time.sleep(0.2)
        go.set()
        for client in (clients[0], clients[2]):
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
            client.close()
        assert made == [1, 3]
    finally:
        go.set()
        server.should_exit = True
        running.join(20)
    assert not running.is_alive()
