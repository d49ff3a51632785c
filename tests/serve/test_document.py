"""The server's document is true: its examples are asked for, its tables are compared with the code."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from litestar.testing import TestClient
from n4akit.bundle.chain import Axis, Chain, Step, Target
from n4akit.bundle.operators import PLS
from n4akit.bundle.writer import write_bundle
from n4akit.serve.app import create_app
from n4akit.serve.cli import app
from n4akit.serve.cli.serving import serve
from n4akit.serve.problems import STATUS
from n4akit.serve.routes import ROUTES
from n4akit.serve.setting import settings_of
from n4akit.serve.settings import Settings, gathered

from .server import Server, serving

TEXT = (Path(__file__).parents[2] / "serve" / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = [
    (ask, json.loads(answer) if language == "json" else answer)
    for (_, ask), (language, answer) in pairwise(BLOCKS)
    if ask.startswith("curl") and language in ("json", "csv", "html")
]
ASKS = [text for _, text in BLOCKS if text.startswith("curl")]


def table(heading: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading."""
    body = TEXT.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in body]


@pytest.fixture(scope="module")
def grain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of the examples."""
    model = PLS(np.array([[10.0, -4.0, 2.0, 8.0]]), np.zeros(4), np.array([1.5]))
    axis = Axis(np.array([900.0, 950.0, 1000.0, 1050.0]), "nm")
    chain = Chain(4, {"0": (Step(1, "PLS", "PLS", {}, (model,)),)}, (Target("moisture", "%"),), axis)
    return write_bundle(chain, tmp_path_factory.mktemp("document") / "grain.n4a")


@pytest.fixture(scope="module")
def server(grain: Path) -> Iterator[Server]:
    with serving(grain) as running:
        yield running


def fits(found: Any, shown: Any) -> bool:
    """Whether an answer is the one that is shown, where `…` stands for anything."""
    if isinstance(shown, dict) and isinstance(found, dict):
        keys = shown.keys() - {"…"}
        same = keys <= found.keys() if "…" in shown else keys == found.keys()
        return same and all(fits(found[key], shown[key]) for key in keys)
    if isinstance(shown, list) and isinstance(found, list):
        return len(shown) == len(found) and all(map(fits, found, shown))
    if isinstance(shown, str) and isinstance(found, str) and shown != "…":
        return found.startswith(shown.partition("…")[0]) if "…" in shown else found == shown
    return bool(shown == "…" or (found == shown and type(found) is type(shown)))


def said(words: list[str]) -> tuple[str, bytes | None, dict[str, str]]:
    """Method, body and headers of a command."""
    flag = next((flag for flag in ("--json", "--data-binary") if flag in words), None)
    headers = [word.split(": ") for flag, word in pairwise(words) if flag == "-H"]
    body = words[words.index(flag) + 1].encode() if flag else None
    return "POST" if flag or "-X" in words else "GET", body, {name.replace("-", "_"): value for name, value in headers}


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_is_true(server: Server, number: int) -> None:
    command, shown = EXAMPLES[number]
    words = shlex.split(command)
    method, body, headers = said(words)
    place = urlsplit(words[-1])
    reply = server.ask(method, f"{place.path}?{place.query}".strip("?"), body, **headers)
    if isinstance(shown, str):
        assert reply.status == 200 and fits(reply.body.decode(), shown), reply.body.decode()
        return
    status = shown["status"] if isinstance(shown.get("status"), int) else 404 if "error" in shown else 200
    assert reply.status == status and fits(reply.json, shown), reply.body.decode()


def test_every_route_has_an_example_and_its_line() -> None:
    routes = {
        (method, path.replace(":str", "")) for route in ROUTES for path in route.paths for method in route.http_methods
    }
    # The page is told in words; its files are nobody's interface.
    routes = {(method, path) for method, path in routes if path != "/" and not path.startswith("/page/")}
    assert {tuple(row[0].strip("`").split()) for row in table("route")} == routes
    asked = {(said(words)[0], urlsplit(words[-1]).path) for words in map(shlex.split, ASKS)}
    assert {(method, path.format(name="grain", version="1")) for method, path in routes} <= asked


def test_every_setting_has_its_line() -> None:
    """The document, the flags, the environment, the file and the fields tell the same."""
    rows = {row[0].partition(":")[0].strip("`"): row for row in table("setting")}
    known = {one.name: one for one in settings_of(Settings)}
    assert [*rows] == [*known]
    assert inspect.signature(serve).parameters.keys() - {"config"} == {*known}
    for name, (_, flag, variable, default) in rows.items():
        one = known[name]
        assert flag == ("arguments" if name == "paths" else f"`{one.flag}`")
        assert variable.split(",")[0].strip("`") == one.variable
        assert default.split(":")[0].strip("`") == (
            str(one.default).lower() if one.default not in ("", (), None) else "none"
        )


def test_the_file_of_settings_that_is_shown_can_be_read(tmp_path: Path) -> None:
    (shown,) = [text for language, text in BLOCKS if language == "toml"]
    (tmp_path / "n4a.toml").write_text(shown, "utf-8")
    assert gathered(environment={}, config=tmp_path / "n4a.toml").paths == (tmp_path / "models",)


def test_every_status_has_its_line() -> None:
    raised = {status for _, status, _ in STATUS}
    others = {200, 401, 403, 405, 408, 409, 415, 429, 431, 500, 504}
    assert {int(row[0]) for row in table("status")} == raised | others


def test_every_verb_and_exit_code_has_its_line() -> None:
    assert {row[0].strip("`").removeprefix("n4a ") for row in table("verb")} == {*app} - {"--help", "-h", "--version"}
    codes = ", ".join(" ".join(row) for row in table("exit code"))
    assert f"Exit codes: {codes}." == app.help_epilogue


def test_another_asgi_server_can_run_it(grain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "`uvicorn --factory n4akit.serve.app:create_app`" in TEXT
    monkeypatch.setenv("N4A_PATHS", str(grain))
    with TestClient(create_app()) as client:
        assert client.get("/ready").json() == {"status": "ready", "models": ["grain"]}
