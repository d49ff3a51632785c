"""Settings: defaults that keep a server to its own machine, and refusals that name what cannot be."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from n4akit.bundle.errors import N4aError
from n4akit.serve.errors import Misuse
from n4akit.serve.setting import setting, settings_of
from n4akit.serve.settings import Settings, from_environment, gathered


def test_a_server_that_is_told_nothing_keeps_to_its_machine() -> None:
    settings = from_environment({})
    assert settings == Settings() and settings.host == "127.0.0.1"
    assert settings.paths == () and settings.allow_opaque == ()


def test_the_environment_is_heard() -> None:
    environment = {
        "N4A_PATHS": os.pathsep.join(["models", "/srv/other models/fat.n4a"]),
        "N4A_HOST": "0.0.0.0",
        "N4A_PORT": "0",
        "N4A_MAX_BODY": "1000",
        "N4A_POLL": "0.5",
        "N4A_LAZY": "Yes",
        "N4A_ALLOW_OPAQUE": "fat, oats",
        "PATH": "/bin",
    }
    paths = (Path("models"), Path("/srv/other models/fat.n4a"))
    assert from_environment(environment) == Settings(
        paths, "0.0.0.0", 0, 1000, poll=0.5, lazy=True, allow_opaque=("fat", "oats")
    )


def test_an_empty_variable_is_as_good_as_none() -> None:
    """An empty host, taken literally, would open the server to every network of the machine."""
    variables = [one.variable for one in settings_of(Settings)]
    assert from_environment(dict.fromkeys([*variables, "N4A_CONFIG"], "")) == Settings()


def test_a_file_is_heard_and_its_paths_lead_from_where_it_lies(tmp_path: Path) -> None:
    file = tmp_path / "n4a.toml"
    file.write_text(
        'paths = ["models", "/srv/fat.n4a"]\nport = 9000\nlazy = true\npoll = 1\nallow_opaque = ["fat"]', "utf-8"
    )
    expected = Settings(
        (tmp_path / "models", Path("/srv/fat.n4a")), port=9000, lazy=True, poll=1.0, allow_opaque=("fat",)
    )
    assert gathered(environment={}, config=file) == expected
    assert from_environment({"N4A_CONFIG": str(file)}) == expected


@pytest.mark.parametrize(
    ("said", "found"),
    [("logs/access.log", "{}/logs/access.log"), ("/var/log/n4a", "/var/log/n4a"), ("-", "-"), ("./-", "{}/-")],
)
def test_the_access_log_leads_from_where_the_file_lies_too(tmp_path: Path, said: str, found: str) -> None:
    (tmp_path / "n4a.toml").write_text(f"access_log = {said!r}", "utf-8")
    settings = gathered(environment={}, config=tmp_path / "n4a.toml")
    assert settings.access_log == Path(found.format(tmp_path))
    assert gathered(environment={"N4A_ACCESS_LOG": said}).access_log == Path(said), "elsewhere from where it is run"


def test_flags_go_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "n4a.toml"
    file.write_text("port = 1\nmax_body = 1\nqueue = 1", "utf-8")
    environment = {"N4A_PORT": "2", "N4A_MAX_BODY": "2"}
    found = gathered({"port": 3, "max_body": None, "lazy": False}, environment=environment, config=file)
    assert (found.port, found.max_body, found.queue, found.threads) == (3, 2, 1, Settings().threads)


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
        ({"N4A_ANONYMOUS": "maybe"}, "N4A_ANONYMOUS: 'maybe' was given, expected true or false"),
        ({"N4A_ERRORS": "none"}, "errors: 'none' was given, expected full or brief"),
        ({"N4A_TLS_KEY": "key.pem"}, "tls_cert: none was given"),
        ({"N4A_TLS_CLIENT_CA": "ca.pem"}, "tls_cert: none was given"),
        ({"N4A_MAX_BODY": "0"}, "max_body: 0 was given, expected a number of bytes"),
        ({"N4A_POLL": "nan"}, "poll: nan was given, expected seconds, or 0"),
        ({"N4A_LAZY": "perhaps"}, "N4A_LAZY: 'perhaps' was given, expected true or false"),
    ],
)
def test_what_cannot_be_is_named(environment: dict[str, str], said: str) -> None:
    with pytest.raises(Misuse, match=re.escape(said)) as caught:
        from_environment(environment)
    assert isinstance(caught.value, N4aError)


def test_certificates_and_words_are_heard_too() -> None:
    environment = {"N4A_TLS_CERT": "c", "N4A_TLS_KEY": "k", "N4A_TLS_CLIENT_CA": "a", "N4A_ANONYMOUS": "no"}
    heard = from_environment(environment | {"N4A_OTEL": "Yes", "N4A_RATE": "0.5", "N4A_ACCESS_LOG": "-"})
    assert (heard.tls_cert, heard.tls_key, heard.tls_client_ca) == (Path("c"), Path("k"), Path("a"))
    assert (heard.anonymous, heard.otel, heard.rate, heard.access_log) == (False, True, 0.5, Path("-"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = '80'", "port: '80' was given, expected a whole number"),
        ("port = true", "port: True was given, expected a whole number"),
        ("lazy = 1", "lazy: 1 was given, expected true or false"),
        ("paths = 'models'", "paths: 'models' was given, expected a list in brackets"),
        ("paths = [1]", "paths: 1 was given, expected a path"),
        ("max_boddy = 1", "has 'max_boddy', expected one of paths, host"),
        ("max_boddy = 1", "; 'max_body' is meant"),
        ("port = ", "is not TOML: "),
        ("port = 70000", "port: 70000 was given, expected 0 to 65535"),
    ],
)
def test_what_cannot_stand_in_a_file_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "n4a.toml").write_text(text, "utf-8")
    with pytest.raises(Misuse, match=re.escape(said)):
        gathered(environment={}, config=tmp_path / "n4a.toml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"config: .*none\.toml cannot be read: No such file"):
        from_environment({"N4A_CONFIG": str(tmp_path / "none.toml")})


def test_an_empty_host_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(Misuse, match=r"host: '' was given, expected an address; 0\.0\.0\.0 listens on all"):
        Settings(host="")


def test_a_setting_may_be_absent_and_is_one_line() -> None:
    @dataclass(frozen=True)
    class Few:
        key: Path | None = setting(None, "A key.", fits=Path.is_absolute, expected="an absolute path")

    (one,) = settings_of(Few)
    assert (one.type, one.several, one.default) == (Path, False, None)
    assert (one.flag, one.variable) == ("--key", "N4A_KEY")
    assert one.from_text("a/b") == Path("a/b") and one.from_file("a/b", Path("/etc")) == Path("/etc/a/b")
    one.check(None)
    with pytest.raises(Misuse, match=r"key: .* was given, expected an absolute path"):
        one.check(Path("a"))


def test_every_setting_is_described() -> None:
    for one in settings_of(Settings):
        assert one.doc.endswith(".") and one.flag.islower() and one.variable.isupper()
        assert (one.fits is None) == (one.expected == "")
