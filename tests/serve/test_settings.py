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
        ({"N4A_MAX_BODY": "0"}, "max_body: 0 was given, expected a number of bytes"),
    ],
)
def test_what_cannot_be_is_named(environment: dict[str, str], said: str) -> None:
    with pytest.raises(Misuse, match=re.escape(said)) as caught:
        from_environment(environment)
    assert isinstance(caught.value, N4aError)


def test_an_empty_host_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(Misuse, match=r"host: an empty one .* 0\.0\.0\.0 listens on all"):
        Settings(host="")
