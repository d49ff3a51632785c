"""Every body and every answer: the same bits whichever is chosen, and a clear word where none fits."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from litestar.testing import TestClient
from n4akit import load
from n4akit.serve.app import create_app
from n4akit.serve.protocols.media import preferred
from n4akit.serve.settings import Settings
from numpy.typing import NDArray

from .bodies import ARROW, BODIES, CSV, JSON, NPY, PARQUET, VALUES, frame, parquet, stream

Matrix = NDArray[np.float64]

WIDTH = 12
AXIS = np.linspace(850.0, 1050.0, WIDTH)
NAMES = [repr(value) for value in AXIS.tolist()]


@pytest.fixture(scope="module")
def client(models: Path) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(Settings((models,), max_decoded=1_000_000))) as client:
        yield client


def asked(client: TestClient[Any], body: bytes, kind: str, model: str = "fat", query: str = "", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/v1/models/{model}/predict{query}"
    return client.post(path, content=body, headers={"Content-Type": kind} | named)


def bits(values: Any) -> bytes:
    return np.asarray(values, dtype=np.float64).tobytes()


@pytest.mark.parametrize("model", ["fat", "trio", "plain"])
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("accept", VALUES)
def test_values_have_the_bits_of_the_library(
    client: TestClient[Any], models: Path, spectra: Matrix, model: str, kind: str, accept: str
) -> None:
    reply = asked(client, BODIES[kind](spectra), kind, model, Accept=accept)
    assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == (200, accept), reply.text
    assert bits(VALUES[accept](reply.content)) == load(models / f"{model}.n4a").predict(spectra).tobytes()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=arrays(np.float64, st.tuples(st.integers(1, 4), st.just(WIDTH)), elements=st.floats(-1e6, 1e6)),
    pair=st.tuples(st.sampled_from([*BODIES]), st.sampled_from([*VALUES])),
)
def test_any_spectra_give_the_same_bits_through_every_pair(
    client: TestClient[Any], rows: Matrix, pair: tuple[str, str]
) -> None:
    kind, accept = pair
    expected = asked(client, BODIES[JSON](rows), JSON, "plain")
    found = asked(client, BODIES[kind](rows), kind, "plain", Accept=accept)
    assert (expected.status_code, found.status_code) == (200, 200)
    assert bits(VALUES[accept](found.content)) == bits(expected.json()["values"])


# What a table says of itself


@pytest.mark.parametrize(("kind", "write"), [(ARROW, stream), (PARQUET, parquet)])
def test_columns_named_as_positions_are_the_axis_and_a_column_of_text_the_ids(
    client: TestClient[Any], spectra: Matrix, kind: str, write: Any
) -> None:
    turned = frame(spectra[:2, ::-1], NAMES[::-1], sack=["a", "b"])
    answer = asked(client, write(turned), kind).json()
    assert (answer["ids"], answer["axis_action"]) == (["a", "b"], "sorted")
    plain = asked(client, BODIES[JSON](spectra[:2]), JSON).json()
    assert answer["values"] == plain["values"]


@pytest.mark.parametrize(("kind", "write"), [(ARROW, stream), (PARQUET, parquet)])
def test_the_schema_may_say_how_to_predict_and_the_query_goes_before_it(
    client: TestClient[Any], spectra: Matrix, kind: str, write: Any
) -> None:
    table = frame(spectra[:1], [f"{value / 1000!r}" for value in AXIS.tolist()])
    said = table.replace_schema_metadata({"n4akit": '{"unit": "um", "full": true}'})
    answer = asked(client, write(said), kind).json()
    assert answer["axis_action"].startswith("converted from um") and len(answer["records"]) == 1
    other = asked(client, write(said), kind, query="?full=false").json()
    assert "records" not in other and other["values"] == answer["values"]
    wrong = write(table.replace_schema_metadata({"n4akit": '{"units": "um"}'}))
    assert "unknown field `units`" in asked(client, wrong, kind).json()["detail"]


def test_a_header_and_a_column_of_names_in_csv(client: TestClient[Any], spectra: Matrix) -> None:
    rows = "\n".join(f"s{i};" + ";".join(map(repr, row)) for i, row in enumerate(spectra[:3].tolist()))
    body = ("name;" + ";".join(f"{name} nm" for name in NAMES) + "\n" + rows).encode()
    answer = asked(client, body, CSV, query="?strict=true").json()
    assert (answer["ids"], answer["axis_action"]) == (["s0", "s1", "s2"], "same")


def test_members_of_the_question_are_query_parameters_of_a_body_without_them(
    client: TestClient[Any], spectra: Matrix
) -> None:
    said = {"axis": AXIS.tolist(), "unit": "nm", "full": True, "ids": ["a", "b ü"], "on_error": "row", "strict": True}
    expected = client.post("/v1/models/fat/predict", json={"spectra": spectra[:2].tolist(), **said}).json()
    query = f"?axis={','.join(NAMES)}&unit=nm&full=true&ids=a&ids=b%20%C3%BC&on_error=row&strict=true"
    assert asked(client, BODIES[NPY](spectra[:2]), NPY, query=query).json() == expected


REFUSED_QUERIES = {
    "?units=nm": "query: 'units' is not known, expected axis, unit,",
    "?strict=yes": "query: strict is 'yes', expected true or false",
    "?unit=nm&unit=um": "query: unit was given twice",
    "?axis=850,nm": "query: axis: Input data was truncated, expected numbers with commas",
    "?on_error=skip": "Invalid enum value 'skip' - at `on_error`",
    "?ids=a": "ids: 1 were given for 2 spectra, expected one each",
    "?unit=%FF": "the query string is not text",
}


@pytest.mark.parametrize("query", REFUSED_QUERIES)
def test_a_query_that_cannot_be_is_refused(client: TestClient[Any], spectra: Matrix, query: str) -> None:
    reply = asked(client, BODIES[NPY](spectra[:2]), NPY, query=query)
    assert reply.status_code == 400 and REFUSED_QUERIES[query] in reply.json()["detail"]


def test_what_is_said_twice_is_refused(client: TestClient[Any], spectra: Matrix) -> None:
    table = stream(frame(spectra[:1], NAMES, id=[7]))
    for query, said in (("?ids=a", "ids: the table has its own"), ("?axis=1,2", "axis: the table has its own")):
        assert said in asked(client, table, ARROW, query=query).json()["detail"]
    json_body = asked(client, BODIES[JSON](spectra[:1]), JSON, query="?unit=nm").json()["detail"]
    assert json_body == "query: unit in the address of a JSON body, expected as members of the body"


# Answers


def test_the_full_record_is_the_same_in_json_csv_and_arrow(client: TestClient[Any], spectra: Matrix) -> None:
    body = BODIES[NPY](spectra[:3])
    records = asked(client, body, NPY, "trio", "?full=true").json()["records"]
    table = pa.ipc.open_stream(asked(client, body, NPY, "trio", "?full=true", Accept=ARROW).content).read_all()
    rows = table.to_pylist()
    assert [{key: record[key] for key in rows[0]} for record in records] == rows and len(rows) == 9
    lines = asked(client, body, NPY, "trio", "?full=true", Accept=CSV).text.splitlines()
    assert lines[0].split(",") == table.schema.names and len(lines) == 10


def test_a_bad_row_takes_no_other_with_it_in_any_answer(client: TestClient[Any], spectra: Matrix) -> None:
    rows = spectra[:3].copy()
    rows[1, 2] = np.nan
    body = BODIES[NPY](rows)
    good = asked(client, BODIES[NPY](spectra[[0, 2]]), NPY).json()["values"]
    found = VALUES[NPY](asked(client, body, NPY, query="?on_error=row", Accept=NPY).content)
    assert found[[0, 2]].tolist() == good and np.isnan(found[1])
    table = pa.ipc.open_stream(asked(client, body, NPY, query="?on_error=row", Accept=ARROW).content).read_all()
    assert table["value"].to_pylist() == [good[0], None, good[1]] and "point 3 is nan" in table["reason"][1].as_py()
    line = asked(client, body, NPY, query="?on_error=row", Accept=CSV).text.splitlines()[2]
    assert line.startswith('2,2,target 0,,%,error,refused,"point 3 is nan')


def test_answers_without_a_place_for_it_say_in_their_head_who_answered(
    client: TestClient[Any], models: Path, spectra: Matrix
) -> None:
    head = asked(client, BODIES[NPY](spectra), NPY, Accept=NPY).headers
    assert head["n4a-digest"] == load(models / "fat.n4a").digest and head["n4a-axis-action"] == "axis_unchecked"
    assert (head["n4a-profile"], head["n4a-flagged"]) == ("exact", "0")


ACCEPTED = {
    "": JSON,
    "*/*": JSON,
    "text/csv": CSV,
    "text/*": CSV,
    "application/*": JSON,
    "application/x-npy;q=0.5, text/csv;q=0.4": NPY,
    "application/json;q=0.1, */*;q=0.2": CSV,
    "application/json;q=0, application/*": NPY,
    "TEXT/CSV; charset=utf-8; Q=0.9, application/json; q=0.8": CSV,
    "text/html, application/xml": None,
    "*/*;q=0": None,
    "text/csv;q=nonsense": None,
    "text/csv;q=nan": None,
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_answer_is_what_is_preferred(accept: str) -> None:
    assert preferred(accept, tuple(VALUES)) == ACCEPTED[accept]


def test_an_answer_that_there_is_not_is_refused(client: TestClient[Any], spectra: Matrix) -> None:
    reply = asked(client, BODIES[NPY](spectra), NPY, Accept="text/html")
    assert (reply.status_code, reply.headers["content-type"]) == (406, "application/problem+json")
    assert "an answer as 'text/html' was asked for, expected one of application/json, text/csv" in reply.text
    full = asked(client, BODIES[NPY](spectra), NPY, query="?full=true", Accept=NPY)
    assert full.status_code == 406 and "full cannot be told as application/x-npy" in full.json()["detail"]


# Compressed bodies


@pytest.mark.parametrize("kind", BODIES)
def test_bodies_may_be_compressed(client: TestClient[Any], spectra: Matrix, kind: str) -> None:
    body = BODIES[kind](spectra)
    plain = asked(client, body, kind).json()
    zipped = gzip.compress(body)
    squeezed = pa.Codec("zstd").compress(body, asbytes=True)
    assert asked(client, zipped, kind, Content_Encoding="gzip").json() == plain
    assert asked(client, squeezed, kind, Content_Encoding="zstd").json() == plain
    assert asked(client, body, kind, Content_Encoding="identity").json() == plain


BOMB = b'{"spectra": [[' + b" " * 50_000_000

ZIPPED: dict[str, tuple[bytes, str, int, str]] = {
    "a gzip bomb": (gzip.compress(BOMB), "gzip", 413, "the body is larger than 1000000 bytes when decompressed"),
    "a zstd bomb": (pa.Codec("zstd").compress(BOMB, asbytes=True), "zstd", 413, "larger than 1000000 bytes when"),
    "no gzip": (b"hello", "gzip", 400, "the body is not gzip"),
    "no zstd": (b"hello", "zstd", 400, "the body is not zstd"),
    "half a gzip": (gzip.compress(b"[" * 1000)[:-9], "gzip", 400, "its gzip stream has no end"),
    "half a zstd": (pa.Codec("zstd").compress(b"[1" * 900, asbytes=True)[:-3], "zstd", 400, "zstd"),
    "two gzips": (gzip.compress(b"{}") * 2, "gzip", 400, "bytes behind the end of its gzip stream"),
    "another": (b"hello", "br", 415, "a body of Content-Encoding 'br' was sent, expected gzip or zstd"),
    "two at once": (b"hello", "gzip, gzip", 415, "expected gzip or zstd"),
}


@pytest.mark.parametrize("what", ZIPPED)
def test_what_is_not_compressed_as_it_says_or_too_large_is_refused(client: TestClient[Any], what: str) -> None:
    body, encoding, status, said = ZIPPED[what]
    reply = asked(client, body, JSON, Content_Encoding=encoding)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json"), reply.text
    assert said in reply.json()["detail"]
