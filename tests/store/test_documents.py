"""JSON documents come back as they were given; what JSON cannot say is said in one way, or refused by name."""

from __future__ import annotations

import enum
import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.store import Refused, WorkspaceStore

from .study import Study

WHOLE = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**100), 2**100) | st.floats() | WHOLE,
    lambda inner: st.lists(inner) | st.dictionaries(WHOLE | st.integers(), inner),
    max_leaves=12,
)


def config(store: WorkspaceStore, value: Any) -> Any:
    """What a run says of its configuration after this one was recorded."""
    row = store.get_run(store.begin_run("r", value, []))
    assert row is not None
    return row["config"]


def said(value: Any) -> Any:
    """What JSON says of plain values: keys are text, and what is not finite has a name."""
    if isinstance(value, dict):
        return {str(key): said(item) for key, item in value.items()}
    if isinstance(value, list):
        return [said(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return value


@given(PLAIN)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_plain_values_come_back_as_they_were(unchanged: Study, value: Any) -> None:
    if _repeats(value):
        with pytest.raises(Refused, match="config"):
            config(unchanged.store, value)
    else:
        assert repr(config(unchanged.store, value)) == repr(said(value))


def _repeats(value: Any) -> bool:
    """Whether two keys of one mapping are the same text."""
    if isinstance(value, dict):
        return len({str(key) for key in value}) < len(value) or any(map(_repeats, value.values()))
    return isinstance(value, list) and any(map(_repeats, value))


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


class Word(enum.StrEnum):
    NIR = "nir"


@dataclass
class Lamp:
    hours: int


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.float16("nan"), "NaN"),
        (np.longdouble(0.25), 0.25),
        (np.int8(-1), -1),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("wheat"), "wheat"),
        (np.array([[1.5, np.inf], [-np.inf, np.nan]]), [[1.5, "Infinity"], ["-Infinity", "NaN"]]),
        (np.array([0.25, 0.5], np.longdouble), [0.25, 0.5]),
        (np.array(7), 7),
        (np.array(["a", None], object), ["a", None]),
        (np.datetime64("2026-11-23T10:00:00.000000001"), "2026-11-23T10:00:00.000000001"),
        (np.array(["2026-11-23"], "M8[D]"), ["2026-11-23"]),
        (np.datetime64("NaT"), "NaT"),
        ((1, (2,)), [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset("b"), ["b"]),
        ({1: "a", False: "b", None: "c"}, {"1": "a", "False": "b", "None": "c"}),
        ({np.int64(5): 1, 2.5: 2, (1, 2): 3}, {"5": 1, "2.5": 2, "[1, 2]": 3}),
        ({Level.HIGH: Level.HIGH}, {"3": 3}),
        (Colour.RED, "Colour.RED"),
        ({"word": Word.NIR}, {"word": "nir"}),
        ([Lamp(3)], ["Lamp(hours=3)"]),
        (Decimal("1.50"), "1.50"),
        (OrderedDict(b=1, a=(2,)), {"b": 1, "a": [2]}),
        (date(2026, 11, 23), "2026-11-23"),
        (datetime(2026, 11, 23, 10, tzinfo=UTC), "2026-11-23T10:00:00+00:00"),
        (timedelta(days=1), "1 day, 0:00:00"),
        (PurePosixPath("a/b"), "a/b"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"ab", "b'ab'"),
        (1j, "1j"),
        (dict, "builtins.dict"),
        (math.sqrt, "math.sqrt"),
        ("NUL \0 and ü and 😀", "NUL \0 and ü and 😀"),
    ],
    ids=repr,
)
def test_what_json_cannot_say_is_said_in_one_way(value: Any, expected: Any, unchanged: Study) -> None:
    assert repr(config(unchanged.store, value)) == repr(expected)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("\ud800", "half a character"),
        ({"\udfff": 1}, "half a character"),
        ({1: "a", "1": "b"}, "two keys"),
        ({2.0: "a", np.float64(2.0): "b", "2.0": "c"}, "two keys"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(value: Any, named: str, unchanged: Study) -> None:
    with pytest.raises(Refused, match=rf"config: .*{named}"):
        config(unchanged.store, value)


def test_a_value_that_contains_itself_is_refused(unchanged: Study) -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(Refused, match=r"config: .*contains itself"):
        config(unchanged.store, value)


def test_a_deep_value_comes_back(unchanged: Study) -> None:
    deep: Any = "bottom"
    for _ in range(200):
        deep = {"in": [deep]}
    assert config(unchanged.store, deep) == deep


def test_texts_are_kept_to_the_character(unchanged: Study) -> None:
    store, text = unchanged.store, "NUL \0, ü, 😀, \u2028, \x85, \ufeff, \"quotes', %, \\"
    pipeline = store.begin_pipeline(unchanged.run, text, {}, [], text, text)
    row = store.get_pipeline(pipeline)
    assert row is not None
    assert {row["name"], row["dataset_name"], row["dataset_hash"]} == {text}
    assert store.list_pipelines(dataset_name=text)["pipeline_id"].to_list() == [pipeline]
