"""Servers as operators run them: workers, drain, TLS, unix socket, tokens, slow clients, access log, counts."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from n4akit import load
from n4akit.serve.sharing import PAUSE
from n4akit.serve.tokens import add, remove

from .server import N4A, Server, adjust, ask, clean, n4a, predict_path, put, question, serving

ROWS = (np.random.default_rng(3).normal(size=(2, 12)) + np.linspace(0.0, 1.0, 12)).tolist()


def eventually(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def talking(server: Server) -> Iterator[socket.socket]:
    place = urlsplit(server.url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=30) as client:
        yield client


def heard(client: socket.socket) -> bytes:
    """All that is said until the other side closes."""
    said = b""
    try:
        while part := client.recv(65536):
            said += part
    except ConnectionResetError:
        return said
    return said


def counts(server: Server) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in server.get("/metrics").body.decode().splitlines() if line[0] != "#"]
    return {name: float(value) for name, _, value in lines}


# What can be asked besides predictions


def test_answers_say_where_time_went_and_metrics_count_them(models: Path, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    with serving(models, options=["--access-log", str(log)]) as server:
        reply = server.ask("POST", predict_path("fat"), question(ROWS), X_Request_ID="lims-7")
        assert reply.headers["X-Request-ID"] == "lims-7" and reply.headers["Server"] is None
        parts = re.findall(r"(\w+);dur=([0-9.]+)", reply.headers["Server-Timing"])
        assert [name for name, _ in parts] == ["queue", "decode", "predict", "encode", "total"]
        times = {name: float(value) for name, value in parts}
        assert 0 < times["decode"] + times["predict"] + times["encode"] <= times["total"]
        server.predict("plain", [[0.5] * 12])
        server.predict("oats", ROWS)
        found = counts(server)
        assert found['n4a_requests_total{model="fat",verb="predict",status="200"}'] == 1
        assert found['n4a_requests_total{model="",verb="predict",status="404"}'] == 1
        assert found['n4a_rows_total{model="fat"}'] == 2 and found["n4a_predict_seconds_count"] == 2
        assert found['n4a_flags_total{model="plain",code="constant_row"}'] == 1
        assert found['n4a_model_bytes{model="trio"}'] > 0 and found["n4a_in_flight"] == 1
        assert server.get("/metrics").type == "text/plain"
        assert server.stop() == (0, "")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["verb"], line["model"], line["status"], line["rows"]) for line in lines[:3]] == [
        ("predict", "fat", 200, 2),
        ("predict", "plain", 200, 1),
        ("predict", "oats", 404, 0),
    ]
    assert lines[0]["id"] == "lims-7" and str(ROWS[0][0]) not in log.read_text()


@pytest.mark.parametrize(("option", "most"), [("--max-rows", 1), ("--max-columns", 11)])
def test_more_rows_or_columns_than_allowed_are_refused(fat: Path, option: str, most: int) -> None:
    with serving(fat, options=[option, str(most)]) as server:
        reply = server.predict("fat", ROWS)
        assert reply.status == 413 and f"expected {most} at most" in reply.json["detail"]


def test_brief_errors_tell_no_values_and_no_names(models: Path) -> None:
    with serving(models, options=["--errors", "brief"]) as server:
        for reply in (server.predict("fat", [[1e200] * 12]), server.predict("oats", ROWS)):
            assert reply.json["detail"] == reply.json["title"] and "rows" not in reply.json
            assert b"plain" not in reply.body and b"1e" not in reply.body
        assert server.get("/ready").json == {"status": "ready"}


# Who may ask


def test_an_address_that_others_reach_needs_tokens_or_a_word(fat: Path) -> None:
    done = n4a("serve", fat, "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2 and "host: 0.0.0.0 can be reached by others, expected a file of tokens" in done.stderr
    with serving(fat, options=["--host", "0.0.0.0", "--anonymous"]) as server:
        port = urlsplit(server.url).port
        with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            assert ask(connection, "GET", "/live").status == 200


def test_tokens_are_asked_for_and_followed_while_it_runs(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    token = add(file, "press 3", ["fat"], ["predict", "read"])
    header = {"Authorization": f"Bearer {token}"}
    with serving(models, options=["--tokens", str(file), "--host", "0.0.0.0"]) as server:
        server.url = f"http://127.0.0.1:{urlsplit(server.url).port}/"
        assert server.predict("fat", ROWS).status == 401
        assert server.ask("POST", predict_path("fat"), question(ROWS), **header).status == 200
        assert server.ask("POST", predict_path("trio"), question(ROWS), **header).status == 403
        listed = server.ask("GET", "/v1/models", **header).json
        assert [model["name"] for model in listed["models"]] == ["fat"], "it learns of no other"
        assert server.get("/ready").json == {"status": "ready"}, "which models there are is not everybody's business"
        assert server.ask("GET", "/ready", **header).json == {"status": "ready", "models": ["fat"]}
        new = {"Authorization": f"Bearer {add(file, 'press 4', ['trio'], ['predict'])}"}
        assert eventually(lambda: server.ask("POST", predict_path("trio"), question(ROWS), **new).status == 200)
        remove(file, "press 3")
        assert eventually(lambda: server.ask("POST", predict_path("fat"), question(ROWS), **header).status == 401)
        assert token.split("_")[2] not in server.stop()[1]


def test_ready_tells_a_token_what_the_list_of_models_would(models: Path, unsound: Path, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    headers = {
        name: {"Authorization": f"Bearer {add(file, name, scope.split(), verbs.split())}"}
        for name, scope, verbs in (
            ("all", "*", "read"),
            ("some", "fat mut*", "read"),
            ("sound", "fat", "read"),
            ("predicting", "*", "predict manage"),
        )
    }
    with serving(models, unsound / "mutant.n4a", unsound / "cut.n4a", options=["--tokens", str(file)]) as server:

        def ready(who: str | None = None) -> tuple[int, str, list[str] | None]:
            reply = server.ask("GET", "/ready", **(headers[who] if who else {}))
            return reply.status, reply.json["detail"], [*reply.json["models"]] if "models" in reply.json else None

        assert ready("all") == (503, "not served: cut, mutant", ["cut", "mutant"])
        assert ready("some") == (503, "not served: mutant", ["mutant"])
        assert ready("sound") == (503, "not every model is served", [])
        assert ready("predicting") == ready() == (503, "not every model is served", None)
        assert b"cut" not in server.ask("GET", "/v1/models", **headers["some"]).body
    with serving(models, options=["--tokens", str(file), "--poll", "0"]) as server:
        assert server.ask("GET", "/ready", **headers["some"]).json == {"status": "ready", "models": ["fat"]}
        assert server.ask("GET", "/ready", **headers["predicting"]).json == {"status": "ready"}


def test_a_token_is_for_its_model_in_every_spelling_and_for_what_it_may_change(models: Path, tmp_path: Path) -> None:
    for version in ("1", "2"):
        for name in ("fat", "grain"):
            (tmp_path / name).mkdir(exist_ok=True)
            put(models / "fat.n4a", tmp_path / name / f"{version}.n4a")
    put(models / "fat.n4a", tmp_path / "fat@x.n4a")
    file = tmp_path / "tokens.json"
    header = {"Authorization": f"Bearer {add(file, 'press 3', ['fat'], ['predict', 'read'])}"}
    master = {"Authorization": f"Bearer {add(file, 'master', ['*'], ['manage'])}"}

    def status(path: str, shown: dict[str, str] = header) -> int:
        return server.ask("POST", path, question(ROWS), **shown).status

    def statuses(model: str) -> tuple[int, int]:
        path = f"/v1/models/{model}"
        return status(f"{path}/predict"), server.ask("GET", path, **header).status

    with serving(tmp_path, options=["--tokens", str(file)]) as server:
        for model in ("fat", "fat@1", "fat%401", "fat/versions/1", "%66at/versions/2"):
            assert statuses(model) == (200, 200)
        for model in ("grain", "grain@1", "grain@fat", "grain/versions/1", "fat@x", "fat%40x", "fat@x@1", "/grain"):
            assert statuses(model) == (403, 403)
        for path in ("/v1/models/fat/../grain/predict", "/v1/models/fat%2F..%2Fgrain/predict"):
            assert status(path) == 404
        for path in ("/v1/reload", "/v1/models/fat/reload", "/v1/models/grain/reload"):
            assert (status(path), status(path, master)) == (403, 200)
        assert status("/v1/models/fat/predict", master) == 403


def test_a_file_of_tokens_that_is_none_keeps_it_from_starting(fat: Path, tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{}")
    done = n4a("serve", fat, "--tokens", tmp_path / "tokens.json")
    assert done.returncode == 2 and "no file of tokens" in done.stderr
    assert n4a("serve", fat, "--tokens", tmp_path / "none.json").returncode == 4


def test_a_log_that_cannot_be_written_is_told_before_it_listens(fat: Path, tmp_path: Path) -> None:
    done = n4a("serve", fat, "--access-log", tmp_path / "nowhere" / "access.log")
    assert done.returncode == 4 and "nowhere/access.log: No such file or directory" in done.stderr


def test_the_log_goes_to_standard_output(fat: Path) -> None:
    for given, environment in ((["--access-log", "-"], {}), ([], {"N4A_ACCESS_LOG": "-"})):
        command = [*N4A, "serve", str(fat), "--port", "0", *given]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=clean(environment)) as process:
            assert process.stderr is not None
            url = process.stderr.readline().split()[-1]
            assert Server(process, url, []).get("/live").status == 200
            process.terminate()
            said, _ = process.communicate(timeout=60)
        assert json.loads(said)["path"] == "/live"


# Slow and greedy clients


def test_a_client_that_sends_a_byte_at_a_time_is_given_up(fat: Path) -> None:
    with serving(fat, options=["--read-timeout", "1"]) as server:
        for start in (b"", b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST " + predict_path("fat").encode()):
            with talking(server) as client:
                client.sendall(start)
                body = (
                    b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
                    if start.startswith(b"POST")
                    else b"GET "
                )
                client.sendall(body)
                began = time.monotonic()
                client.settimeout(0.2)
                said = b""
                while time.monotonic() - began < 20:
                    try:
                        client.sendall(b"x")
                        part = client.recv(65536)
                    except TimeoutError:
                        continue
                    except OSError:
                        break
                    if not part:
                        break
                    said += part
                assert 0.9 < time.monotonic() - began < 10
                assert b"HTTP/1.1 408" in said and b"application/problem+json" in said
        with talking(server) as client:
            assert b"HTTP/1.1 408" in heard(client), "also when it says nothing at all"
        assert server.predict("fat", ROWS).status == 200


def test_so_many_connections_and_no_more(fat: Path) -> None:
    with serving(fat, options=["--max-connections", "3"]) as server:
        with talking(server) as one, talking(server) as two, talking(server) as three:
            for client in (one, two, three):
                client.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert client.recv(65536).startswith(b"HTTP/1.1 200")
            with talking(server) as fourth:
                said = heard(fourth)
            assert said.startswith(b"HTTP/1.1 503") and b"retry-after: 1" in said
        assert eventually(lambda: server.get("/live").status == 200)


def test_of_many_that_come_at_once_the_last_is_taken_soon(fat: Path) -> None:
    many, each = 48, 40
    with serving(fat) as server, ExitStack() as clients:
        server.process.send_signal(signal.SIGSTOP)
        waiting = [clients.enter_context(talking(server)) for _ in range(many)]
        for client in waiting:
            client.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n" * each)
        server.process.send_signal(signal.SIGCONT)
        # The server numbers requests as they come. Were one connection taken in a turn, in which each of those before
        # it is answered once, the last would begin with about the thousandth.
        numbers = [int(re.findall(rb"x-request-id: \w+-(\d+)", client.recv(65536))[0]) for client in waiting]
    assert max(numbers) - min(numbers) < 4 * many


# To stop


class Load:
    """Clients that ask on connections they keep, until the server is gone; what was begun must be answered."""

    def __init__(self, server: Server, clients: int = 4) -> None:
        self.server = server
        self.answered = 0
        self.lost: list[str] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(60)

    def _ask(self) -> None:
        body = question(ROWS * 20)
        while True:
            try:
                with closing(self.server.connect()) as connection:
                    connection.connect()
                    self._keep_asking(connection, body)
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                continue  # the door closed before anybody had taken this connection in; the next one is refused

    def _keep_asking(self, connection: HTTPConnection, body: bytes) -> None:
        first = True
        while True:
            try:
                reply = ask(connection, "POST", predict_path("fat"), body)
            except (OSError, HTTPException) as error:
                # A connection that was still in the backlog was never accepted; on one that answered nothing is lost.
                if not first:
                    self.lost.append(repr(error))
                return
            first = False
            if reply.status != 200:
                self.lost.append(str(reply.status))
            self.answered += 1
            if reply.headers["Connection"] == "close":
                return


@pytest.mark.parametrize("workers", [1, 2])
def test_told_to_stop_under_load_it_loses_nothing(fat: Path, workers: int) -> None:
    with serving(fat, options=["--workers", str(workers)]) as server, Load(server) as load:
        assert eventually(lambda: load.answered > 40)
        code, said = server.stop()
    assert (code, said, load.lost) == (0, "", [])


@pytest.mark.parametrize("workers", [1, 2])
def test_told_to_stop_while_models_are_replaced_it_loses_nothing(models: Path, tmp_path: Path, workers: int) -> None:
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    options = ["--workers", str(workers), "--poll", "0.05"]
    with serving(tmp_path, options=options) as server, Load(server) as load:
        for turn in range(4):
            before = load.answered
            put(models / ("plain.n4a", "fat.n4a")[turn % 2], tmp_path / "fat.n4a")
            assert eventually(lambda before=before: load.answered > before + 20)  # type: ignore[misc]
        code, said = server.stop()
    assert (code, said, load.lost) == (0, "", [])


def test_told_to_stop_it_is_not_ready_at_once_and_goes_on_answering(fat: Path) -> None:
    with serving(fat, options=["--drain-delay", "2"]) as server:
        assert server.get("/ready").status == 200
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: server.get("/ready").status == 503, 1.5)
        assert server.get("/ready").json["detail"] == "the server is stopping"
        assert server.predict("fat", ROWS).status == 200
        assert server.process.wait(20) == 0


def test_a_client_that_never_ends_does_not_keep_it_from_stopping(fat: Path) -> None:
    with serving(fat, options=["--drain-timeout", "1"]) as server, talking(server) as client:
        client.sendall(
            f"POST {predict_path('fat')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{{".encode()
        )
        assert eventually(lambda: counts(server)["n4a_held_bytes"] == 1)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert heard(client).startswith(b"HTTP/1.1 503")
        assert server.process.wait(20) == 0 and time.monotonic() - began < 10


# Several processes


def workers_of(server: Server) -> set[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True, text=True)
    return {int(line) for line in found.stdout.split()}


needs_ps = pytest.mark.skipif(not shutil.which("ps"), reason="this machine has no ps to find the workers with")


@needs_ps
def test_a_worker_that_is_killed_is_replaced_and_its_counts_stay(fat: Path) -> None:
    with serving(fat, options=["--workers", "2"]) as server:
        assert eventually(lambda: len(workers_of(server)) == 2)
        for _ in range(20):
            assert server.predict("fat", ROWS).status == 200
        name = 'n4a_rows_total{model="fat"}'
        assert eventually(lambda: counts(server).get(name) == 40), "any worker tells what all counted"
        time.sleep(4 * PAUSE)  # who told it may not have told the other yet
        for killed in workers_of(server):
            os.kill(killed, signal.SIGKILL)
            assert eventually(lambda killed=killed: len(workers_of(server) - {killed}) == 2)  # type: ignore[misc]
        assert server.predict("fat", ROWS).status == 200
        assert eventually(lambda: counts(server).get(name) == 42)
        code, said = server.stop()
    assert code == 0 and len(re.findall(r"worker [12] \(\d+\) ended by signal 9; it is replaced\n", said)) == 2


def test_each_worker_takes_a_new_content_and_counts_it(models: Path, tmp_path: Path) -> None:
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    with serving(tmp_path, options=["--workers", "2", "--poll", "0.1"]) as server:
        put(models / "plain.n4a", tmp_path / "fat.n4a")
        assert eventually(lambda: counts(server)['n4a_reloads_total{outcome="loaded"}'] == 2), "one for each worker"
        new = load(models / "plain.n4a").digest
        assert {server.predict("fat", ROWS).json["digest"] for _ in range(20)} == {new}
        assert server.stop() == (0, "")


def told_by_a_request(server: Server) -> None:
    assert server.ask("POST", "/v1/reload").status == 200


def told_by_a_signal(server: Server) -> None:
    server.process.send_signal(signal.SIGHUP)


LOADED = 'n4a_reloads_total{outcome="loaded"}'


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("tell", [told_by_a_request, told_by_a_signal])
def test_all_workers_look_when_one_is_told(
    models: Path, tmp_path: Path, workers: int, tell: Callable[[Server], None]
) -> None:
    fat = put(models / "fat.n4a", tmp_path / "fat.n4a")
    with serving(tmp_path, options=["--workers", str(workers), "--poll", "0"]) as server:
        assert server.predict("fat", ROWS).status == 200
        for turn in range(1, 4):
            put(models / ("plain.n4a", "fat.n4a")[turn % 2], fat)
            (tmp_path / "fat.settings.json").unlink(missing_ok=True)
            settings = adjust(fat, float(turn))
            tell(server)
            assert eventually(lambda turn=turn: counts(server).get(LOADED) == turn * workers)  # type: ignore[misc]
            found = {(told["digest"], told["settings"]) for told in (_told(server) for _ in range(20))}
            assert found == {(load(fat).digest, settings)}
        assert server.stop() == (0, "")


def _told(server: Server) -> dict[str, Any]:
    told: dict[str, Any] = server.predict("fat", ROWS).json
    return told


@needs_ps
@pytest.mark.parametrize("poll", ["0", "1000"])
def test_a_worker_that_replaces_another_begins_with_what_there_is_now(models: Path, tmp_path: Path, poll: str) -> None:
    fat = put(models / "fat.n4a", tmp_path / "fat.n4a")
    with serving(tmp_path, options=["--workers", "2", "--poll", poll]) as server:
        assert eventually(lambda: len(workers_of(server)) == 2)
        settings = adjust(fat, 1.0)
        told_by_a_request(server)
        assert eventually(lambda: counts(server).get(LOADED) == 2)
        for killed in workers_of(server):
            os.kill(killed, signal.SIGKILL)
            assert eventually(lambda killed=killed: len(workers_of(server) - {killed}) == 2)  # type: ignore[misc]
            for _ in range(20):
                assert server.predict("fat", ROWS).json["settings"] == settings


@needs_ps
def test_told_to_look_again_and_again_no_process_ends(models: Path, tmp_path: Path) -> None:
    fat = put(models / "fat.n4a", tmp_path / "fat.n4a")
    with serving(tmp_path, options=["--workers", "2", "--poll", "0"]) as server:
        server.process.send_signal(signal.SIGHUP)  # before its workers have begun
        assert eventually(lambda: len(workers_of(server)) == 2)
        workers = workers_of(server)
        settings = adjust(fat, 1.0)
        for _ in range(200):
            server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: counts(server).get(LOADED) == 2)
        assert {server.predict("fat", ROWS).json["settings"] for _ in range(20)} == {settings}
        assert workers_of(server) == workers and server.stop() == (0, "")


@needs_ps
def test_workers_do_not_outlive_their_parent(fat: Path) -> None:
    with serving(fat, options=["--workers", "2"]) as server:
        assert eventually(lambda: len(workers_of(server)) == 2)
        workers = workers_of(server)
        server.process.kill()
        server.process.wait()
        assert eventually(lambda: not any(_lives(worker) for worker in workers))


def _lives(process: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.startswith("Z")


@needs_ps
def test_ctrl_c_reaches_all_processes_and_ends_them_in_order(fat: Path) -> None:
    with serving(fat, options=["--workers", "2"]) as server:
        assert eventually(lambda: len(workers_of(server)) == 2)
        assert server.predict("fat", ROWS).status == 200
        for process in (*workers_of(server), server.process.pid):
            os.kill(process, signal.SIGINT)
        assert server.process.wait(20) == 130


# Other doors


def test_a_unix_socket_is_for_owner_and_group_and_leaves_nothing_in_the_way(fat: Path, tmp_path: Path) -> None:
    path = tmp_path / "n4a.sock"
    for _ in range(2):  # the second replaces what the first left
        command = [*("--unix", str(path))]
        with _serving_unix(fat, command, path) as process:
            assert path.stat().st_mode & 0o777 == 0o660
            with closing(_UnixConnection(path)) as connection:
                assert ask(connection, "POST", predict_path("fat"), question(ROWS)).status == 200
            refused = n4a("serve", fat, *command)
            assert refused.returncode == 1 and "Address already in use" in refused.stderr
            process.terminate()
            assert process.wait(20) == 0
    (tmp_path / "file").write_text("mine")
    refused = n4a("serve", fat, "--unix", tmp_path / "file")
    assert refused.returncode == 1 and (tmp_path / "file").read_text() == "mine"


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(str(self._path))


@contextmanager
def _serving_unix(bundle: Path, options: list[str], path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [*N4A, "serve", str(bundle), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=clean()) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == f"n4a serve: unix:{path}\n"
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority of ours, and certificates by it for a server at 127.0.0.1 and for a client."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("server", "client"):
        openssl("req", *new[:3], "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san")
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *by)
    return folder


needs_openssl = pytest.mark.skipif(
    not shutil.which("openssl") and "CI" not in os.environ, reason="no openssl here to make certificates with"
)


def over_tls(server: Server, context: ssl.SSLContext) -> HTTPSConnection:
    return HTTPSConnection("127.0.0.1", urlsplit(server.url).port, context=context, timeout=30)


@needs_openssl
def test_tls_and_certificates_of_clients(fat: Path, certificates: Path) -> None:
    files = ["--tls-cert", str(certificates / "server.pem"), "--tls-key", str(certificates / "server.key")]
    trusting = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with serving(fat, options=files) as server:
        assert server.url.startswith("https://127.0.0.1:")
        with closing(over_tls(server, trusting)) as connection:
            reply = ask(connection, "POST", predict_path("fat"), question(ROWS))
            assert reply.status == 200 and reply.headers["Strict-Transport-Security"]
    known = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    known.load_cert_chain(certificates / "client.pem", certificates / "client.key")
    with serving(fat, options=[*files, "--tls-client-ca", str(certificates / "ca.pem")]) as server:
        with closing(over_tls(server, known)) as connection:
            assert ask(connection, "GET", "/ready").status == 200
        with closing(over_tls(server, trusting)) as connection, pytest.raises(OSError):
            ask(connection, "GET", "/ready")


@needs_openssl
def test_certificates_that_do_not_go_together_are_refused(fat: Path, certificates: Path) -> None:
    pem, key = certificates / "server.pem", certificates / "client.key"
    refused: list[tuple[list[str | Path], str]] = [
        (["--tls-cert", pem, "--tls-key", key], "they cannot be used together"),
        (["--tls-cert", pem], "they cannot be used together"),
        (["--tls-cert", certificates / "none"], "is no file, expected one in PEM format"),
        (["--tls-key", key], "tls_cert: none was given"),
    ]
    for options, said in refused:
        done = n4a("serve", fat, *options)
        assert done.returncode == 2 and said in done.stderr
