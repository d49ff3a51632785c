"""Verbs on a workspace that cannot be written: what only asks answers, what writes says in a line why it does not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from n4akit import load
from n4akit.serve.cli import app
from n4akit.serve.cli.failures import exit_code

from ...recorded import Recorded
from ...store.unprivileged import as_anybody, protected


def call(*arguments: str | Path) -> tuple[Any, str, str]:
    """The exit code of a command, its output, and what it says besides."""
    with redirect_stdout(StringIO()) as output, redirect_stderr(StringIO()) as said:
        try:
            code, words = app([*map(str, arguments)], result_action="return_value"), ""
        except Exception as error:
            code, words = exit_code(error)
    return code, output.getvalue(), said.getvalue() + words


def call_all(*commands: tuple[str | Path, ...]) -> list[tuple[Any, str, str]]:
    return [call(*command) for command in commands]


@pytest.fixture
def locked(recorded: Recorded, tmp_path: Path) -> Iterator[Path]:
    """A copy of a workspace that cannot be written."""
    copy = tmp_path / "copy"
    shutil.copytree(recorded.workspace, copy)
    with protected(copy):
        yield copy


def test_what_only_asks_answers_as_ever(recorded: Recorded, locked: Path, tmp_path: Path) -> None:
    runs, exported, checked, imported = as_anybody(
        call_all,
        ("runs", locked),
        ("export", locked, recorded.chain_id, tmp_path / "fat"),
        ("fsck", locked),
        ("import", locked, tmp_path / "target"),
    )
    assert runs == call("runs", recorded.workspace) and recorded.chain_id in runs[1]
    assert exported == (0, f"{tmp_path / 'fat.n4a'}\n", "")
    assert load(tmp_path / "fat.n4a").info()["provenance"]["chain_id"] == recorded.chain_id
    assert checked == (0, f"{locked}: whole\n", "")
    assert imported[0] == 0 and imported[1].startswith("1 runs, 1 pipelines, 1 chains") and imported[2] == ""


def test_what_writes_says_why_it_does_not(recorded: Recorded, locked: Path) -> None:
    writing = (("gc", locked, "--yes"), ("vacuum", locked, "--yes"), ("fsck", locked, "--repair"))
    for answer in as_anybody(call_all, *writing, ("import", recorded.workspace, locked)):
        why = f"{locked}: this workspace can only be read, because {locked} cannot be written here; "
        assert answer == (1, "", f"{why}open it where it can, or a copy of it")
