"""Every verb explains itself: what it does, what each parameter means; and imports only what it needs."""

from __future__ import annotations

import inspect
import re
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from n4akit.serve.cli import app

from ..server import N4A, clean, n4a

VERBS = ("demo", "info", "verify", "predict", "export", "runs", "serve")
SETTINGS = tuple(f"settings {verb}" for verb in ("show", "set", "remove", "history", "revert"))
MACHINE_READABLE = ("info", "verify", "predict", "runs", "settings show", "settings history")
CODES = (
    "0 done",
    "1 another error",
    "2 wrong usage",
    "4 input",
    "5 not an intact model",
    "6 a model",
    "130 interrupted",
)


@cache
def shown(*arguments: str) -> str:
    """What is printed, as one line without the drawn boxes."""
    done = n4a(*arguments, environment={"COLUMNS": "200"})
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub(r"[\s│╭╮╰╯─]+", " ", done.stdout)


def function(verb: str) -> Any:
    found = app
    for word in verb.split():
        found = found[word]
    return found.default_command


def documented(verb: str) -> str:
    return inspect.getdoc(function(verb)) or ""


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_the_command_lists_its_verbs_and_exit_codes(arguments: tuple[str, ...]) -> None:
    said = shown(*arguments)
    for verb in VERBS:
        summary = documented(verb).split("\n\n")[0].replace("\n", " ")
        assert f" {verb} {summary}" in said
    assert all(code in said for code in CODES)


@pytest.mark.parametrize("verb", VERBS + SETTINGS)
def test_every_verb_is_described(verb: str) -> None:
    description, _ = documented(verb).split("Parameters\n---")
    said = shown(*verb.split(), "--help")
    assert " ".join(description.split()) in said and len(description.split()) >= 8
    assert "Exit codes: 0 done" in said


@pytest.mark.parametrize("verb", VERBS + SETTINGS)
def test_every_parameter_is_explained_in_a_sentence(verb: str) -> None:
    said = shown(*verb.split(), "--help")
    for name, parameter in inspect.signature(function(verb)).parameters.items():
        label = f"--{name.replace('_', '-')}" if parameter.kind is parameter.KEYWORD_ONLY else name.upper()
        explained = re.search(rf"{re.escape(label)}(?: -\w)?(?: --no-\w+)?(?: [A-Z]{{3,}}(?:\.\.\.)?)* (\w.+?\.)", said)
        assert explained and len(explained.group(1).split()) >= 2, f"{verb} {label} is not explained"


@pytest.mark.parametrize("verb", VERBS + SETTINGS)
def test_where_there_is_something_to_parse_there_is_json(verb: str) -> None:
    assert ("json" in inspect.signature(function(verb)).parameters) == (verb in MACHINE_READABLE)
    assert ("--json" in shown(*verb.split(), "--help")) == (verb in MACHINE_READABLE)


def test_the_version_names_the_format_too() -> None:
    try:
        expected = version("n4akit")
    except PackageNotFoundError:
        pytest.skip("n4akit is not installed here, only on the path")
    assert n4a("--version").stdout == f"n4akit {expected}, bundle format 1\n"


HEAVY = {"cloudpickle", "duckdb", "httpx", "joblib", "litestar", "pandas", "polars", "pyarrow", "scipy", "sklearn"}
HEAVY |= {"uvicorn", "yaml"}


def imported(*arguments: str | Path) -> set[str]:
    """The packages that a command imported until it was done."""
    command = [N4A[0], "-X", "importtime", *N4A[1:], *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=clean(), timeout=60)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}


@pytest.mark.parametrize("verb", ["info", "verify", "predict"])
def test_who_handles_a_bundle_needs_numpy_and_nothing_heavier(verb: str, fat: Path, spectra_csv: Path) -> None:
    given = (spectra_csv,) if verb == "predict" else ()
    found = imported(verb, fat, *given)
    assert "numpy" in found and not found & HEAVY


@pytest.mark.parametrize("verb", ["demo", "export", "serve"])
def test_help_needs_nothing_heavy_whatever_the_verb_does(verb: str) -> None:
    found = imported(verb, "--help")
    assert "cyclopts" in found and not found & HEAVY


def test_who_serves_needs_no_store(fat: Path) -> None:
    """Asked of a server that is told to listen where it cannot: by then it has imported and loaded all."""
    command = [N4A[0], "-X", "importtime", *N4A[1:], "serve", str(fat), "--host", "192.0.2.1", "--anonymous"]
    said = subprocess.run(command, capture_output=True, text=True, env=clean(), timeout=60).stderr
    found = {line.rpartition("|")[2].strip().partition(".")[0] for line in said.splitlines()}
    assert "cannot listen on http://192.0.2.1:8000/" in said
    assert {"litestar", "uvicorn"} <= found and not found & (HEAVY - {"litestar", "uvicorn", "httpx", "yaml"})
