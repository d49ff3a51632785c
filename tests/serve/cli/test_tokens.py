"""`n4a token`: the token is shown once, and the server of the file takes it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from n4akit.serve.auth import Tokens

from ..server import n4a


def test_a_token_is_shown_once_listed_without_it_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    added = n4a("token", "add", "press 3", "--file", file, "--model", "fat", "--model", "grain-*", "--verb", "predict")
    assert added.returncode == 0 and re.fullmatch(r"n4a_[0-9a-f]{12}_[\w-]{43}\n", added.stdout)
    assert "the only time that the token is shown" in added.stderr
    found = Tokens(file).find(f"Bearer {added.stdout.strip()}".encode())
    assert found is not None and (found.models, found.verbs) == (("fat", "grain-*"), ("predict",))
    n4a("token", "add", "lims", "--file", file)
    listed = n4a("token", "list", "--file", file, "--json")
    told = json.loads(listed.stdout)
    assert [(one["name"], one["models"], one["verbs"]) for one in told] == [
        ("press 3", ["fat", "grain-*"], ["predict"]),
        ("lims", ["*"], ["predict", "read"]),
    ]
    assert "sha256" not in listed.stdout and added.stdout.strip()[-43:] not in listed.stdout + file.read_text()
    assert "press 3  fat,grain-*  predict  2" in n4a("token", "list", "--file", file).stdout
    removed = n4a("token", "remove", "press 3", "--file", file)
    assert (removed.returncode, removed.stdout) == (0, "")
    assert Tokens(file).find(f"Bearer {added.stdout.strip()}".encode()) is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "x", "--verb", "rule"), 2, "verbs: 'rule' was given, expected some of predict, read, manage, metrics"),
        (("remove", "x"), 4, "tokens.json: No such file or directory"),
        (("list",), 4, "tokens.json: No such file or directory"),
    ],
)
def test_what_cannot_be_is_named(words: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    done = n4a("token", *words, "--file", tmp_path / "tokens.json")
    assert (done.returncode, done.stdout) == (code, "") and said in done.stderr
    assert not (tmp_path / "tokens.json").exists()
