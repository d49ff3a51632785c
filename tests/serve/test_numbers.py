"""JSON straight into an array: the bits of the strict reader, or left to it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.serve.errors import BadRequest
from n4akit.serve.protocols import numbers, plain

simdjson = pytest.importorskip("simdjson", reason="pysimdjson is not installed: the strict reader reads all")

number = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)


def outcome(body: bytes) -> Any:
    try:
        question, spectra = plain.decode(body)
    except BadRequest as error:
        return str(error)
    return question, spectra.shape, spectra.tobytes()


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.lists(number | st.lists(number, max_size=2) | st.none(), max_size=3), max_size=4),
    ids=st.none() | st.lists(st.sampled_from(["a", "[", "]", "[[1]]", 7]), max_size=4),
)
def test_both_readers_say_the_same_of_every_body(rows: Any, ids: Any) -> None:
    body = json.dumps({"ids": ids, "spectra": rows}).encode()
    found = outcome(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "simdjson", None)
        assert outcome(body) == found


def test_plain_rows_are_read_without_the_strict_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "_strictly", None)
    question, spectra = plain.decode(b'{"spectra": [[1, 2.5], [3e0, -0.0]], "ids": ["a", "b"], "axis": [850, 900.5]}')
    assert spectra.tolist() == [[1.0, 2.5], [3.0, 0.0]] and question.axis == [850.0, 900.5]
    assert np.signbit(spectra[1, 1])


@pytest.mark.parametrize(
    "body",
    [
        b'{"spectra": [[1, [2]], [3, 4]]}',
        b'{"spectra": [[1]], "spectra": [[2]]}',
        b'{"spectra": [[1]], "ids": ["["]}',
        b'{"spectra": [[123456789012345678901234567890]]}',
        b'{"spectra": [[1], [2, 3]]}',
        b'{"spectra": [[true]]}',
        b'{"spectra": {"a": [1]}}',
        b"[[1]]",
    ],
)
def test_what_may_be_something_else_is_left_to_the_strict_reader(body: bytes) -> None:
    assert numbers.members_and_rows(body, "spectra") is None


@settings(max_examples=100, deadline=None)
@given(values=st.lists(number, max_size=9))
def test_flat_numbers_have_the_bits_of_python(values: list[Any]) -> None:
    found = numbers.flat(json.dumps(values).encode())
    if found is not None:
        assert found.tobytes() == np.array([float(value) for value in values]).tobytes()
    else:
        assert any(isinstance(value, int) and abs(value) >= 2**63 for value in values)
