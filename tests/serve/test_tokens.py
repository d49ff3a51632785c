"""Tokens: a file that holds digests alone, what is wrong with one is named, and a server follows its changes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from n4akit.serve.auth import Tokens, covers
from n4akit.serve.errors import Misuse
from n4akit.serve.tokens import add, read, remove


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def shown(token: str) -> bytes:
    return f"Bearer {token}".encode()


def test_the_file_holds_no_secret_and_is_its_owners_alone(file: Path) -> None:
    token = add(file, "press 3", ["fat", "grain-*"], ["predict"])
    secret = token.rpartition("_")[2] if token.count("_") == 2 else token.split("_", 2)[2]
    assert len(secret) == 43 and secret not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (kept,) = read(file)
    assert (kept.name, kept.models, kept.verbs) == ("press 3", ("fat", "grain-*"), ("predict",))
    assert [path.name for path in file.parent.iterdir()] == ["tokens.json"]


def test_a_token_is_found_and_nothing_like_it(file: Path) -> None:
    token, other = add(file, "one", ["*"], ["read"]), add(file, "two", ["*"], ["read"])
    tokens = Tokens(file)
    found = tokens.find(shown(token))
    assert found is not None and found.name == "one"
    assert tokens.find(b"bearer " + token.encode()) == found
    mixed = "_".join([*token.split("_", 2)[:2], other.split("_", 2)[2]])
    for wrong in (token[:-1], token + "x", mixed, token.replace("n4a_", "n4b_"), "", "n4a__", "n4a_", "\x00"):
        assert tokens.find(shown(wrong)) is None, wrong
    assert tokens.find(b"Basic " + token.encode()) is None and tokens.find(token.encode()) is None


def test_a_server_follows_the_file(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    first = add(file, "one", ["*"], ["read"])
    tokens = Tokens(file, lambda: now[0])
    second = add(file, "two", ["*"], ["read"])
    assert tokens.find(shown(second)) is None, "it looks twice a second"
    now[0] = 1.0
    assert tokens.find(shown(second)) and tokens.find(shown(first))
    remove(file, "one")
    now[0] = 2.0
    assert tokens.find(shown(first)) is None and tokens.find(shown(second))
    file.write_text("{")
    now[0] = 3.0
    assert tokens.find(shown(second)), "a slip of the pen locks nobody out"
    assert "the tokens stay as they were" in caplog.text
    os.unlink(file)
    now[0] = 4.0
    assert tokens.find(shown(second)) is None
    assert "nobody may ask until it is back" in caplog.text
    third = add(file, "three", ["*"], ["read"])
    now[0] = 5.0
    assert tokens.find(shown(third))


def changed(file: Path, **members: object) -> None:
    add(file, "one", ["*"], ["read"])
    content = json.loads(file.read_text())
    content["tokens"][0].update(members)
    file.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"verbs": ["predict", "rule"]}, "verbs: 'rule' was given, expected some of predict, read, manage, metrics"),
        ({"verbs": []}, "verbs: none was given"),
        ({"models": []}, "models: an empty name"),
        ({"sha256": "0" * 63}, "sha256 is not the 64 hexadecimal digits"),
        ({"sha256": "Z" * 64}, "sha256 is not the 64 hexadecimal digits"),
        ({"name": ""}, "a token has the name ''"),
        ({"name": 3}, "no file of tokens: Expected `str`, got `int`"),
        ({"secret": "x"}, "no file of tokens: Object contains unknown field `secret`"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(file: Path, members: dict[str, object], said: str) -> None:
    changed(file, **members)
    with pytest.raises(Misuse) as caught:
        read(file)
    assert said in str(caught.value) and str(file) in str(caught.value)


def test_names_are_unique_and_what_is_not_there_cannot_be_removed(file: Path) -> None:
    add(file, "one", ["*"], ["read"])
    with pytest.raises(Misuse, match="there is a token 'one' already"):
        add(file, "one", ["*"], ["read"])
    with pytest.raises(Misuse, match="no token 'two' is there; there is one"):
        remove(file, "two")
    twice = json.loads(file.read_text())
    twice["tokens"] *= 2
    file.write_text(json.dumps(twice))
    with pytest.raises(Misuse, match="two tokens have the same id"):
        read(file)


def test_a_star_stands_for_anything_and_nothing_else_does() -> None:
    assert covers(["*"], "fat") and covers(["grain-*"], "grain-2") and covers(["*-2"], "grain-2")
    assert covers(["oats", "fat"], "fat") and covers(["a.c"], "a.c")
    assert not covers(["grain-*"], "grain") and not covers(["a.c"], "abc") and not covers([], "fat")
    assert not covers(["[a]"], "a") and not covers(["fat"], "fat2")
