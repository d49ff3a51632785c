"""Clients in processes of their own: they ask over and over, several requests in one write, and check every answer."""

from __future__ import annotations

import multiprocessing
import random
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from typing import Any

__all__ = ["Asked", "begin", "counter"]

CONNECTIONS = 4
BLOCK = 16
"""Requests in one write."""
LIFE = 100
"""Blocks after which a connection is given up for a new one."""
PATIENCE = 120.0
"""Seconds without an answer after which a client fails."""

_FORK = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Asked:
    """A request as it is sent, and the status and the body that each answer to it must have."""

    request: bytes
    status: int
    body: bytes


def counter() -> Any:
    """A number that a client adds to and others read."""
    return _FORK.Value("q", 0, lock=False)


def begin(port: int, asked: Sequence[Asked], requests: int, seed: int, done: Any) -> ForkServerProcess:
    """A client that makes so many of these requests, as chance has it; it ends with 0 if every answer was right."""
    process = _FORK.Process(target=_ask, args=(port, asked, requests, seed, done), daemon=True)
    process.start()
    return process


def _ask(port: int, asked: Sequence[Asked], requests: int, seed: int, done: Any) -> None:
    chance = random.Random(seed)
    while requests > done.value:
        with ExitStack() as stack:
            connections = [stack.enter_context(closing(_connection(port))) for _ in range(CONNECTIONS)]
            files = [stack.enter_context(connection.makefile("rb")) for connection in connections]
            for _ in range(LIFE):
                blocks = [chance.choices(asked, k=BLOCK) for _ in connections]
                for connection, block in zip(connections, blocks, strict=True):
                    connection.sendall(b"".join(one.request for one in block))
                for file, block in zip(files, blocks, strict=True):
                    for one, (status, body) in zip(block, _answers(file, BLOCK), strict=True):
                        assert (status, body) == (one.status, one.body), (one.request[:300], status, body[:300])
                done.value += BLOCK * CONNECTIONS
                if done.value >= requests:
                    return


def _connection(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def _answers(file: Any, count: int) -> Iterator[tuple[int, bytes]]:
    for _ in range(count):
        status = int(file.readline()[9:12])
        length = 0
        while (line := file.readline()) != b"\r\n":
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        yield status, file.read(length)
