"""Canonical JSON: one way to write a value, and no other way is read."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle import canonical

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))
PARAMS = st.recursive(
    SCALARS | st.floats() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.just("$real"), inner, max_size=4),
)


def same(a: object, b: object) -> bool:
    """Equal in type and value, floats to the last bit but for what distinguishes one NaN from another."""
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@given(VALUES)
@settings(max_examples=150)
def test_what_is_written_is_read_back_and_is_ordinary_json(value: object) -> None:
    data = canonical.encode(value)
    assert canonical.decode(data) == value == json.loads(data)


@given(PARAMS)
@settings(max_examples=150)
def test_tagged_values_come_back_to_the_last_bit(value: object) -> None:
    assert same(canonical.untagged(canonical.decode(canonical.encode(canonical.tagged(value)))), value)


@given(st.floats())
@settings(max_examples=100)
def test_reals_come_back_to_the_last_bit(value: float) -> None:
    assert same(canonical.real(value.hex()), value)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b'{"a":1,"a":1}', "key 'a' comes twice"),
        (b'{"b":1,"a":1}', "not canonical"),
        (b'{"a": 1}', "not canonical"),
        (b'{"a":1}\n', "not canonical"),
        (b'"\\u0041"', "not canonical"),
        (b"-0", "not canonical"),
        (b"1.0", "decimal fraction"),
        (b"1e999", "decimal fraction"),
        (b"1E2", "decimal fraction"),
        (b"NaN", "no number"),
        (b"-Infinity", "no number"),
        (b"9007199254740993", r"beyond 2\*\*53"),
        (b"1" * 5000, "."),
        (b"[" * 33 + b"]" * 33, "deeper than 32"),
        (b"[" * 200_000, "deeper than 32"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b'"\\ud800"', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not"),
    ],
)
def test_every_other_way_to_write_json_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        canonical.decode(data)


def test_brackets_in_text_are_not_deep() -> None:
    value = ["[" * 100, '\\"' + "{" * 100, "\\", ["]"], "ü[" * 100]
    assert canonical.decode(canonical.encode(value)) == value
    for quotes in (b'"\\\\"', b'"\\""', b'"\\\\\\""'):
        with pytest.raises(ValueError, match="deeper than 32"):
            canonical.decode(b"[" + quotes + b"," + b"[" * 40 + b"]" * 41)


@pytest.mark.parametrize("value", [1.5, {1: 2}, b"x", {"a": {"b": [object()]}}, 2**53 + 1, {"a": {1}}])
def test_values_without_canonical_form_are_not_written(value: object) -> None:
    with pytest.raises(ValueError):
        canonical.encode(value)


def test_the_place_of_an_unwritable_value_is_named() -> None:
    with pytest.raises(ValueError, match=r"\.chain\.steps\[1\]: b'x' of type bytes"):
        canonical.encode({"chain": {"steps": [1, b"x"]}})


@pytest.mark.parametrize(
    "text", ["0x1p3", "1.5", "", "0x1.8p+1 ", "Infinity", "NAN", "-nan", "0x1.0000000000000p+9999", 3, None]
)
def test_reals_are_written_in_one_way(text: object) -> None:
    with pytest.raises(ValueError):
        canonical.real(text)


@pytest.mark.parametrize(
    "value",
    [{"$real": "1.5"}, {"$integer": "12"}, {"$other": 1}, {"$real": "nan", "a": 1}, [{"$integer": 5}], {"$": 1}],
)
def test_unknown_tags_are_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical.untagged(value)


def test_plain_values_are_json_for_people() -> None:
    value = canonical.plain(canonical.tagged({"a": math.inf, "b": [0.5, math.nan], "c": 2**70}))
    assert value == {"a": "inf", "b": [0.5, "nan"], "c": 2**70}
