"""Errors as answers: each kind has its status, and what nobody expected tells a client nothing about the inside."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from litestar import Litestar, get
from litestar.testing import TestClient
from n4akit.bundle.errors import AxisError, InputError
from n4akit.serve.errors import BadRequest, Departed, Unavailable, UnknownModel
from n4akit.serve.problems import EXCEPTION_HANDLERS, problem

RAISED: dict[str, tuple[Exception, int, str]] = {
    "model": (UnknownModel("no model 'x' is served; there is fat"), 404, "unknown model"),
    "time": (Unavailable("9 spectra are waiting"), 503, "not now"),
    "nobody": (Departed("the caller left"), 499, "nobody is there any more"),
    "request": (BadRequest("ids: 1 were given"), 400, "the request cannot be read"),
    "axis": (AxisError("wavelengths: 3 points were given"), 422, "spectra of another axis"),
    "input": (InputError("spectra: no rows were given"), 422, "spectra that cannot be predicted"),
}


def reply_to(error: Exception) -> Any:
    @get("/")
    async def fails() -> None:
        raise error

    app = Litestar([fails], exception_handlers=EXCEPTION_HANDLERS, openapi_config=None, logging_config=None)
    with TestClient(app, raise_server_exceptions=False) as client:
        return client.get("/")


@pytest.mark.parametrize("kind", RAISED)
def test_each_kind_of_error_has_its_status(kind: str) -> None:
    error, status, title = RAISED[kind]
    reply = reply_to(error)
    assert reply.status_code == status and reply.headers["content-type"] == "application/problem+json"
    assert reply.json() == {"type": "about:blank", "title": title, "status": status, "detail": str(error)}


def test_who_may_ask_again_is_told_when() -> None:
    assert reply_to(Unavailable("9 spectra are waiting", 7)).headers["Retry-After"] == "7"


def test_every_bad_row_is_a_member_of_the_problem() -> None:
    """The text names twenty of them; a program gets all, counted from 1 as in the text."""
    rows = tuple((i, f"point {i} is nan") for i in range(30))
    assert reply_to(InputError("30 of 30 spectra cannot be predicted", rows)).json()["rows"] == [
        {"row": i + 1, "reason": f"point {i} is nan"} for i in range(30)
    ]


@pytest.mark.parametrize("error", [RuntimeError("secret"), ValueError("secret"), KeyError("secret"), OSError("secret")])
def test_what_nobody_expected_is_for_the_log_alone(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "n4akit.serve"):
        reply = reply_to(error)
    assert reply.status_code == 500 and reply.json()["title"] == "internal error"
    assert "secret" not in reply.text
    (logged,) = (record for record in caplog.records if record.name == "n4akit.serve")
    assert logged.exc_info is not None and logged.exc_info[1] is error
    assert "while answering GET /" in logged.getMessage()


def test_a_problem_has_the_members_of_rfc_9457_and_those_of_its_own() -> None:
    made = problem(503, "not ready", "not served: fat", models={"fat": ["golden row 1"]})
    assert (made.status_code, made.media_type) == (503, "application/problem+json")
    assert b'"type":"about:blank"' in made.content and b'"models":{"fat":["golden row 1"]}' in made.content
