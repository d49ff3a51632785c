"""`n4a serve` before the first request: where it listens, and what it refuses to start with."""

from __future__ import annotations

import errno
import os
import re
import socket
from contextlib import closing
from pathlib import Path

import pytest
from n4akit.serve.cli.serving import serve
from n4akit.serve.errors import Misuse, ServeError
from n4akit.serve.listening import listen, url

from ..server import n4a, serving


def test_connections_do_not_wait_for_acknowledgements() -> None:
    """An answer is a header and a body: with Nagle's algorithm the body waits 40 ms for the client's delayed ACK."""
    with closing(listen("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname(), timeout=10):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_free_port_is_taken_when_none_is_asked_for() -> None:
    with closing(listen("127.0.0.1", 0)) as one, closing(listen("127.0.0.1", 0)) as other:
        assert one.getsockname()[0] == "127.0.0.1" and one.getsockname()[1] != other.getsockname()[1]


def test_an_address_that_is_not_ours_is_told_in_words() -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for host, place, reason in (
            ("127.0.0.1", port, os.strerror(errno.EADDRINUSE)),
            ("192.0.2.1", 0, os.strerror(errno.EADDRNOTAVAIL)),  # a network for documents: nobody has it
        ):
            with pytest.raises(ServeError, match=re.escape(f"cannot listen on http://{host}:{place}/: {reason}")):
                listen(host, place)


def test_a_url_is_as_a_browser_takes_it() -> None:
    assert url("127.0.0.1", 8000) == "http://127.0.0.1:8000/"
    assert url("::1", 8000) == "http://[::1]:8000/"


def test_what_is_to_be_served_must_be_there(fat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("N4A_PATHS", raising=False)
    with pytest.raises(Misuse, match="no bundle was named, expected bundles or folders of them"):
        serve()
    with pytest.raises(FileNotFoundError, match=r"no such bundle or folder: '.*nowhere\.n4a'"):
        serve([fat, tmp_path / "nowhere.n4a"])


@pytest.mark.parametrize(
    ("options", "environment", "code", "said"),
    [
        (("nowhere",), {}, 4, "n4a: nowhere: no such bundle or folder\n"),
        ((), {}, 2, "n4a: no bundle was named, expected bundles or folders of them"),
        ((".", "--port", "99999"), {}, 2, "n4a: port: 99999 was given, expected 0 to 65535\n"),
        ((".", "--max-body", "0"), {}, 2, "n4a: max_body: 0 was given, expected a number of bytes\n"),
        ((".", "--host", ""), {}, 2, "n4a: host: '' was given, expected an address; 0.0.0.0 listens on all"),
        ((".",), {"N4A_PORT": "http"}, 2, "n4a: N4A_PORT: 'http' was given, expected a whole number\n"),
        ((".", "--port", "http"), {}, 2, "Invalid value for --port: 'http' was given, expected a whole number"),
        ((".", "--memory", "1.5"), {}, 2, "Invalid value for --memory: '1.5' was given, expected"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_listens(
    options: tuple[str, ...], environment: dict[str, str], code: int, said: str
) -> None:
    done = n4a("serve", *options, environment=environment)
    assert (done.returncode, done.stdout) == (code, "") and said in done.stderr


def test_the_first_line_says_where_it_listens(fat: Path) -> None:
    """It may be asked from then on: nobody has to try again and again."""
    with serving(fat) as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", server.url) and server.complaints == []
        assert server.get("/ready").status == 200
