"""Entries of settings changed one by one: what is set is set, what is not stays, and nothing given is touched."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from n4akit.bundle.settings_entries import changed, described, key_of, without

from .runtime.settings_made import chained, read

GENERAL: dict[str, Any] = {
    "targets": {"fat": {"bias": 1.0}},
    "limits": {"q": {"warning": 1, "error": 2}, "range": {"fat": [0, 9]}},
}
A = {"instrument": "A", "targets": {"fat": {"slope": 2.0, "decimals": 1}, "water": {"bias": 3.0}}}
BREAD = {"product": "bread", "limits": {"range": {"fat": [0, 5], "water": [1, 2]}}}
ALL: list[Any] = [GENERAL, A, BREAD]


def test_an_entry_starts_as_a_copy_of_the_one_that_applied() -> None:
    before = read(chained(ALL))
    found = changed(before, ("A", "bread"), {"fat": {"bias": 0.5}}, {})
    assert found[:3] == ALL and before.history[0]["entries"] == ALL
    targets = {"fat": {"slope": 2.0, "decimals": 1, "bias": 0.5}, "water": {"bias": 3.0}}
    assert found[3:] == [{"instrument": "A", "product": "bread", "targets": targets}]
    found = changed(before, ("B", None), {}, {"range": {"water": [4, 6]}, "t2": {"warning": 1, "error": 2}})
    limits = GENERAL["limits"] | {"range": {"fat": [0, 9], "water": [4, 6]}, "t2": {"warning": 1, "error": 2}}
    assert found[3:] == [{"instrument": "B", "targets": GENERAL["targets"], "limits": limits}]
    assert changed(None, (None, "x"), {}, {}) == [{"product": "x"}]


def test_an_entry_that_is_there_is_changed_in_place() -> None:
    found = changed(read(chained(ALL)), (None, "bread"), {}, {"range": {"fat": [0, 6]}})
    assert found == [GENERAL, A, {"product": "bread", "limits": {"range": {"fat": [0, 6], "water": [1, 2]}}}]


keys = st.tuples(st.sampled_from([None, "A", "B"]), st.sampled_from([None, "bread", "milk"]))


@given(keys, st.sampled_from(["slope", "bias"]), st.floats(0.5, 2.0))
def test_setting_one_thing_changes_one_thing_for_its_samples(key: Any, name: str, value: float) -> None:
    before = read(chained(ALL))
    after = read(chained(ALL, changed(before, key, {"fat": {name: value}}, {})))
    (old, new) = (found.for_sample(*key) for found in (before, after))
    given = dict((old.entry or {}).get("targets", {}).get("fat", {}))
    assert new.entry["targets"]["fat"] == given | {name: value}
    assert new.limits == old.limits and new.adjusted([1.0, 1.0])[1] == old.adjusted([1.0, 1.0])[1]


def test_an_entry_is_removed_or_a_part_of_it() -> None:
    whole = deepcopy(ALL)
    assert without(ALL, ("A", None)) == [GENERAL, BREAD]
    assert without(ALL, ("A", None), "fat") == [
        GENERAL,
        {"instrument": "A", "targets": {"water": {"bias": 3.0}}},
        BREAD,
    ]
    assert without(ALL, (None, None), "fat") == [{"limits": {"q": {"warning": 1, "error": 2}}}, A, BREAD]
    assert without(ALL, (None, None), "fat", ["q"]) == [{}, A, BREAD]
    rest = {"product": "bread", "limits": {"range": {"fat": [0, 5]}}}
    assert without(ALL, (None, "bread"), "water") == [GENERAL, A, rest]
    assert whole == ALL


def test_a_target_may_be_called_as_a_limit() -> None:
    entry: Any = {"targets": {"t2": {"bias": 1}}, "limits": {"t2": {"warning": 1, "error": 2}}}
    assert without([entry], (None, None), limits=["t2"]) == [{"targets": {"t2": {"bias": 1}}}]
    assert without([entry], (None, None), "t2") == [{"limits": {"t2": {"warning": 1, "error": 2}}}]
    assert without([entry], (None, None), "t2", ["t2"]) == [{}]


def test_what_is_not_there_is_not_removed() -> None:
    for key, target, limits, said in (
        (("B", None), None, [], "no entry for instrument B, there is all other samples; instrument A; product bread"),
        (("A", None), "protein", [], "the entry for instrument A says nothing of protein"),
        (("A", None), "fat", ["q"], "the entry for instrument A says nothing of q"),
    ):
        with pytest.raises(KeyError) as caught:
            without(ALL, key, target, limits)
        assert caught.value.args == (said,)
    with pytest.raises(KeyError, match="no entry for all other samples, there is none"):
        without([], (None, None))


def test_entries_have_names() -> None:
    assert [described(key_of(entry)) for entry in ALL] == ["all other samples", "instrument A", "product bread"]
    assert described(("A", "bread")) == "instrument A, product bread"
