"""Bodies that nobody should send: refused by name, in little memory, and never unpickled."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient
from n4akit.serve.app import create_app
from n4akit.serve.errors import BadRequest, ServeError, TooLarge
from n4akit.serve.protocols import media
from n4akit.serve.protocols.open_inference import decode as decode_inference
from n4akit.serve.protocols.parquet_pages import inflated
from n4akit.serve.settings import Settings

from .bodies import ARROW, ARROW_FILE, BODIES, CSV, JSON, NPY, PARQUET, frame, parquet, stream

ROWS = np.random.default_rng(5).normal(size=(3, 4))
LARGEST = 1_000_000


def read(body: bytes, kind: str, *, missing: bool = False) -> Any:
    return media.decode(body, kind, b"", missing=missing, largest=LARGEST)


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def header(descr: Any, shape: Any, values: bytes = b"") -> bytes:
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + values


def columns(*arrays: Any) -> pa.Table:
    return pa.table({f"p{i}": array for i, array in enumerate(arrays)})


def batches(table: pa.Table, count: int) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        for _ in range(count):
            writer.write_table(table)
    return bytes(sink.getvalue())


def views() -> bytes:
    """A thousand names that are one long text."""
    text = pa.array(["x" * 100_000] * 1000, pa.string_view())
    return stream(pa.table({"id": text, "p0": pa.array(np.zeros(1000))}))


ZEROS = np.zeros(50_000)
MANY = pa.table({f"p{i}": ZEROS for i in range(100)})
NAMED = pa.table({"id": pa.array(["x" * 100_000] * 1000), "p0": pa.array(np.zeros(1000))})


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "npy of objects": (
        NPY,
        header("|O", (1, 1), pickle.dumps([1.0])),
        "values of type '|O' were given, expected floats or integers, as in '<f8'; objects are never unpickled",
    ),
    "npy of a record": (NPY, header([("a", "<f8")], (1, 1), bytes(8)), "npy: values of type"),
    "npy of text": (NPY, npy(np.array([["a"]])), "values of type '<U1'"),
    "npy of complex": (NPY, npy(np.array([[1j]])), "values of type '<c16'"),
    "npy of truth values": (NPY, npy(np.array([[True]])), "values of type '|b1'"),
    "npy of one axis": (NPY, npy(np.zeros(4)), "an array of shape (4,) was given, expected two axes"),
    "npy of three axes": (NPY, npy(np.zeros((1, 2, 3))), "expected two axes: (n, p)"),
    "npy without rows": (NPY, npy(np.zeros((0, 4))), "no rows were given"),
    "npy without points": (NPY, npy(np.zeros((4, 0))), "rows of no values were given"),
    "npy of a huge shape": (NPY, header("<f8", (2**40, 2**40), bytes(8)), "8 bytes of values, expected 967140655691"),
    "npy of a shape of thousands of digits": (NPY, header("<f8", (10**3000, 10**900)), "expected two axes"),
    "npy of a negative shape": (NPY, header("<f8", (-1, 4)), "expected two axes"),
    "npy with a long header": (NPY, b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b"{" * 9, "the header says"),
    "npy with a program for a header": (NPY, header("<f8", "__import__('os')"), "the header cannot be read"),
    "npy of version 9": (NPY, b"\x93NUMPY\x09\x00" + bytes(200), "npy: version 9 is not known"),
    "a pickle": (NPY, pickle.dumps([1.0]), "the body is not an npy file"),
    "an npz": (NPY, b"PK\x03\x04", "the body is not an npy file"),
    "integers too large": (NPY, npy(np.full((1, 4), 2**60)), "integers beyond 2**53 were given"),
    "a file that is cut": (NPY, npy(ROWS)[:-1], "95 bytes of values, expected 96"),
    "text in CSV": (CSV, b"1.5,2.5\n3,a\n", "line 2, column 2: 'a' is not a number"),
    "an empty CSV": (CSV, b"", "the table: it is empty"),
    "no Arrow": (ARROW, b"hello, this is no stream at all", "expected an Arrow stream or file"),
    "nothing": (ARROW, b"", "arrow: there is no schema"),
    "a null": (ARROW, stream(columns([1.0, None], [1.0, 2.0])), "row 2, column 'p0' is null, expected a number"),
    "a null integer": (ARROW, stream(columns([1, None], [1.0, 2.0])), "row 2, column 'p0' is null"),
    "nested columns": (
        ARROW,
        stream(columns([[1.0]], [[2.0]])),
        "column 'p0' holds list<item: double>, expected numbers",
    ),
    "a dictionary": (
        ARROW,
        stream(columns(pa.array(["a"]).dictionary_encode(), [1.0])),
        "column 'p0' holds dictionary<values=string",
    ),
    "truth values": (ARROW, stream(columns([True], [1.0])), "column 'p0' holds bool, expected numbers"),
    "text where a position is named": (
        ARROW,
        stream(pa.table({"850": ["a"], "900": [1.0]})),
        "column '850' holds text, expected numbers",
    ),
    "text alone": (ARROW, stream(pa.table({"a": ["b"]})), "there is no column of numbers"),
    "no rows": (ARROW, stream(frame(np.zeros((0, 4)))), "the table: no rows were given"),
    "large integers": (ARROW, stream(columns([2**60], [1])), "integers beyond 2**53"),
    "units that differ": (
        ARROW,
        stream(pa.table({"850 nm": [1.0], "900 um": [1.0]})),
        "its columns say several units, nm and um",
    ),
    "a name that is missing": (
        ARROW,
        stream(pa.table({"id": ["a", None], "p0": [1.0, 2.0]})),
        "ids: row 2 has none, expected a name in each row",
    ),
    "metadata that is no JSON": (
        ARROW,
        stream(frame(ROWS).replace_schema_metadata({"n4akit": "nm"})),
        "the table: its metadata n4akit:",
    ),
    "a list that is missing": (
        ARROW,
        stream(pa.table({"s": pa.array([[1.0, 2.0], None], pa.list_(pa.float64(), 2))})),
        "spectra: row 2 is null, expected 2 numbers",
    ),
    "a point that is missing": (
        ARROW,
        stream(pa.table({"s": pa.array([[1.0, 2.0], [1.0, None]], pa.list_(pa.float64(), 2))})),
        "spectra: row 2, point 2 is null",
    ),
    "no Parquet": (PARQUET, b"hello", "expected a Parquet file"),
    "a Parquet that is cut": (PARQUET, parquet(frame(ROWS))[:-20], "expected a Parquet file"),
    "lists in Parquet": (
        PARQUET,
        parquet(columns([[1.0]], [[2.0]])),
        "a column holds lists, expected a value in each row",
    ),
    "nulls in Parquet": (PARQUET, parquet(columns([1.0, None])), "row 2, column 'p0' is null"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_table_of_spectra_is_refused_by_its_place(what: str) -> None:
    kind, body, said = REFUSED[what]
    with pytest.raises(BadRequest) as caught:
        read(body, kind)
    assert said in str(caught.value) and len(str(caught.value)) < 300


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zstd in Arrow": (ARROW, lambda: stream(MANY, pa.ipc.IpcWriteOptions(compression="zstd"))),
    "lz4 in Arrow": (ARROW_FILE, lambda: stream(MANY, pa.ipc.IpcWriteOptions(compression="lz4"), file=True)),
    "many batches": (ARROW, lambda: batches(pa.table({"p0": np.zeros(10_000)}), 100)),
    "names that share a text": (ARROW, views),
    "Parquet": (PARQUET, lambda: parquet(MANY, compression="zstd")),
    "Parquet that repeats a value": (PARQUET, lambda: parquet(MANY, use_dictionary=True)),
    "Parquet names that share a text": (PARQUET, lambda: parquet(NAMED, compression="zstd")),
}


@pytest.mark.parametrize("what", BOMBS)
def test_what_would_grow_is_refused_before_it_does(what: str) -> None:
    kind, make = BOMBS[what]
    body = make()
    pool = pa.default_memory_pool()
    before, peak = pool.bytes_allocated(), pool.max_memory()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="the table takes more than 1000000 bytes; send fewer spectra at a time"):
            read(body, kind)
        _, own = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert own < 4 * LARGEST + 2 * len(body)
    assert pool.max_memory() <= max(peak, before + 4 * LARGEST + 2 * len(body))


def test_a_text_of_too_many_cells_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge, match="the table has about 20000 cells, which take more than 1000000 bytes"):
        read(b"1," * 20_000, CSV)


def test_the_pages_of_a_parquet_file_are_as_large_as_its_footer_says() -> None:
    body = parquet(frame(ROWS), compression="zstd")
    said = pq.ParquetFile(pa.py_buffer(body)).metadata
    chunks = [said.row_group(0).column(i) for i in range(said.num_columns)]
    # The footer counts the headers of pages too.
    rows, size = inflated(body)
    assert rows == 3 and 0 < size < sum(chunk.total_uncompressed_size for chunk in chunks)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("type", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
@pytest.mark.parametrize("columns_first", [True, False])
def test_numbers_of_every_type_and_order_are_widened_exactly(order: str, type: str, columns_first: bool) -> None:
    array = np.arange(12).reshape(3, 4).astype(order + type)
    _, found = read(npy(np.asfortranarray(array) if columns_first else array), NPY)
    assert found.dtype == np.float64 and found.tolist() == array.tolist()


def test_nulls_are_missing_values_where_the_model_handles_them() -> None:
    table = columns([1.0, None], [3.0, 4.0])
    for body, kind in ((stream(table), ARROW), (parquet(table), PARQUET), (stream(columns([1, None], [3, 4])), ARROW)):
        _, found = read(body, kind, missing=True)
        assert found.tolist()[0] == [1.0, 3.0] and np.isnan(found[1, 0]) and found[1, 1] == 4.0


def survives(ask: Callable[[], Any]) -> None:
    try:
        _, found = ask()
    except ServeError as error:
        assert str(error)
    else:
        assert found.ndim == 2 and found.dtype == np.float64


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from([*BODIES]), body=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(kind: str, body: bytes) -> None:
    survives(lambda: read(body, kind))


@settings(max_examples=400, deadline=None)
@given(
    kind=st.sampled_from([*BODIES]),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    end=st.floats(0, 1),
    whole=st.booleans(),
)
def test_a_body_with_changed_bytes_is_read_or_refused(
    kind: str, changes: list[tuple[float, int]], end: float, whole: bool
) -> None:
    body = bytearray(BODIES[kind](ROWS))
    for place, byte in changes:
        body[int(place * len(body))] = byte
    survives(lambda: read(bytes(body[: None if whole else int(end * len(body))]), kind))


@settings(max_examples=150, deadline=None)
@given(
    body=st.binary(max_size=80) | st.text(alphabet='{}[]",:inputs1.e-spectra', max_size=60).map(str.encode),
    length=st.just("") | st.integers(-3, 90).map(str) | st.text(max_size=4),
)
def test_any_bytes_are_an_inference_request_or_refused(body: bytes, length: str) -> None:
    survives(lambda: decode_inference(body, length)[1:])


# The table of bad input: every row is told what, where, what was expected


def with_cell(cell: str) -> bytes:
    return json.dumps({"spectra": [[1.25] * 11 + ["CELL"]]}).replace('"CELL"', cell).encode()


SPECTRUM = np.linspace(0.0, 1.0, 12).tolist()
BAD: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "fewer points": (json.dumps({"spectra": [SPECTRUM[:10]]}).encode(), ("10 values in each row", "expected 12")),
    "text": (with_cell('"a"'), ("row 1, point 12", "Expected `float`, got `str`")),
    "null": (with_cell("null"), ("row 1, point 12", "Expected `float`, got `null`")),
    "nothing": (b'{"spectra": []}', ("no rows were given, expected at least one",)),
    "constant": (json.dumps({"spectra": [[0.5] * 12]}).encode(), ("row 1", "the spectrum is constant")),
    "NaN": (with_cell("NaN"), ("row 1, point 12 is NaN, expected a finite number",)),
    "no JSON": (b"secret words 1.25", ("the body is not JSON", "(byte 0)")),
}


@pytest.fixture(scope="module")
def client(models: Path) -> Any:
    with TestClient(create_app(Settings((models,)))) as client:
        yield client


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_a_problem_that_names_it_and_does_not_say_it_again(client: Any, what: str) -> None:
    body, said = BAD[what]
    reply = client.post("/v1/models/fat/predict", content=body, headers={"Content-Type": JSON})
    assert reply.status_code in (400, 422) and reply.headers["content-type"] == "application/problem+json"
    assert all(part in reply.json()["detail"] for part in said), reply.text
    assert "1.25" not in reply.text and "secret" not in reply.text


def test_a_stream_that_begins_with_another_message_is_refused() -> None:
    """pyarrow would read a schema out of it, and end the process."""
    whole = stream(frame(ROWS))
    schema, batch = pa.ipc.MessageReader.open_stream(pa.py_buffer(whole))
    for messages in ((batch,), (batch, schema), (schema, schema)):
        body = b"".join(message.serialize().to_pybytes() for message in messages)
        with pytest.raises(BadRequest, match=r"arrow: .* message of type (record batch|schema)"):
            read(body, ARROW)


def test_names_may_be_text_of_every_layout() -> None:
    for type in (pa.string(), pa.large_string(), pa.string_view()):
        names = pa.array(["a", "a name that is longer than twelve bytes", ""], type)
        question, found = read(stream(frame(ROWS, id=names)), ARROW)
        assert question.ids == names.to_pylist() and found.tobytes() == ROWS.tobytes()
