"""Settings: defaults that keep a server to its own machine, and refusals that name what cannot be."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from n4akit.bundle.errors import N4aError
from n4akit.serve.errors import Misuse
from n4akit.serve.settings import Settings, from_environment


def test_a_server_that_is_told_nothing_keeps_to_its_machine() -> None:
    assert from_environment({}) == Settings(paths=(), host="127.0.0.1", port=8000, max_body=67_108_864)


def test_the_environment_is_heard() -> None:
    environment = {
        "N4A_PATHS": os.pathsep.join(["models", "/srv/other models/fat.n4a"]),
        "N4A_HOST": "0.0.0.0",
        "N4A_PORT": "0",
        "N4A_MAX_BODY": "1000",
        "PATH": "/bin",
    }
    paths = (Path("models"), Path("/srv/other models/fat.n4a"))
    assert from_environment(environment) == Settings(paths, "0.0.0.0", 0, 1000)


def test_an_empty_variable_is_as_good_as_none() -> None:
    """An empty host, taken literally, would open the server to every network of the machine."""
    empty = dict.fromkeys(["N4A_PATHS", "N4A_HOST", "N4A_PORT", "N4A_MAX_BODY"], "")
    assert from_environment(empty) == Settings()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"N4A_PORT": "eighty"}, "N4A_PORT: 'eighty' was given, expected a whole number"),
        ({"N4A_PORT": "65536"}, "port: 65536 was given, expected 0 to 65535"),
        ({"N4A_PORT": "-1"}, "port: -1 was given"),
        ({"N4A_MAX_BODY": "64 MiB"}, "N4A_MAX_BODY: '64 MiB' was given, expected a whole number"),
        ({"N4A_WORKERS": "0"}, "workers: 0 was given, expected 1 or more"),
        ({"N4A_RATE": "-1"}, "rate: -1.0 was given, expected 0 or more"),
        ({"N4A_RATE": "nan"}, "rate: nan was given, expected 0 or more"),
        ({"N4A_RATE": "fast"}, "N4A_RATE: 'fast' was given, expected a number"),
        ({"N4A_TIMEOUT": "0"}, "timeout: 0.0 was given, expected a number of seconds"),
        ({"N4A_ANONYMOUS": "maybe"}, "N4A_ANONYMOUS: 'maybe' was given, expected 1 or 0"),
        ({"N4A_ERRORS": "none"}, "errors: none was given, expected full or brief"),
        ({"N4A_TLS_KEY": "key.pem"}, "tls_cert: none was given"),
        ({"N4A_TLS_CLIENT_CA": "ca.pem"}, "tls_cert: none was given"),
        ({"N4A_MAX_BODY": "0"}, "max_body: 0 was given, expected a number of bytes"),
    ],
)
def test_what_cannot_be_is_named(environment: dict[str, str], said: str) -> None:
    with pytest.raises(Misuse, match=re.escape(said)) as caught:
        from_environment(environment)
    assert isinstance(caught.value, N4aError)


def test_certificates_and_words_are_heard_too() -> None:
    environment = {"N4A_TLS_CERT": "c", "N4A_TLS_KEY": "k", "N4A_TLS_CLIENT_CA": "a", "N4A_ANONYMOUS": "no"}
    heard = from_environment(environment | {"N4A_OTEL": "Yes", "N4A_RATE": "0.5"})
    assert (heard.tls_cert, heard.tls_key, heard.tls_client_ca) == ("c", "k", "a")
    assert (heard.anonymous, heard.otel, heard.rate) == (False, True, 0.5)


def test_an_empty_host_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(Misuse, match=r"host: an empty one .* 0\.0\.0\.0 listens on all"):
        Settings(host="")
