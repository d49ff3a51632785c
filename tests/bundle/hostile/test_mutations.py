"""Random changes inside the documents, all digests adjusted: refused, or harmless; never another error or number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.bundle import BundleError, load, verify

from .forge import Contents, dumps, manifest, packed, with_golden

thorough = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=250
)

Place = tuple[Any, str | int]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.sampled_from([0, 1, 2, 11, 12, 13, 2**31, 2**53]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.sampled_from(
        ["x", "x1", "x5", "k0", "k1", "0", "sqrt", "sum", "opaque", "gather", "exact", "nan", "inf", "-0x0.0p+0"]
    ),
    st.floats().map(float.hex),
)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from("xyz"), v), max_leaves=5
)


def places(value: Any) -> Iterator[Place]:
    """Each place in a document: what holds it, and its key or number there."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def mutate(data: st.DataObject, document: Any) -> None:
    """Drop, replace, repeat or swap something somewhere."""
    found = list(places(document))
    holder, key = data.draw(st.sampled_from(found))
    kind = data.draw(st.sampled_from(["drop", "replace", "near", "copy", "swap"]))
    if kind == "drop":
        del holder[key]
    elif kind == "replace":
        holder[key] = data.draw(VALUES)
    elif kind == "near" and type(holder[key]) is int:
        holder[key] += data.draw(st.sampled_from([-1, 1, 12]))
    else:
        other, place = data.draw(st.sampled_from(found))
        mine, theirs = (json.loads(json.dumps(held[at])) for held, at in ((holder, key), (other, place)))
        holder[key] = theirs
        if kind == "swap":
            other[place] = mine


def assert_refused_or_harmless(path: Path, contents: Contents, spectra: Any, expected: Any) -> None:
    path.write_bytes(packed(contents))
    report = verify(path)
    try:
        found = load(path).predict(spectra)
    except BundleError:
        assert report.problems
    else:
        assert found.tobytes() == expected.tobytes()


@given(st.data())
@thorough
def test_a_changed_manifest_is_refused_or_harmless(
    saved: Path, good: Contents, spectra: np.ndarray, data: st.DataObject
) -> None:
    document = manifest(good)
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(data, document)
    changed = good | {"manifest.json": dumps(document)}
    assert_refused_or_harmless(saved.with_name("m.n4a"), changed, spectra, load(saved).predict(spectra))


@given(st.data())
@settings(thorough, max_examples=150)
def test_a_changed_compiled_plan_is_refused_or_harmless(
    saved: Path, good: Contents, spectra: np.ndarray, data: st.DataObject
) -> None:
    document = manifest(good)
    mutate(data, document["plans"]["compiled"])
    words = (line.get("op") for plan in document["plans"].values() for line in lines(plan))
    document["features"] = sorted({word for word in words if isinstance(word, str)})
    changed = good | {"manifest.json": dumps(document)}
    assert_refused_or_harmless(saved.with_name("m.n4a"), changed, spectra, load(saved).predict(spectra))


def lines(plan: Any) -> list[dict[str, Any]]:
    body = plan.get("body")
    return [line for line in body if isinstance(line, dict)] if isinstance(body, list) else []


@given(st.data())
@settings(thorough, max_examples=80)
def test_a_changed_golden_json_is_refused(saved: Path, good: Contents, data: st.DataObject) -> None:
    document = json.loads(good["golden.json"])
    before = dumps(document)
    mutate(data, document)
    path = saved.with_name("g.n4a")
    path.write_bytes(packed(with_golden(good, dumps(document))))
    # `load` leaves the faithful plan and its answers to `verify`.
    assert dumps(document) == before or verify(path).problems


@given(st.binary(max_size=60), st.sampled_from(["manifest.json", "golden.json"]))
@settings(thorough, max_examples=80)
def test_random_bytes_for_a_document_are_refused(saved: Path, good: Contents, noise: bytes, name: str) -> None:
    changed = good | {"manifest.json": noise} if name == "manifest.json" else with_golden(good, noise)
    path = saved.with_name("n.n4a")
    path.write_bytes(packed(changed))
    with pytest.raises(BundleError):
        load(path)
