"""Models that come, change and go while the server answers: as its clients meet it, over HTTP."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import load
from numpy.typing import NDArray

from .server import Server, adjust, ask, predict_path, put, question, serving

Matrix = NDArray[np.float64]

POLL = ("--poll", "0.05")


def link(path: Path, target: str) -> None:
    part = path.with_name(".link")
    part.symlink_to(target)
    part.replace(path)


def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it did not happen in 30 s"
        time.sleep(0.02)


def bits(values: Any) -> bytes:
    return np.array(values, dtype=np.float64).tobytes()


@contextmanager
def clients(server: Server, path: str, rows: Matrix, count: int = 4) -> Iterator[list[Any]]:
    """Clients that ask all the time over kept connections; the list has all that they were answered."""
    answers: list[Any] = []
    stop = threading.Event()

    def client() -> None:
        with closing(server.connect()) as connection:
            while not stop.is_set():
                answers.append(ask(connection, "POST", path, question(rows)))

    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(client) for _ in range(count)]
        try:
            yield answers
        finally:
            stop.set()
        for one in running:
            one.result()


@pytest.fixture
def folder(models: Path, tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    put(models / "fat.n4a", tmp_path / "models" / "fat.n4a")
    return tmp_path / "models"


def _answers_with(digest: str, answers: list[Any]) -> bool:
    return bool(answers) and answers[-1].json["digest"] == digest


@pytest.mark.parametrize("told", [False, True], ids=["watched", "told"])
def test_models_are_replaced_under_load_and_no_request_is_lost(
    folder: Path, models: Path, spectra: Matrix, told: bool
) -> None:
    """Every answer is that of the bundle whose digest it carries."""
    sources = [models / "plain.n4a", models / "fat.n4a"]
    bundles = {load(path).digest: load(path) for path in sources}
    expected = {digest: bits(bundle.predict(spectra)) for digest, bundle in bundles.items()}
    with (
        serving(folder, options=POLL if not told else ("--poll", "0")) as server,
        clients(server, predict_path("fat"), spectra) as answers,
    ):
        for turn in range(6):
            source = sources[turn % 2]
            put(source, folder / "fat.n4a")
            if told:
                assert server.ask("POST", "/v1/models/fat/reload").json["digest"] == load(source).digest
                assert server.predict("fat", spectra).json["digest"] == load(source).digest, (
                    "it is so once that is said"
                )
            until(partial(_answers_with, load(source).digest, answers))
    assert len(answers) > 50 and {answer.status for answer in answers} == {200}
    assert {answer.json["digest"] for answer in answers} == {*bundles}
    for answer in answers:
        assert bits(answer.json["values"]) == expected[answer.json["digest"]]


def test_a_content_that_fails_leaves_the_old_one_serving_and_says_why(
    folder: Path, unsound: Path, models: Path, spectra: Matrix
) -> None:
    digest = load(models / "fat.n4a").digest
    with serving(folder, options=POLL) as server:
        with clients(server, predict_path("fat"), spectra, 2) as answers:
            put(unsound / "mutant.n4a", folder / "fat.n4a")
            until(lambda: server.get("/v1/models").json["failed"])
        assert {(answer.status, answer.json["digest"]) for answer in answers} == {(200, digest)}
        (failure,) = server.get("/v1/models").json["failed"]
        assert (failure["name"], failure["version"]) == ("fat", "1") and "golden row 1" in failure["problems"][0]
        ready = server.get("/ready")
        assert (ready.status, ready.json["status"], ready.json["failed"]) == (200, "ready", [failure])
        reply = server.ask("POST", "/v1/models/fat/reload")
        assert (reply.status, reply.type) == (409, "application/problem+json")
        assert "what was served goes on: golden row 1" in reply.json["detail"] and reply.json["failed"] == [failure]
        assert str(folder).encode() not in reply.body, "where it lies is nobody's business"
        assert server.predict("fat", spectra).json["digest"] == digest
        put(models / "trio.n4a", folder / "fat.n4a")
        until(lambda: not server.get("/v1/models").json["failed"])
        assert server.predict("fat", spectra).json["digest"] == load(models / "trio.n4a").digest
        _, said = server.stop()
        assert f"model 'fat' goes on as {digest}: golden row 1" in said


def test_settings_are_followed_and_records_carry_what_was_applied(folder: Path, spectra: Matrix) -> None:
    plain = load(folder / "fat.n4a").predict(spectra)
    biases: dict[str | None, float] = {None: 0.0}
    with serving(folder, options=POLL) as server, clients(server, predict_path("fat"), spectra) as answers:
        for bias in (1.0, 2.0, 3.0):
            digest = adjust(folder / "fat.n4a", bias)
            biases[digest] = bias
            until(lambda digest=digest: answers and answers[-1].json.get("settings") == digest)  # type: ignore[misc]
        assert server.get("/v1/models/fat").json["settings"] == digest
        (folder / "fat.settings.json").unlink()
        until(lambda: "settings" not in answers[-1].json)
    assert {answer.status for answer in answers} == {200}
    assert {answer.json.get("settings") for answer in answers} == {*biases}
    for answer in answers:
        assert bits(answer.json["values"]) == bits(plain + biases[answer.json.get("settings")])


def test_settings_that_are_none_leave_model_and_settings_serving_and_say_why(folder: Path, spectra: Matrix) -> None:
    digest = adjust(folder / "fat.n4a", 1.0)
    with serving(folder, options=("--poll", "0")) as server:
        before = server.predict("fat", spectra)
        (folder / "fat.settings.json").write_text("{", "utf-8")
        reply = server.ask("POST", "/v1/models/fat/reload")
        assert (reply.status, reply.type) == (409, "application/problem+json")
        assert reply.json["detail"].startswith("what was served goes on: settings: the file is not JSON")
        (failure,) = server.get("/v1/models").json["failed"]
        assert [failure] == reply.json["failed"] == server.get("/ready").json["failed"]
        assert server.predict("fat", spectra).body == before.body and before.json["settings"] == digest
        (folder / "fat.settings.json").unlink()
        assert server.ask("POST", "/v1/models/fat/reload").json["settings"] is None
        code, said = server.stop()
    assert code == 0 and "goes on as" in said and f"with settings {digest}: settings: the file is not JSON" in said


def test_a_model_whose_settings_are_none_keeps_the_server_from_being_ready(folder: Path, spectra: Matrix) -> None:
    (folder / "fat.settings.json").write_text("{", "utf-8")
    with serving(folder, options=("--poll", "0")) as server:
        assert "settings: the file is not JSON" in server.complaints[0]
        ready = server.get("/ready")
        assert ready.status == 503 and ready.json["models"]["fat"][0].startswith("settings: the file is not JSON")
        refused = server.predict("fat", spectra)
        assert refused.status == 404 and "is not served: settings: the file is not JSON" in refused.json["detail"]


def test_a_file_that_is_written_slowly_is_never_loaded_by_half(folder: Path, models: Path, spectra: Matrix) -> None:
    data = (models / "trio.n4a").read_bytes()
    with serving(folder, options=("--poll", "0.2")) as server:
        with (folder / "trio.n4a").open("wb") as file:
            for start in range(0, len(data), len(data) // 20):
                file.write(data[start : start + len(data) // 20])
                file.flush()
                time.sleep(0.05)
                assert server.get("/v1/models").json["failed"] == []
        until(lambda: server.predict("trio", spectra).status == 200)
        assert server.stop() == (0, ""), "nothing was ever said of it"


def test_a_model_that_comes_is_served_and_one_that_goes_is_not(folder: Path, models: Path, spectra: Matrix) -> None:
    with serving(folder, options=POLL) as server:
        assert server.predict("new", spectra).status == 404
        put(models / "plain.n4a", folder / "new.n4a")
        until(lambda: server.predict("new", spectra).status == 200)
        (folder / "new.n4a").unlink()
        until(lambda: server.predict("new", spectra).status == 404)
        assert server.predict("new", spectra).json["detail"] == "no model 'new' is served; there is fat"
        assert server.ask("POST", "/v1/models/new/reload").status == 404
        assert server.get("/ready").json == {"status": "ready", "models": ["fat"]}


def test_a_bad_file_that_comes_takes_the_server_from_nobody(folder: Path, unsound: Path, spectra: Matrix) -> None:
    with serving(folder, options=POLL) as server:
        put(unsound / "cut.n4a", folder / "cut.n4a")
        until(lambda: server.get("/v1/models").json["failed"])
        assert server.get("/ready").status == 200 and server.get("/ready").json["failed"][0]["name"] == "cut"
        assert server.predict("cut", spectra).status == 404 and server.predict("fat", spectra).status == 200


def test_two_versions_answer_side_by_side_and_an_alias_is_moved_at_once(
    models: Path, tmp_path: Path, spectra: Matrix
) -> None:
    oats = tmp_path / "oats"
    oats.mkdir()
    put(models / "fat.n4a", oats / "1.n4a")
    put(models / "plain.n4a", oats / "2.n4a")
    link(oats / "stable.n4a", "1.n4a")
    one, two = (load(oats / f"{version}.n4a").digest for version in (1, 2))
    with serving(tmp_path, options=POLL) as server:

        def digest(model: str) -> Any:
            return server.ask("POST", f"/v1/models/{model}/predict", question(spectra)).json["digest"]

        assert (digest("oats"), digest("oats@stable"), digest("oats@1")) == (two, one, one)
        assert (digest("oats/versions/1"), digest("oats/versions/2"), digest("oats/versions/stable")) == (one, two, one)
        told = server.get("/v1/models/oats@stable").json
        assert (told["version"], told["versions"], told["aliases"]) == ("1", ["1", "2"], {"stable": "1"})
        missing = server.get("/v1/models/oats/versions/3")
        assert (missing.status, missing.json["detail"]) == (
            404,
            "model 'oats' has no version or alias '3'; there is 1, 2, stable",
        )
        with clients(server, predict_path("oats@stable"), spectra, 2) as answers:
            link(oats / "stable.n4a", "2.n4a")
            until(lambda: digest("oats@stable") == two)
            (oats / "1.n4a").unlink()
            until(lambda: server.get("/v1/models/oats").json["versions"] == ["2"])
        assert {answer.status for answer in answers} == {200}
        assert server.get("/v1/models").json["models"][0]["versions"].keys() == {"2"}


def test_the_bound_on_memory_holds_while_all_models_are_asked(models: Path, spectra: Matrix, tmp_path: Path) -> None:
    names = ["fat", "trio", "plain"]
    with serving(models) as server:
        versions = {one["name"]: one["versions"]["1"]["bytes"] for one in server.get("/v1/models").json["models"]}
    bound = max(versions.values()) + min(versions.values())
    expected = {name: bits(load(models / f"{name}.n4a").predict(spectra)) for name in names}
    with serving(models, options=("--memory", str(bound))) as server, ThreadPoolExecutor(6) as pool:
        for name, reply in pool.map(lambda name: (name, server.predict(name, spectra)), names * 20):
            assert reply.status == 200 and bits(reply.json["values"]) == expected[name]
            listed = server.get("/v1/models").json
            assert listed["memory"] <= bound and len(listed["models"]) == 3
        assert server.get("/ready").json == {"status": "ready", "models": sorted(names)}
        assert server.stop() == (0, "")


def test_lazy_models_are_loaded_when_they_are_first_asked(models: Path, spectra: Matrix) -> None:
    def loaded(server: Server) -> set[str]:
        return {one["name"] for one in server.get("/v1/models").json["models"] if one["versions"]["1"]["loaded"]}

    with serving(models, options=["--lazy"]) as server, ThreadPoolExecutor(8) as pool:
        assert server.get("/ready").status == 200 and loaded(server) == set()
        replies = [*pool.map(lambda _: server.predict("fat", spectra), range(16))]
        assert {reply.status for reply in replies} == {200} and loaded(server) == {"fat"}
        assert server.get("/v1/models/trio").json["digest"] == load(models / "trio.n4a").digest


def test_settings_may_stand_in_a_file(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models, tmp_path / "models")
    (tmp_path / "n4a.toml").write_text('paths = ["models"]\nmax_body = 10\nlazy = true', "utf-8")
    file = str(tmp_path / "n4a.toml")
    with serving(options=["--config", file]) as server:
        assert server.get("/ready").json["models"] == ["fat", "plain", "trio"]
        assert server.predict("fat", [[0.0] * 12]).status == 413
    with serving(options=["--max-body", "1000"], environment={"N4A_CONFIG": file}) as server:
        assert server.predict("fat", [[*range(12)]]).status == 200, "the flag goes before the file"


def test_folders_that_cannot_be_read_change_nothing(folder: Path, spectra: Matrix) -> None:
    with serving(folder, options=POLL) as server:
        folder.rename(folder.with_name("away"))
        until(lambda: server.ask("POST", "/v1/reload").status == 503)
        time.sleep(0.2)
        assert server.predict("fat", spectra).status == 200 and server.get("/ready").status == 200
        folder.with_name("away").rename(folder)
        assert server.ask("POST", "/v1/reload").status == 200
        _, said = server.stop()
        assert said.count("the models cannot be looked at, and go on as they are") == 1
