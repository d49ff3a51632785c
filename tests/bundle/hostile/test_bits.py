"""Damage: whichever bit flips, wherever the file is cut, whatever is added to it, there is an error and no number."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.bundle import BundleError, load

from .forge import Contents

Refused = Callable[[bytes | Contents], str]


def assert_refused(path: Path) -> None:
    with pytest.raises(BundleError):
        load(path)


def test_every_flipped_bit_of_the_smallest_bundle_is_refused(tiny: Path) -> None:
    data = tiny.read_bytes()
    with tiny.open("r+b", buffering=0) as file:
        for place, byte in enumerate(data):
            for bit in range(8):
                file.seek(place)
                file.write(bytes([byte ^ 1 << bit]))
                assert_refused(tiny)
            file.seek(place)
            file.write(bytes([byte]))
    assert load(tiny).digest


def test_a_flipped_bit_in_every_byte_is_refused(saved: Path) -> None:
    data, rng = saved.read_bytes(), random.Random(1)
    with saved.open("r+b", buffering=0) as file:
        for place, byte in enumerate(data):
            file.seek(place)
            file.write(bytes([byte ^ 1 << rng.randrange(8)]))
            assert_refused(saved)
            file.seek(place)
            file.write(bytes([byte]))


def test_every_truncation_is_refused(saved: Path) -> None:
    with saved.open("r+b", buffering=0) as file:
        for size in range(len(saved.read_bytes()) - 1, -1, -1):
            file.truncate(size)
            assert_refused(saved)


def test_a_truncated_bundle_is_named_as_such(saved: Path, refused: Refused) -> None:
    assert "its end is missing" in refused(saved.read_bytes()[:-1])
    assert "0 bytes, expected 22 to 4294967294: this is no bundle" in refused(b"")


@pytest.mark.parametrize("added", [b"\0", b"\n", b"PK\5\6" + bytes(18), b"#!/bin/sh\n", bytes(4096)])
def test_bytes_before_or_behind_are_refused(saved: Path, refused: Refused, added: bytes) -> None:
    data = saved.read_bytes()
    assert "directory" in refused(data + added)
    assert "directory" in refused(added + data)


def test_a_bundle_behind_another_is_refused(saved: Path, tiny: Path, refused: Refused) -> None:
    refused(saved.read_bytes() + tiny.read_bytes())
    refused(saved.read_bytes() * 2)


def test_bytes_between_members_are_refused(saved: Path, refused: Refused) -> None:
    data = saved.read_bytes()
    for place in [i for i in range(len(data)) if data.startswith((b"PK\3\4", b"PK\1\2", b"PK\5\6"), i)]:
        refused(data[:place] + bytes(64) + data[place:])


def test_something_else_is_no_bundle(refused: Refused) -> None:
    assert "this is no bundle" in refused(b"wavelength,fat\n850,3.5\n" * 40)
    assert "1 to" in refused(b"PK\5\6" + bytes(18))


@st.composite
def damages(draw: st.DrawFn) -> list[tuple[str, int, int, bytes]]:
    """A few pieces cut out, written over, put in, or moved, at places given in 2**16ths of the file."""
    place = st.integers(0, 2**16)
    kinds = st.sampled_from(["cut", "write", "insert", "swap"])
    return draw(st.lists(st.tuples(kinds, place, place, st.binary(min_size=1, max_size=40)), min_size=1, max_size=4))


def damaged(data: bytes, damage: list[tuple[str, int, int, bytes]]) -> bytes:
    for kind, *places, piece in damage:
        first, last = sorted(place * len(data) // 2**16 for place in places)
        if kind == "cut":
            data = data[:first] + data[last:]
        elif kind == "write":
            data = data[:first] + piece + data[first + len(piece) :]
        elif kind == "insert":
            data = data[:first] + piece + data[first:]
        else:
            data = data[:first] + data[last:] + data[first:last]
    return data


@given(damages())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_random_damage_is_refused(saved: Path, damage: list[tuple[str, int, int, bytes]]) -> None:
    good = saved.read_bytes()
    bad = damaged(good, damage)
    if bad != good:
        path = saved.with_name("damaged.n4a")
        path.write_bytes(bad)
        assert_refused(path)
