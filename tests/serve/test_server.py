"""The server as its clients meet it: a process, a port, HTTP."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from n4akit import load
from numpy.typing import NDArray

from .server import Server, ask, n4a, predict_path, question, serving

Matrix = NDArray[np.float64]

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    """The sound models, and bodies of up to 2 MB."""
    with serving(models, options=["--max-body", "2000000"]) as running:
        yield running
        code, said = running.stop()
        assert (code, said) == (0, ""), "whatever the tests of this file sent, there was nothing to complain about"


def bits(values: Any) -> bytes:
    return np.array(values, dtype=np.float64).tobytes()


def rows_of(count: int) -> Matrix:
    return np.random.default_rng(count).normal(size=(count, 12)) + np.linspace(0.0, 1.0, 12)


# What there is


def test_it_is_live_and_ready(server: Server) -> None:
    assert server.get("/live").json == {"status": "live"}
    ready = server.get("/ready")
    assert (ready.status, ready.json) == (200, {"status": "ready", "models": ["fat", "plain", "trio"]})


def test_the_models_are_listed(server: Server, models: Path) -> None:
    answer = server.get("/v1/models").json
    assert [model["name"] for model in answer["models"]] == ["fat", "plain", "trio"] and answer["failed"] == []
    digest = load(models / "plain.n4a").digest
    held = answer["models"][1].pop("versions").pop("1")
    assert held["digest"] == digest and held["loaded"] and 0 < held["bytes"] <= answer["memory"]
    assert answer["models"][1] == {
        "name": "plain",
        "version": "1",
        "aliases": {},
        "digest": digest,
        "settings": None,
        "profile": "exact",
        "n_features": 12,
        "targets": [{"name": "dry matter", "unit": "g/kg"}],
    }


def test_a_model_says_what_it_is_but_not_where_it_lies(server: Server, fat: Path) -> None:
    expected = load(fat).info()
    del expected["path"]
    reply = server.get("/v1/models/fat")
    told: dict[str, Any] = {"name": "fat", "version": "1", "versions": ["1"], "aliases": {}, "settings": None}
    assert reply.json == told | json.loads(json.dumps(expected))
    assert server.get("/v1/models/fat/versions/1").body == reply.body
    assert str(fat.parent).encode() not in reply.body


# Predictions


@pytest.mark.parametrize("model", ["fat", "plain", "trio"])
@pytest.mark.parametrize("count", [1, 5, 3000])
def test_values_have_the_bits_of_the_library(server: Server, models: Path, model: str, count: int) -> None:
    """3000 rows are answered in a thread, few in the loop itself."""
    rows = rows_of(count)
    reply = server.predict(model, rows)
    assert (reply.status, reply.type) == (200, "application/json")
    assert bits(reply.json["values"]) == load(models / f"{model}.n4a").predict(rows).tobytes()


def test_a_spectrum_alone_has_the_bits_it_has_among_others(server: Server) -> None:
    rows = rows_of(20)
    together = server.predict("trio", rows).json["values"]
    alone = [server.predict("trio", row[None]).json["values"][0] for row in rows]
    assert bits(alone) == bits(together)


def test_an_answer_says_what_was_asked_and_who_answered(server: Server, models: Path) -> None:
    axis = np.linspace(850.0, 1050.0, 12).tolist()
    answer = server.predict("trio", rows_of(2), axis=axis, unit="nm", ids=["a, 1", 2]).json
    assert (answer["ids"], answer["axis_action"]) == (["a, 1", 2], "same")
    assert (answer["model"], answer["digest"]) == ("trio", load(models / "trio.n4a").digest)
    assert (answer["targets"], answer["units"]) == (["target 0", "target 1", "target 2"], ["%", "%", "%"])
    assert (answer["flags"], answer["profile"]) == ([[], []], "exact")
    assert [len(values) for values in answer["values"]] == [3, 3]


def test_a_flag_stands_with_its_row(server: Server) -> None:
    rows = np.array([np.linspace(0.0, 1.0, 12), np.full(12, 0.5)])
    assert server.predict("plain", rows).json["flags"] == [[], ["constant_row"]]


def test_a_body_may_come_in_pieces_and_need_not_name_its_type(server: Server) -> None:
    body = question(rows_of(5))
    whole = server.ask("POST", predict_path("fat"), body)
    pieces = server.ask("POST", predict_path("fat"), iter([body[:100], body[100:]]))
    nameless = server.ask("POST", predict_path("fat"), body, Content_Type="")
    upper = server.ask("POST", predict_path("fat"), body, Content_Type="Application/JSON; charset=UTF-8")
    assert whole.status == 200 and {pieces.body, nameless.body, upper.body} == {whole.body}


def test_a_name_is_any_that_a_file_can_have(fat: Path, tmp_path: Path) -> None:
    names = ["Schwein & Rind 50 %", "жир", "a'b\"c", "fat.v2"]
    for name in names:
        shutil.copy(fat, tmp_path / f"{name}.n4a")
    with serving(tmp_path) as server:
        for name in names:
            assert server.predict(name, rows_of(1)).json["model"] == name


# Refusals

ROWS = rows_of(2).tolist()
NAN = f'{{"spectra": [[{", ".join(["1"] * 11)}, NaN]]}}'.encode()

REFUSED: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"hello", 400, "the body is not JSON"),
    "NaN": (NAN, 400, "spectra: row 1, point 12 is NaN, expected a finite number"),
    "text in a cell": (
        question([[*ROWS[0][:11], "n/a"]]),
        400,
        "spectra: row 1, point 12: Expected `float`, got `str`",
    ),
    "no rows": (question([]), 400, "spectra: no rows were given"),
    "one flat row": (question(ROWS[0]), 400, "give a list of values per spectrum, [[…]] for a single one"),
    "rows of unequal length": (question([ROWS[0], ROWS[1][:11]]), 400, "row 2 has 11 values, expected 12 as in row 1"),
    "too few points": (question([row[:11] for row in ROWS]), 422, "11 values in each row, expected 12"),
    "no points": (question([[]]), 422, "0 values in each row, expected 12"),
    "a constant row": (question([ROWS[0], [0.5] * 12]), 422, "row 2: no finite result: the spectrum is constant"),
    "a huge value": (question([[*ROWS[0][:11], 2.0**500]]), 422, "row 1: point 12 is 3.273390607896142e+150, expected"),
    "another axis": (
        question(ROWS, axis=list(range(12))),
        422,
        "axis: the model's points 1 to 12 (850 to 1050 nm) lie",
    ),
    "a short axis": (question(ROWS, axis=[850.0]), 422, "axis: the model's points 2 to 12 (868.1818182 to"),
    "another unit": (
        question(ROWS, axis=[*range(12)], unit="cm-1"),
        422,
        "axis: a position is 0 cm-1, expected positive",
    ),
    "an unknown unit": (
        question(ROWS, axis=[*range(12)], unit="Å"),
        422,
        "axis: the unit is 'Å', expected nm, um or cm-1",
    ),
    "not the very axis": (
        question(ROWS, axis=[*range(849, 1083, 20)], strict=True),
        422,
        "axis: strict asks for the model's own points in their order and unit (nm), and these would be interpolated",
    ),
    "no axis to be strict about": (question(ROWS, strict=True), 422, "no wavelengths were given, and strict asks"),
    "a unit alone": (question(ROWS, unit="nm"), 422, "unit='nm' was given without wavelengths"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_predicted_is_a_problem_and_no_number(server: Server, what: str) -> None:
    body, status, said = REFUSED[what]
    reply = server.ask("POST", predict_path("fat"), body)
    assert (reply.status, reply.type) == (status, PROBLEM)
    assert said in reply.json["detail"] and "values" not in reply.json


def test_all_bad_rows_are_named_at_once(server: Server) -> None:
    rows = rows_of(40)
    rows[5:35, 3] = 1e200
    problem = server.predict("fat", rows).json
    assert [row["row"] for row in problem["rows"]] == [*range(6, 36)]
    assert problem["rows"][0]["reason"] == "point 4 is 1e+200, expected a finite number below 3e150"


ELSEWHERE: dict[str, tuple[str, str, int, str]] = {
    "another model": ("GET", "/v1/models/protein", 404, "no model 'protein' is served; there is fat, plain, trio"),
    "a prediction of another model": ("POST", "/v1/models/protein/predict", 404, "no model 'protein' is served"),
    "a file name": ("GET", "/v1/models/fat.n4a", 404, "no model 'fat.n4a' is served"),
    "a way out": ("GET", "/v1/models/..%2F..%2Fetc%2Fpasswd", 404, "Not Found"),
    "bytes that are no text": ("GET", "/v1/models/%FF%FE", 404, "is served"),
    "nowhere": ("GET", "/nowhere", 404, "Not Found"),
    "to get a prediction": ("GET", "/v1/models/fat/predict", 405, "Method Not Allowed"),
    "to delete a model": ("DELETE", "/v1/models/fat", 405, "Method Not Allowed"),
    "to put a model": ("PUT", "/v1/models/fat", 405, "Method Not Allowed"),
    "to post models": ("POST", "/v1/models", 405, "Method Not Allowed"),
}


@pytest.mark.parametrize("path", ["/live", "/", "/v1/models", "/v1/models/fat", "/v2/health/live"])
def test_head_is_get_without_the_body(server: Server, path: str) -> None:
    whole, head = server.get(path), server.ask("HEAD", path)
    assert (head.status, head.type, head.body) == (200, whole.type, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))
    assert server.ask("HEAD", predict_path("fat")).status == 405


@pytest.mark.parametrize("what", ELSEWHERE)
def test_what_is_not_there_is_a_problem(server: Server, what: str) -> None:
    method, path, status, said = ELSEWHERE[what]
    reply = server.ask(method, path, question(ROWS) if method in ("POST", "PUT") else None)
    assert (reply.status, reply.type, reply.json["status"]) == (status, PROBLEM, status)
    assert said in reply.json["detail"]
    assert (reply.headers["Allow"] is not None) == (status == 405)


@pytest.mark.parametrize("type", ["text/html", "application/octet-stream", "application/x-pickle", "nonsense"])
def test_a_body_of_another_type_is_refused(server: Server, type: str) -> None:
    reply = server.ask("POST", predict_path("fat"), question(ROWS), Content_Type=type)
    assert (reply.status, reply.type) == (415, PROBLEM)
    assert f"a body of type {type!r} was sent, expected application/json" in reply.json["detail"]


@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(server: Server, told: bool) -> None:
    body = b" " * 2_000_001
    reply = server.ask("POST", predict_path("fat"), body if told else iter([body]))
    assert (reply.status, reply.type) == (413, PROBLEM)
    assert "larger than 2000000 bytes, the most this server takes" in reply.json["detail"]


# Connections


def test_a_connection_is_kept_through_answers_and_refusals(server: Server) -> None:
    with closing(server.connect()) as connection:
        ask(connection, "GET", "/live")
        kept = connection.sock
        for body, status, _ in REFUSED.values():
            assert ask(connection, "POST", predict_path("fat"), body).status == status
            assert ask(connection, "POST", predict_path("fat"), question(ROWS)).status == 200
        assert ask(connection, "POST", predict_path("fat"), b"1,2", Content_Type="text/html").status == 415
        assert ask(connection, "GET", "/v1/models/protein").status == 404
        assert connection.sock is kept is not None


def test_each_of_several_clients_gets_its_own_answers(server: Server, fat: Path) -> None:
    def client(number: int) -> list[tuple[bytes, bytes]]:
        with closing(server.connect()) as connection:
            asked = [rows_of(count) + number for count in (1, 40, 2, 1500, 3)]
            return [
                (bits(ask(connection, "POST", predict_path("fat"), question(rows)).json["values"]), bits(rows))
                for rows in asked
            ]

    model = load(fat)
    with ThreadPoolExecutor(8) as pool:
        for answers in pool.map(client, range(8)):
            for found, rows in answers:
                assert found == model.predict(np.frombuffer(rows).reshape(-1, 12)).tobytes()


def test_a_client_that_leaves_or_talks_nonsense_disturbs_nobody(models: Path) -> None:
    with serving(models) as server:
        place = urlsplit(server.url)
        head = f"POST {predict_path('fat')} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for said in (
            b"",
            b"\x16\x03\x01\x02\x00\x01",  # a greeting in TLS
            b"GET / HTTP/9.9\r\n\r\n",
            head.encode() + b"Content-Length: 1000\r\n\r\n{",
            head.encode() + b"Content-Length: -1\r\n\r\n",
            head.encode() + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            head.encode() + b"Content-Length: 0\r\n\r\n",
        ):
            with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as client:
                client.sendall(said)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            assert server.predict("fat", ROWS).status == 200
        code, complaints = server.stop()
    assert code == 0 and set(complaints.splitlines()) <= {"WARNING:  Invalid HTTP request received."}


# Start and end


def test_what_is_not_sound_is_not_served_and_the_server_is_not_ready(models: Path, unsound: Path) -> None:
    with serving(models, unsound) as server:
        ready = server.get("/ready")
        assert (ready.status, ready.type) == (503, PROBLEM)
        assert ready.json["detail"] == "not served: cut, damaged, mutant, pickled"
        listed = server.get("/v1/models").json
        assert {model["name"] for model in listed["failed"]} == {*ready.json["models"]}
        for name, said in (
            ("cut", "its end is missing"),
            ("damaged", "does not match its checksum"),
            ("mutant", "golden row 1: the compiled plan answers"),
            ("pickled", "holds pickled steps (builtins.abs)"),
        ):
            assert said in "; ".join(ready.json["models"][name])
            assert any(
                line.startswith(f"model {name!r} is not served: ") and said in line for line in server.complaints
            )
            reply = server.predict(name, ROWS)
            assert reply.status == 404 and said in reply.json["detail"] and "values" not in reply.json
        assert server.get("/live").status == 200, "who watches over it need not start it again"
        assert bits(server.predict("fat", ROWS).json["values"]) == load(models / "fat.n4a").predict(ROWS).tobytes()


def test_a_server_of_nothing_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.get("/ready").json["detail"] == "no model is served"
        assert server.get("/ready").status == 503
        assert server.get("/v1/models").json == {"models": [], "failed": [], "memory": 0}


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_stops_when_told_and_says_nothing_more(fat: Path, by: int, code: int) -> None:
    with serving(fat) as server, closing(server.connect()) as idle:
        assert ask(idle, "GET", "/live").status == 200, "a connection that is kept open does not hold it"
        assert server.stop(by) == (code, "")


def test_a_request_in_flight_is_answered_before_it_stops(fat: Path) -> None:
    body = question(rows_of(50))
    with serving(fat) as server:
        place = urlsplit(server.url)
        with socket.create_connection((str(place.hostname), place.port or 0), timeout=20) as client:
            head = f"POST {predict_path('fat')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
            client.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            assert client.recv(65536).startswith(b"HTTP/1.1 100"), "the request is being read"
            server.process.send_signal(signal.SIGTERM)
            while _listens(place.hostname, place.port):
                time.sleep(0.01)
            client.sendall(body)
            said = b"".join(iter(lambda: client.recv(65536), b""))
        assert said.startswith(b"HTTP/1.1 200")
        assert bits(json.loads(said.partition(b"\r\n\r\n")[2])["values"]) == load(fat).predict(rows_of(50)).tobytes()
        assert server.process.wait(20) == 0


def _listens(host: str | None, port: int | None) -> bool:
    try:
        socket.create_connection((str(host), port or 0), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_port_in_use_is_told(server: Server, fat: Path) -> None:
    port = urlsplit(server.url).port
    done = n4a("serve", fat, "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"n4a: cannot listen on http://127.0.0.1:{port}/: {os.strerror(errno.EADDRINUSE)}\n"


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")
def test_it_listens_on_ipv6_and_says_so_as_a_browser_takes_it(fat: Path) -> None:
    with serving(fat, options=["--host", "::1"]) as server:
        assert server.url.startswith("http://[::1]:")
        assert server.predict("fat", ROWS).status == 200


def test_flags_go_before_the_environment(fat: Path, models: Path) -> None:
    environment = {"N4A_PATHS": str(models), "N4A_MAX_BODY": "10", "N4A_PORT": "1", "N4A_HOST": "127.0.0.2"}
    with serving(fat, options=["--max-body", "5000", "--host", "127.0.0.1"], environment=environment) as server:
        assert server.get("/ready").json["models"] == ["fat"]
        assert server.predict("fat", ROWS).status == 200
    with serving(environment=environment | {"N4A_HOST": ""}) as server:
        assert server.get("/ready").json["models"] == ["fat", "plain", "trio"]
        assert server.predict("fat", ROWS).status == 413
