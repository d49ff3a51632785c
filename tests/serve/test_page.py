"""The page as its server gives it: files that load nothing from elsewhere, and what they ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from n4akit import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.export import export
from n4akit.bundle.runtime.spectra_csv import read_spectra
from n4akit.bundle.runtime.verdict import ERRORS, WARNINGS
from n4akit.templates import page_files
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from ..conftest import Tecator
from .page_models import write_models
from .server import Server, serving

OURS = {name: text.decode() for name, text in page_files().items() if not name.startswith("uplot/")}
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
CSP = "default-src 'self'; img-src 'self' data:"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tecator: Tecator) -> Path:
    """The models of the page, and `gaps`, which handles missing values and knows no limits."""
    folder = write_models(tmp_path_factory.mktemp("page"), tecator)
    X = tecator.X[:40, ::20].copy()
    X[3, 2] = np.nan
    chain = from_sklearn(make_pipeline(SimpleImputer(), LinearRegression()).fit(X, tecator.fat[:40]))
    export(chain, folder / "gaps.n4a")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, options=["--max-body", "100000"]) as running:
        yield running


@pytest.mark.parametrize("name", page_files())
def test_each_file_is_served_as_what_it_is(server: Server, name: str) -> None:
    reply = server.get("/" if name == "index.html" else f"/page/{name}")
    assert (reply.status, reply.body) == (200, page_files()[name])
    assert reply.type == TYPES.get(name.rpartition(".")[2], "text/plain")
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith(CSP) and "unsafe" not in policy and "http" not in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Type"].count("charset") == reply.type.startswith("text/")


def test_a_file_that_a_browser_has_is_not_sent_again(server: Server) -> None:
    first = server.get("/page/app.js")
    assert first.headers["Cache-Control"] == "no-cache"
    again = server.ask("GET", "/page/app.js", If_None_Match=f'"other", W/{first.headers["ETag"]}')
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert server.ask("GET", "/page/app.js", If_None_Match='"other"').status == 200


@pytest.mark.parametrize("path", ["../render.py", "%2e%2e/render.py", "..%2frender.py", "%2fetc%2fpasswd", "no"])
def test_nothing_but_the_files_of_the_page_is_served(server: Server, path: str) -> None:
    reply = server.get(f"/page/{path}")
    assert reply.status == 404 and reply.type == "application/problem+json"


def test_the_page_needs_nothing_that_its_policy_forbids() -> None:
    html = OURS["index.html"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", html)
    addresses = {url for text in OURS.values() for url in re.findall(r"https?://[^\s\"'<]+", text)}
    assert addresses == {"http://www.w3.org/2000/svg"}, "the name of a vocabulary, which nobody fetches"
    assert not any(re.search(r"innerHTML|insertAdjacentHTML|\beval\(|new Function", text) for text in OURS.values())


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(r'(?:href|src)="page/([^"]+)"', OURS["index.html"])
    named += [name for text in OURS.values() for name in re.findall(r'from "\./([^"]+)"', text)]
    assert set(named) == page_files().keys() - {"index.html", "uplot/LICENSE"}
    assert b"Permission is hereby granted" in page_files()["uplot/LICENSE"]


def test_every_element_that_is_asked_for_by_name_is_there() -> None:
    asked = {name for text in OURS.values() for name in re.findall(r'\$\("([\w-]+)"\)', text)}
    there = re.findall(r'\sid="([\w-]+)"', OURS["index.html"])
    assert asked <= set(there) and len(there) == len(set(there))


def test_a_card_says_what_is_usual(server: Server, folder: Path, tecator: Tecator) -> None:
    bundle = load(folder / "fat.n4a")
    reply = server.get("/v1/models/fat/card")
    card = reply.json
    assert reply.status == 200 and str(folder) not in reply.body.decode()
    assert card["axis"] == {"values": tecator.wavelengths.tolist(), "unit": "nm"}
    assert bundle.limits.t2 is not None and bundle.limits.interval is not None
    assert card["limits"]["t2"] == {"warning": bundle.limits.t2.warning, "error": bundle.limits.t2.error}
    assert card["limits"]["ranges"] == [[tecator.fat.min(), tecator.fat.max()]]
    assert card["limits"]["interval"]["half_widths"] == list(bundle.limits.interval.half_widths)
    envelope = {name: np.array(values) for name, values in card["envelope"].items()}
    assert (envelope["low"] == tecator.X.min(axis=0)).all() and (envelope["high"] == tecator.X.max(axis=0)).all()
    assert (envelope["usual_low"] < envelope["low"]).all() and (envelope["high"] < envelope["usual_high"]).all()
    assert card["samples"] == {"origin": "measured", "spectra": bundle.golden.rows.tolist()}
    assert {code: flag["words"] for code, flag in card["flags"].items() if code != "refused"} == ERRORS | WARNINGS


def test_a_card_without_limits_says_so(server: Server) -> None:
    card = server.get("/v1/models/gaps/card").json
    assert (card["axis"], card["envelope"], card["samples"]["origin"]) == (None, None, "synthetic")
    assert (card["limits"]["t2"], card["limits"]["interval"], card["limits"]["ranges"]) == (None, None, [])
    assert None in [value for row in card["samples"]["spectra"] for value in row], "a golden row lacks a value"


def test_a_file_is_read_as_every_host_reads_it(server: Server) -> None:
    text = b"name;900nm;950nm;1000nm\nsack 1;0,5;0,25;0,125\nsack 2;1e-3;0,1;0,7\n"
    reply = server.ask("POST", "/page/spectra/fat", text, Content_Type="text/csv")
    found = read_spectra(text)
    assert reply.status == 200
    assert reply.json == {"spectra": found.rows, "ids": ["sack 1", "sack 2"], "axis": [900, 950, 1000], "unit": "nm"}


def test_missing_values_are_null_for_a_model_that_handles_them(server: Server) -> None:
    text = b"a,0.5,NA,0.25,0.5,0.1\nb,0.5,0.1,0.2,,0.3\n"
    reply = server.ask("POST", "/page/spectra/gaps", text, Content_Type="text/csv")
    assert reply.json["spectra"] == [[0.5, None, 0.25, 0.5, 0.1], [0.5, 0.1, 0.2, None, 0.3]]
    assert server.ask("POST", "/page/spectra/fat", text, Content_Type="text/csv").status == 400


@pytest.mark.parametrize(
    ("model", "body", "status", "words"),
    [
        ("fat", b"", 400, "it is empty"),
        ("fat", b"0.5,0.2\n0.5,x\n", 400, "line 2, column 2: 'x' is not a number"),
        ("fat", b"0.5,0.2\n0.5,inf\n", 400, "spectrum 2, point 2 is inf"),
        ("gaps", b"0.5,0.2\n0.5,inf\n", 400, "spectrum 2, point 2 is inf"),
        ("oats", b"0.5,0.2\n", 404, "no model 'oats'"),
        ("fat", b"0.5," * 30000, 413, "100000 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem_in_words(
    server: Server, model: str, body: bytes, status: int, words: str
) -> None:
    reply = server.ask("POST", f"/page/spectra/{model}", body, Content_Type="text/csv")
    assert (reply.status, reply.type) == (status, "application/problem+json")
    assert words in json.loads(reply.body)["detail"]
