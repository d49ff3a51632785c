"""The gate before an application that is told what to do: each limit, each refusal, and what is noted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from n4akit.serve.gate import Gate
from n4akit.serve.metrics import Metrics
from n4akit.serve.record import of
from n4akit.serve.routes import ROUTES
from n4akit.serve.settings import Settings
from n4akit.serve.tokens import add
from n4akit.serve.verbs import asked

PREDICT = "/v1/models/fat/predict"


@dataclass
class Said:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def problem(self) -> Any:
        assert self.headers["content-type"] == "application/problem+json"
        return json.loads(self.body)


async def ask(
    gate: Gate,
    method: str = "POST",
    path: str = PREDICT,
    parts: Sequence[bytes | float] = (b"{}",),
    headers: dict[str, str] | None = None,
    root: str = "",
) -> Said:
    """What the gate answers; numbers among the parts of a body are seconds of silence."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        while left and isinstance(left[0], float):
            await asyncio.sleep(left.pop(0))  # type: ignore[arg-type]
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    said = Said()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert not said.status
            said.status = message["status"]
            said.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            assert len(said.headers) == len(message["headers"]), "no header is sent twice"
        else:
            said.body += message["body"]

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": root,
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 1),
    }
    await gate(scope, receive, send)
    return said


def echo(seconds: float = 0.0) -> Callable[..., Awaitable[None]]:
    """An application that answers with the body it was sent."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        await asyncio.sleep(seconds)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message["body"]})

    return app


def gate(app: Callable[..., Awaitable[None]] | None = None, **settings: Any) -> Gate:
    return Gate(Settings(**settings), Metrics()).before(app or echo())


def run(story: Awaitable[Said]) -> Said:
    async def main() -> Said:
        return await story

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("method", "path", "verb", "model"),
    [
        ("POST", PREDICT, "predict", "fat"),
        ("POST", "/v2/models/a%20b/infer", "predict", "a%20b"),  # decoded once already
        ("POST", "/v2/models/fat/versions/3/infer", "predict", "fat"),
        ("GET", "/v1/models/fat", "read", "fat"),
        ("GET", "/v1/models", "read", ""),
        ("GET", "/metrics", "metrics", ""),
        ("GET", "/metrics/", "metrics", ""),
        ("GET", "/ready", "public", ""),
        ("GET", "/v2/health/live", "public", ""),
        ("GET", "/", "public", ""),
        ("GET", "/page/app.js", "public", ""),
        ("POST", "/ready", "manage", ""),
        ("POST", "/v2/repository/models/fat/load", "manage", "fat"),
        ("POST", "/v1/models/models/predict", "predict", "models"),
        ("GET", "/v1/models/models", "read", "models"),
        ("GET", "/schema/openapi.json", "read", ""),
        ("DELETE", "/v1/models/fat", "manage", "fat"),
        ("POST", "/v1/models/fat/predict/", "predict", "fat"),
        ("GET", "//v1/models/fat", "read", "fat"),
        ("POST", "/v1/models//predict", "predict", "predict"),
        ("POST", "/v1/models/fat/versions/3/predict", "predict", "fat"),
        ("GET", "/v1/models/fat/versions/3", "read", "fat"),
        ("POST", "/v1/models/fat/reload", "manage", "fat"),
        ("POST", "/v1/reload", "manage", ""),
    ],
)
def test_what_is_asked_is_told_from_the_path(method: str, path: str, verb: str, model: str) -> None:
    assert asked(method, path) == (verb, model)


def test_a_body_comes_through_whole_and_the_answer_says_which_request_it_was() -> None:
    said = run(ask(gate(), parts=[b"ab", b"cd", b""], headers={"X-Request-ID": "lims-17"}))
    assert (said.status, said.body, said.headers["x-request-id"]) == (200, b"abcd", "lims-17")
    assert said.headers["server-timing"].startswith("total;dur=")


@pytest.mark.parametrize("given", ["", "a b", "ä", "x" * 129, "a\tb", '"'])
def test_a_strange_request_id_is_replaced(given: str) -> None:
    one = gate()
    made = [run(ask(one, headers={"X-Request-ID": given})).headers["x-request-id"] for _ in range(2)]
    assert len({*made, given}) == 3 and all(len(id) > 16 for id in made)


def test_answers_tell_a_browser_to_do_nothing_with_them_and_the_page_to_stay_here() -> None:
    data, page = run(ask(gate())), run(ask(gate(), "GET", "/"))
    assert data.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert data.headers["x-content-type-options"] == page.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("parts", "headers"), [([b"x" * 11], {}), ([b"x" * 6, b"x" * 6], {}), ([b""], {"Content-Length": "11"})]
)
def test_a_body_that_is_too_large_is_refused(parts: list[bytes], headers: dict[str, str]) -> None:
    said = run(ask(gate(max_body=10), parts=parts, headers=headers))
    assert said.status == 413 and "larger than 10 bytes" in said.problem["detail"]


def test_all_bodies_together_are_bounded() -> None:
    async def story() -> list[int]:
        one = gate(max_body=10)
        some = [ask(one, parts=[b"x" * 9, 0.3, b"x"]) for _ in range(12)]
        return [said.status for said in await asyncio.gather(*some)]

    statuses = asyncio.run(story())
    assert {*statuses} == {200, 503} and 7 <= statuses.count(200) <= 9


def test_a_client_that_sends_slowly_is_given_up_and_keeps_no_other_waiting() -> None:
    async def story() -> list[Said]:
        one = gate(read_timeout=0.4, max_concurrency=1)

        async def meanwhile() -> Said:
            await asyncio.sleep(0.1)
            return await asyncio.wait_for(ask(one), 0.2)

        slowly = [part for _ in range(100) for part in (b"x", 0.05)]
        return list(await asyncio.gather(meanwhile(), ask(one, parts=slowly)))

    quick, slow = asyncio.run(story())
    assert quick.status == 200
    assert slow.status == 408 and slow.headers["connection"] == "close"
    assert "did not arrive within 0.4 s" in slow.problem["detail"]


def test_an_answer_that_takes_too_long_is_given_up_and_its_slot_is_free() -> None:
    async def story() -> list[Said]:
        one = gate(echo(5), timeout=0.2, max_concurrency=1)
        return [await ask(one), await ask(one)]

    for said in asyncio.run(story()):
        assert said.status == 504 and "no answer within 0.2 s" in said.problem["detail"]
        assert said.headers["retry-after"] == "1"


def test_so_many_are_worked_on_so_many_wait_and_the_rest_come_again() -> None:
    async def story() -> list[Said]:
        one = gate(echo(0.2), max_concurrency=2, max_queue=3)
        return list(await asyncio.gather(*(ask(one) for _ in range(7))))

    said = asyncio.run(story())
    assert sorted(one.status for one in said) == [200] * 5 + [503] * 2
    (refused, _) = [one for one in said if one.status == 503]
    assert refused.headers["retry-after"] == "1" and "3 requests are waiting already" in refused.problem["detail"]


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    one = gate(rate=0.5, burst=2)
    said = [run(ask(one)) for _ in range(3)]
    assert [each.status for each in said] == [200, 200, 429]
    assert said[2].headers["retry-after"] == "2" and "more requests than 0.5 a second" in said[2].problem["detail"]
    assert run(ask(one, "GET", "/live")).status == 200, "whether it lives may be asked always"


def test_a_page_of_another_site_may_not_ask() -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
        assert run(ask(gate(), headers={"Sec-Fetch-Site": site})).status == status
    assert run(ask(gate(), "GET", "/v1/models", headers={"Sec-Fetch-Site": "cross-site"})).status == 200


# Tokens


@pytest.fixture
def guarded(tmp_path: Path) -> tuple[Gate, dict[str, str]]:
    """A gate that asks for tokens, and a header that shows one for `fat` and `grain-*`: predict and read."""
    file = tmp_path / "tokens.json"
    token = add(file, "press 3", ["fat", "grain-*"], ["predict", "read"])
    return gate(tokens=file), {"Authorization": f"Bearer {token}"}


def test_without_a_token_there_is_no_answer_but_whether_it_lives(guarded: tuple[Gate, dict[str, str]]) -> None:
    one, _ = guarded
    for method, path in (("POST", PREDICT), ("GET", "/v1/models"), ("GET", "/metrics"), ("POST", "/nowhere")):
        said = run(ask(one, method, path))
        assert said.status == 401 and said.headers["www-authenticate"].startswith("Bearer")
        assert "none was shown" in said.problem["detail"]
    assert run(ask(one, headers={"Authorization": "Bearer n4a_x_y"})).status == 401
    assert run(ask(one, "GET", "/live")).status == 200 and run(ask(one, "GET", "/")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("POST", PREDICT, 200, ""),
        ("POST", "/v1/models/grain-2/predict", 200, ""),
        ("GET", "/v1/models/fat", 200, ""),
        ("POST", "/v1/models/oats/predict", 403, "this token is not for model 'oats'"),
        ("POST", "//v1//models/oats/predict/", 403, "this token is not for model 'oats'"),
        ("GET", "/v1/models/oats", 403, "this token is not for model 'oats'"),
        ("GET", "/metrics", 403, "this token is for predict, read, and metrics was asked"),
        ("POST", "/v1/models/fat/unload", 403, "and manage was asked"),
        ("DELETE", "/v1/models/fat", 403, "and manage was asked"),
    ],
)
def test_a_token_is_for_its_models_and_verbs(
    guarded: tuple[Gate, dict[str, str]], method: str, path: str, status: int, said: str
) -> None:
    one, header = guarded
    answer = run(ask(one, method, path, headers=header))
    assert answer.status == status and (status == 200 or said in answer.problem["detail"])


def test_every_route_needs_its_verb() -> None:
    """What changes the server needs `manage`: also a route that somebody adds and says nothing about."""
    found = {
        path.replace(":str", ""): asked(method, path)[0]
        for route in ROUTES
        for path in route.paths
        for method in route.http_methods
    }
    one, two = "/v1/models/{name}", "/v2/models/{name}"
    assert found == {
        "/live": "public",
        "/ready": "public",
        "/metrics": "metrics",
        "/v1/models": "read",
        one: "read",
        f"{one}/versions/{{version}}": "read",
        f"{one}/reload": "manage",
        "/v1/reload": "manage",
        f"{one}/predict": "predict",
        f"{one}/versions/{{version}}/predict": "predict",
        f"{one}/card": "read",
        "/v2": "read",
        "/v2/health/live": "public",
        "/v2/health/ready": "public",
        two: "read",
        f"{two}/versions/{{version}}": "read",
        f"{two}/ready": "read",
        f"{two}/versions/{{version}}/ready": "read",
        f"{two}/infer": "predict",
        f"{two}/versions/{{version}}/infer": "predict",
        "/schema": "read",
        "/schema/openapi.json": "read",
        "/": "public",
        "/page/{file:path}": "public",
        "/page/spectra/{name}": "predict",
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/models/fat@stable/predict", 200),
        ("/v1/models/fat@9/versions/1/predict", 200),
        ("/v1/models/grain-1@x/predict", 200),
        ("/v2/models/fat@stable/infer", 200),
        ("/v2/models/fat/versions/1/infer", 200),
        ("/v2/models/oats/versions/1/infer", 403),
        ("/v1/models/fat@mine/predict", 403),  # a model of this name, not the fat one
        ("/v1/models/oats@grain-1/predict", 403),
        ("/v1/models/oats@fat/predict", 403),
        ("/v1/models/grain-9@1/predict", 403),
        ("/below/this/v1/models/oats/predict", 403),
    ],
)
def test_a_token_is_for_all_versions_of_its_models_and_for_no_other_model(
    tmp_path: Path, path: str, status: int
) -> None:
    def model_of(name: str) -> str:
        stem = name.rpartition("@")[0]
        return stem if stem in ("fat", "oats", "grain-1", "grain-9") and name != "fat@mine" else name

    token = add(tmp_path / "tokens.json", "press 3", ["fat", "grain-1", "*-1"], ["predict"])
    one = Gate(Settings(tokens=tmp_path / "tokens.json"), Metrics(), model_of=model_of).before(echo())
    said = run(ask(one, path=path, headers={"Authorization": f"Bearer {token}"}, root="/below/this"))
    assert said.status == status
    if status == 403:
        name = path.split("/models/")[1].split("/")[0]
        told = json.loads(said.body)
        found = told.get("detail", told.get("error"))
        assert found == f"this token is not for model {name!r}", "nor whether there is one"


def test_who_manages_one_model_does_not_reload_all(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    statuses = []
    for name, models in (("some", ["fat"]), ("all", ["*"])):
        header = {"Authorization": f"Bearer {add(file, name, models, ['manage'])}"}
        one = gate(tokens=file)
        statuses += [
            run(ask(one, path=path, headers=header)).status for path in ("/v1/models/fat/reload", "/v1/reload")
        ]
    assert statuses == [200, 403, 200, 200]


def test_what_is_brief_names_the_kind_alone(tmp_path: Path) -> None:
    said = run(ask(gate(errors="brief", max_body=10), parts=[b"x" * 11]))
    assert said.problem == {
        "type": "about:blank",
        "title": "the request is too large",
        "status": 413,
        "detail": "the request is too large",
    }


INFER = "/v2/models/fat/infer"


def test_below_v2_refusals_are_errors_of_that_protocol(tmp_path: Path) -> None:
    token = add(tmp_path / "tokens.json", "press 3", ["fat"], ["predict"])
    header = {"Authorization": f"Bearer {token}"}
    one = gate(tokens=tmp_path / "tokens.json", max_body=10, rate=0.001, burst=6)
    asked: list[tuple[str, list[bytes], dict[str, str], int, str]] = [
        (INFER, [b"{}"], {}, 401, "a token of this server is needed"),
        ("/v2/models/oats/infer", [b"{}"], header, 403, "this token is not for model 'oats'"),
        ("//v2//models/fat", [b"{}"], header, 403, "this token is for predict, and manage was asked"),
        ("/v2", [b"{}"], header, 403, "this token is for predict, and manage was asked"),
        (INFER, [b"{}"], header | {"Sec-Fetch-Site": "cross-site"}, 403, "a page of another site asks"),
        (INFER, [b"x" * 11], header, 413, "the body is larger than 10 bytes"),
        *[(INFER, [b"{}"], header, 200, "")] * 5,
        (INFER, [b"{}"], header, 429, "more requests than 0.001 a second were made"),
    ]
    for path, parts, headers, status, said in asked:
        answer = run(ask(one, path=path, parts=parts, headers=headers))
        assert answer.status == status
        if status != 200:
            assert answer.headers["content-type"] == "application/json"
            assert [*json.loads(answer.body)] == ["error"] and said in json.loads(answer.body)["error"]
    assert answer.headers["retry-after"] and answer.headers["x-request-id"]
    one.draining = True
    stopping = run(ask(one, "GET", "/below/v2/health/ready", root="/below"))
    assert (stopping.status, json.loads(stopping.body)) == (503, {"error": "not ready"})
    assert run(ask(one, path="/v1/v2/models/fat/infer")).problem["status"] == 401


# What is noted


def test_the_log_has_a_line_of_json_per_request_and_no_body(tmp_path: Path) -> None:
    path = tmp_path / "access.log"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        of(scope).rows = 3
        await echo()(scope, receive, send)

    async def story() -> None:
        one = gate(app, access_log=path, max_body=100)
        async with one.opened():
            await ask(one, parts=[b"SECRET"], headers={"X-Request-ID": "r1"})
            await asyncio.sleep(0.4)
            path.rename(tmp_path / "access.log.1")
            await ask(one, "GET", '/v1/models/"fat"\n')
            await ask(one, parts=[b"SECRET" * 100])
            await ask(one, parts=[])

    asyncio.run(story())
    old, new = ((tmp_path / name).read_text() for name in ("access.log.1", "access.log"))
    assert "SECRET" not in old + new
    (first,) = map(json.loads, old.splitlines())
    assert first.pop("time").endswith("Z") and first.pop("ms") >= 0
    assert first == {
        "id": "r1", "peer": "127.0.0.1", "client": "", "method": "POST", "path": PREDICT, "verb": "predict",
        "model": "fat", "status": 200, "rows": 3, "bytes_in": 6, "bytes_out": 6,
    }  # fmt: skip
    assert [json.loads(line)["status"] for line in new.splitlines()] == [200, 413, 499]


def test_a_log_that_cannot_be_written_holds_nothing_up_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()

    async def story() -> None:
        one = Gate(Settings(access_log=Path("/dev/full")), metrics).before(echo())
        async with one.opened():
            assert (await ask(one)).status == 200
            await asyncio.sleep(0.4)
            assert (await ask(one)).status == 200

    asyncio.run(story())
    assert "n4a_access_log_lost_lines_total 2" in metrics.text()
    assert caplog.text.count("the access log cannot be written: No space left on device") == 1


def test_what_was_refused_is_counted() -> None:
    metrics = Metrics()
    one = Gate(Settings(max_body=1), metrics).before(echo())
    run(ask(one))
    text = metrics.text()
    assert 'n4a_refused_total{reason="body"} 1' in text
    assert 'n4a_requests_total{model="fat",verb="predict",status="413"} 1' in text
    assert "n4a_held_bytes 0" in text and "n4a_in_flight 0" in text


def test_told_to_stop_it_is_not_ready_and_each_answer_is_the_last_of_its_connection() -> None:
    one = gate()
    one.draining = True
    ready, still = run(ask(one, "GET", "/ready")), run(ask(one))
    assert ready.status == 503 and "stopping" in ready.problem["detail"]
    assert still.status == 200 and still.headers["connection"] == "close"


def test_only_http_is_spoken() -> None:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def main() -> None:
        await gate()({"type": "websocket", "path": PREDICT}, None, send)  # type: ignore[arg-type]

    asyncio.run(main())
    assert [(message["type"], message["code"]) for message in said] == [("websocket.close", 1008)]
