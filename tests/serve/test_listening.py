"""Who may call the server, and by which name."""

from __future__ import annotations

from pathlib import Path

import pytest
from n4akit.serve.listening import is_local

from .conftest import WIDTH
from .server import predict_path, question, serving

QUESTION = question([[0.1 * point for point in range(WIDTH)]])


@pytest.mark.parametrize(
    "host",
    ["", "localhost", "LocalHost:8000", "lab.localhost", "localhost.:1", "127.0.0.1:8000", "[::1]:8000", "10.0.0.7"],
)
def test_a_name_of_this_machine_is_local(host: str) -> None:
    assert is_local(host.encode())


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "[evil]", "\xff", "1@x"],
)
def test_a_name_that_another_site_may_have_is_not(host: str) -> None:
    assert not is_local(host.encode("latin-1"))


def test_without_tokens_a_page_of_another_site_reads_nothing_by_a_name_that_leads_here(models: Path) -> None:
    plain = models / "plain.n4a"
    with serving(plain) as server:
        for path in ("/", "/ready", "/v1/models", "/v1/models/plain/card", "/metrics", "/v2"):
            refused = server.ask("GET", path, Host="evil.example:8000")
            assert refused.status == 403 and "plain" not in refused.body.decode()
        assert server.ask("POST", predict_path("plain"), QUESTION, Host="evil.example").status == 403
        for host in ("localhost", "127.0.0.1:1", "[::1]:8000"):
            assert server.ask("POST", predict_path("plain"), QUESTION, Host=host).status == 200
    with serving(plain, options=["--anonymous"]) as server:
        assert server.ask("POST", predict_path("plain"), QUESTION, Host="lab.example").status == 200
