"""Counts: as Prometheus reads them, bounded whatever clients send, summed over processes, never falling."""

from __future__ import annotations

import os
import re

import pytest
from n4akit.serve.metrics import Metrics
from n4akit.serve.record import Record
from n4akit.serve.shared import HALF, Board


def answered(model: str, status: int, rows: int = 0) -> Record:
    record = Record("id")
    record.model, record.verb, record.status, record.rows = model, "predict", status, rows
    record.predict, record.flags = 0.002, [("constant_row",), ()] if rows else ()
    return record


def values(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_a_request_is_counted_under_all_its_names() -> None:
    metrics = Metrics()
    metrics.observe(answered("fat", 200, 3), 0.003)
    metrics.observe(answered("fat", 422), 0.0002)
    found = values(metrics.text())
    assert found['n4a_requests_total{model="fat",verb="predict",status="200"}'] == 1
    assert found['n4a_requests_total{model="fat",verb="predict",status="422"}'] == 1
    assert found['n4a_rows_total{model="fat"}'] == 3
    assert found['n4a_flags_total{model="fat",code="constant_row"}'] == 1
    assert found['n4a_predict_seconds_bucket{le="0.001"}'] == 0
    assert found['n4a_predict_seconds_bucket{le="0.0025"}'] == found['n4a_predict_seconds_bucket{le="+Inf"}'] == 1
    assert found["n4a_predict_seconds_count"] == 1 and found["n4a_predict_seconds_sum"] == 0.002
    assert found['n4a_request_seconds_count{verb="predict"}'] == 2


def test_every_line_is_of_the_text_format_and_every_series_is_described() -> None:
    metrics = Metrics()
    metrics.observe(answered('a "b"\\\n', 200, 2), 0.003)
    metrics.gauge("n4a_model_bytes", "Bytes.", ("model",), lambda: {("fat",): 8.0})
    text = metrics.text()
    line = re.compile(r'[a-z0-9_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? [0-9.e+-]+')
    assert text.endswith("\n") and 'model="a \\"b\\"\\\\\\n"' in text
    described = set(re.findall(r"# TYPE (\w+) (?:counter|gauge|histogram)$", text, re.MULTILINE))
    for found in text.splitlines():
        if not found.startswith("#"):
            assert line.fullmatch(found), found
            assert re.sub(r"_(bucket|sum|count)$", "", re.split(r"[{ ]", found)[0]) in described


def test_no_client_makes_series_of_its_own() -> None:
    metrics = Metrics(lambda name: name == "fat")
    for number in range(1000):
        metrics.observe(answered(f"made up {number}", 404), 0.001)
    text = metrics.text()
    assert "made up" not in text and values(text)['n4a_requests_total{model="",verb="predict",status="404"}'] == 1000


def test_any_process_tells_the_sums_and_what_is_shared_once() -> None:
    board = Board(2)
    one, other = Metrics(), Metrics()
    for metrics in (one, other):
        metrics.observe(answered("fat", 200, 5), 0.001)
        metrics.gauge("n4a_in_flight", "Now.", (), lambda: {(): 2.0})
        metrics.gauge("n4a_model_bytes", "Bytes.", ("model",), lambda: {("fat",): 8.0}, shared=True)
    board.page(1).write(other.snapshot())
    one.others = board.page(0).others
    found = values(one.text())
    assert found['n4a_rows_total{model="fat"}'] == 10 and found["n4a_in_flight"] == 4
    assert found["n4a_predict_seconds_count"] == 2 and found['n4a_model_bytes{model="fat"}'] == 8


def test_a_successor_goes_on_from_what_was_counted() -> None:
    first, second = Metrics(), Metrics()
    first.observe(answered("fat", 200, 5), 0.001)
    first.gauge("n4a_in_flight", "Now.", (), lambda: {(): 7.0})
    second.gauge("n4a_in_flight", "Now.", (), lambda: {(): 0.0})
    second.restore(first.snapshot())
    second.observe(answered("fat", 200, 1), 0.001)
    found = values(second.text())
    assert found['n4a_rows_total{model="fat"}'] == 6 and found["n4a_in_flight"] == 0
    assert found["n4a_predict_seconds_count"] == 2


def test_a_page_holds_what_was_written_last_and_refuses_what_it_cannot_hold() -> None:
    board = Board(2)
    assert board.page(0).read() == b"" and list(board.page(0).others()) == []
    for text in (b"first", b"second, which is longer", b"3"):
        board.page(1).write(text)
        assert board.page(1).read() == text and list(board.page(0).others()) == [text]
    with pytest.raises(ValueError, match=f"expected {HALF - 8} at most"):
        board.page(1).write(bytes(HALF))
    assert board.page(1).read() == b"3"


def test_a_forked_process_writes_where_others_read() -> None:
    board = Board(1)
    process = os.fork()
    if process == 0:
        board.page(0).write(b"from elsewhere")
        os._exit(0)
    os.waitpid(process, 0)
    assert board.page(0).read() == b"from elsewhere"
