"""What comes before a request is one: heads that are too large, requests sent ahead, offers to speak something else."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from .server import Server, predict_path, question, serving

QUESTION = question(np.linspace(0.1, 0.9, 12)[None])
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
LIVE = b"GET /live HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serving(models / "plain.n4a", options=["--read-timeout", "5"]) as server:
        yield server


@contextmanager
def talking(server: Server) -> Iterator[socket.socket]:
    place = urlsplit(server.url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=30) as client:
        yield client


def told(server: Server, *parts: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each answer, until the server closes the connection, as the last request asks it to."""
    said = b""
    with talking(server) as client:
        try:
            for part in parts:
                client.sendall(part)
                client.settimeout(0.2)
                with suppress(TimeoutError):
                    said += client.recv(65536)
            client.settimeout(30)
            while part := client.recv(65536):
                said += part
        except ConnectionError:
            pass
    answers = [answer.partition(b"\r\n\r\n") for answer in said.split(b"HTTP/1.1 ")[1:]]
    return [(int(head[:3]), body) for head, _, body in answers]


@pytest.mark.parametrize(
    "head",
    [
        b"x: " + b"y" * 100_000 + b"\r\n",
        b"x: y\r\n" * 100_000,
        b"y" * 2_000_000 + b": 1\r\n",
        b"x: " + b"y" * 60_000 + b"\r\nz: " + b"y" * 60_000 + b"\r\n",
    ],
    ids=["value", "many", "name", "two"],
)
def test_a_head_is_bounded(server: Server, head: bytes) -> None:
    ((status, body),) = told(server, LIVE + head + b"Connection: close\r\n\r\n") or [(431, b'{"status":431}')]
    # Whoever still sends when the door is closed may not hear why.
    assert status == 431 and json.loads(body)["status"] == 431


def test_what_comes_between_pieces_of_a_body_is_bounded(server: Server) -> None:
    start = b"POST /v1/models/plain/predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    assert told(server, start, b"x: y\r\n" * 11_000, b"x: y\r\n" * 11_000)[0][0] == 431


def test_a_large_head_is_taken(server: Server) -> None:
    answers = told(server, LIVE + b"x: " + b"y" * 60_000 + b"\r\nConnection: close\r\n\r\n")
    assert answers == [(200, b'{"status":"live"}')]


def test_requests_may_be_sent_ahead_but_not_any_number(server: Server) -> None:
    last = LIVE + b"Connection: close\r\n\r\n"
    assert [status for status, _ in told(server, (LIVE + b"\r\n") * 40 + last)] == [200] * 41
    assert len(told(server, (LIVE + b"\r\n") * 5000 + last)) < 100


@pytest.mark.parametrize("line", [b"NONSENSE", b"GET /live HTTP/9.9", b"GET /\xff HTTP/1.1"])
def test_what_is_not_http_is_a_problem_too(server: Server, line: bytes) -> None:
    ((status, body),) = told(server, line + b"\r\n\r\n")
    assert status == 400 and json.loads(body)["status"] == 400


def predicting(framing: bytes, offer: bytes = OFFER) -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Type: application/json\r\n%s\r\n" % (
        predict_path("plain").encode(),
        offer,
        framing,
    )


@pytest.mark.parametrize("apart", [False, True])
def test_an_offer_of_another_protocol_is_ignored_and_the_body_read(server: Server, apart: bool) -> None:
    """As every Java client makes it by default."""
    whole = predicting(b"Content-Length: %d\r\n" % len(QUESTION)), QUESTION
    pieces = predicting(b"Transfer-Encoding: chunked\r\n"), b"%x\r\n%s\r\n0\r\n\r\n" % (len(QUESTION), QUESTION)
    for head, body in (whole, pieces):
        ((status, said),) = told(server, *([head, body[:20], body[20:]] if apart else [head + body]))
        assert status == 200 and len(json.loads(said)["values"]) == 1


@pytest.mark.parametrize("apart", [False, True])
def test_the_body_of_such_a_request_is_no_request(server: Server, apart: bool) -> None:
    inner = LIVE + OFFER + b"\r\n"
    head, after = predicting(b"Content-Length: %d\r\n" % len(inner)), LIVE + OFFER + b"\r\n"
    answers = told(server, *([head, inner, after] if apart else [head + inner + after]))
    assert [status for status, _ in answers] == [400] and b"not JSON" in answers[0][1]


def test_such_a_request_without_a_body_is_answered_and_the_last(server: Server) -> None:
    websocket = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert told(server, LIVE + websocket) == [(200, b'{"status":"live"}')]
    assert told(server, LIVE + websocket + (LIVE + OFFER + b"\r\n") * 3000) == [(200, b'{"status":"live"}')]


def test_a_body_that_breaks_off_in_its_framing_is_refused(server: Server) -> None:
    answers = told(server, predicting(b"Transfer-Encoding: chunked\r\n") + b"zz\r\nabc\r\n")
    assert [status for status, _ in answers] == [400]
