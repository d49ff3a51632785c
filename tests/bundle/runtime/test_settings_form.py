"""Files of settings that no host may apply: each is refused, in these words, and all that is wrong is said at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from n4akit.bundle.runtime.settings import SettingsError, number_of

from .settings_made import BUNDLE, chained, entry, read, refusal

FORM: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no object": (lambda d: [d], "the file: a list, expected an object"),
    "another format": (lambda d: d | {"format": "n4a"}, "format: 'n4a' (text), expected 'n4a settings'"),
    "no format": (lambda d: d.pop("format"), "format: None (null), expected 'n4a settings'"),
    "a newer version": (
        lambda d: d | {"version": 2, "news": 1},
        "version: 2 (a number), expected 1, which is all that this n4akit reads",
    ),
    "true for a version": (
        lambda d: d | {"version": True},
        "version: True (a truth value), expected 1, which is all that this n4akit reads",
    ),
    "another bundle": (
        lambda d: d | {"bundle": "cd" * 32, "versions": []},
        f"bundle: these are settings of the bundle {'cd' * 32}, expected those of {BUNDLE}",
    ),
    "no digest of a bundle": (
        lambda d: d | {"bundle": "AB" * 32},
        f"bundle: '{'AB' * 29}A (text), expected a sha256, 64 lower-case hexadecimal digits",
    ),
    "no bundle": (lambda d: d.pop("bundle"), "the file: 'bundle' is missing"),
    "no versions": (lambda d: d | {"versions": []}, "versions: a list, expected a list of at least 1"),
    "an unknown key": (
        lambda d: d | {"b\nc": 1},
        "the file: 'b\\nc' is unknown, expected format, version, bundle, versions, digest",
    ),
}


@pytest.mark.parametrize("what", FORM)
def test_a_document_of_another_form_is_refused(what: str) -> None:
    change, said = FORM[what]
    document = chained([])
    changed = change(document)
    assert refusal(changed if isinstance(changed, dict | list) else document) == [said]


IN_ENTRIES: dict[str, tuple[Any, str]] = {
    "entries that are no list": ({}, "versions[0].entries: an object, expected a list"),
    "an entry that is no object": ([3], "versions[0].entries[0]: 3 (a number), expected an object"),
    "an unknown key": (
        [{"bias": 1}],
        "versions[0].entries[0]: 'bias' is unknown, expected instrument, product, targets, limits",
    ),
    "the same key": (
        [entry(instrument="A"), entry(product="B"), entry({"fat": {}}, instrument="A")],
        "versions[0].entries[2]: of the same instrument and product as versions[0].entries[0], "
        "expected one entry for them",
    ),
    "neither twice": (
        [{}, {}],
        "versions[0].entries[1]: of the same instrument and product as versions[0].entries[0], "
        "expected one entry for them",
    ),
    "an unknown target": (
        [entry({"protein": {"bias": 1}})],
        "versions[0].entries[0].targets: 'protein' is unknown, expected fat, water",
    ),
    "an unknown target of a range": (
        [entry(limits={"range": {"protein": [1, 2]}})],
        "versions[0].entries[0].limits.range: 'protein' is unknown, expected fat, water",
    ),
    "an unknown limit": (
        [entry(limits={"T2": {"warning": 1, "error": 2}})],
        "versions[0].entries[0].limits: 'T2' is unknown, expected t2, q, range",
    ),
    "half a limit": ([entry(limits={"q": {"error": 2}})], "versions[0].entries[0].limits.q: 'warning' is missing"),
    "a warning above the error": (
        [entry(limits={"t2": {"warning": 3, "error": 2.5}})],
        "versions[0].entries[0].limits.t2: warning 3 is above error 2.5, expected not above",
    ),
    "a range the other way": (
        [entry(limits={"range": {"fat": [2, 1.5]}})],
        "versions[0].entries[0].limits.range.fat: from 2 to 1.5, expected the lower end first, and below the other",
    ),
    "a range of nothing": (
        [entry(limits={"range": {"fat": [2, 2]}})],
        "versions[0].entries[0].limits.range.fat: from 2 to 2, expected the lower end first, and below the other",
    ),
    "a range of one real": (
        [entry(limits={"range": {"fat": [2**53, 2**53 + 1]}})],
        "versions[0].entries[0].limits.range.fat: from 9007199254740992 to 9007199254740993, expected the lower end "
        "first, and below the other",
    ),
    "a range of three": (
        [entry(limits={"range": {"fat": [1, 2, 3]}})],
        "versions[0].entries[0].limits.range.fat: a list, expected a list [low, high]",
    ),
    "a range of text": (
        [entry(limits={"range": {"fat": ["1", 2]}})],
        "versions[0].entries[0].limits.range.fat[0]: '1' (text), expected a finite number",
    ),
}


@pytest.mark.parametrize("what", IN_ENTRIES)
def test_entries_that_no_host_may_apply_are_refused(what: str) -> None:
    entries, said = IN_ENTRIES[what]
    document = chained([])
    document["versions"][0]["entries"] = entries
    assert refusal(document) == [said]


ABOVE_0 = "a finite number above 0"
VALUES = {
    "targets.fat.slope": ("0 -1.5 -0.0 -1e-400 1e400 NaN Infinity true null", ABOVE_0),
    "targets.fat.bias": ("NaN -Infinity 1e309 -1" + "0" * 400 + " false null", "a finite number"),
    "targets.fat.decimals": ("-1 13 2.0 1e0 true null NaN 10000000000000000000", "an integer from 0 to 12"),
    "limits.q.warning": ("0 -1 NaN false null", ABOVE_0),
    "limits.t2.error": ("0 -1 NaN false null", ABOVE_0),
}
SHOWN = {"true": "True (a truth value)", "false": "False (a truth value)", "null": "None (null)"}


@pytest.mark.parametrize(("where", "text"), [(where, text) for where in VALUES for text in VALUES[where][0].split()])
def test_numbers_are_numbers_that_mean_something(where: str, text: str) -> None:
    """As they are written: JSON's, and those that only Python's reader takes."""
    part, name, key = where.split(".")
    given: dict[str, Any] = {"warning": 1, "error": 2} if part == "limits" else {}
    document = json.dumps(chained([{part: {name: given | {key: "HERE"}}}])).replace('"HERE"', text)
    shown = SHOWN.get(text) or f"{json.loads(text, parse_int=number_of)!r} (a number)"
    assert refusal(document.encode()) == [f"versions[0].entries[0].{where}: {shown}, expected {VALUES[where][1]}"]


@pytest.mark.parametrize(("text", "shown"), [('"1"', "'1' (text)"), ("[1]", "a list"), ("{}", "an object")])
def test_nothing_else_is_a_number(text: str, shown: str) -> None:
    document = json.dumps(chained([entry({"fat": {"bias": "HERE"}})])).replace('"HERE"', text)
    expected = f"versions[0].entries[0].targets.fat.bias: {shown}, expected a finite number"
    assert refusal(document.encode()) == [expected]


LINE = "expected one line of 1 to 1000 characters without a space at its ends"


@pytest.mark.parametrize(
    "text", ["", " ", "a ", " a", "a\nb", "\x1b[2J", "\x7f", "\x85", "\ud800", "x" * 1001, 7, None]
)
@pytest.mark.parametrize("where", ["author", "reason", "entries[0].instrument", "entries[0].product"])
def test_texts_are_a_line(text: Any, where: str) -> None:
    document = chained([{}])
    (version,) = document["versions"]
    if where.startswith("entries"):
        version["entries"][0][where.split(".")[1]] = text
    else:
        version[where] = text
    (said,) = refusal(document)
    assert said.startswith(f"versions[0].{where}: ") and said.endswith(LINE)


@pytest.mark.parametrize("text", ["ü", "NIR 7", "小麦", "a\u2028b", "x" * 1000, "\U0001f33e"])
def test_texts_are_of_any_language(text: str) -> None:
    assert read(chained([entry({"fat": {"bias": 1}}, instrument=text)])).for_sample(text, None).adjusted([1, 2]) == [
        2,
        2,
    ]


@pytest.mark.parametrize(
    "time",
    [
        *(
            "",
            "2026-03-31",
            "2026-03-31T09:30:00",
            "2026-02-30T09:30:00Z",
            "2026-03-31T24:00:00Z",
            "2026-3-31T09:30:00Z",
        ),
        *(
            "2026-03-31T09:30:00+00:00",
            "2026-03-31T09:30:60Z",
            "２026-03-31T09:30:00Z",
            " 2026-03-31T09:30:00Z",
            7,
            None,
        ),
        *("1926-03-31T09:30:00Z", ["2026"], "2026-03-31T09:30:00.5Z"),
    ],
)
def test_times_are_in_utc(time: Any) -> None:
    document = chained([])
    document["versions"][0]["time"] = time
    (said,) = refusal(document)
    assert said.startswith("versions[0].time: ") and said.endswith(
        "expected a time in UTC such as 2026-03-31T09:30:00Z"
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    bad = entry({"fat": {"slope": 0, "bias": "x"}}, {"q": {"warning": 2, "error": 1}}, instrument="")
    document = chained([bad], [{}]) | {"digest": 3}
    document["versions"][1]["time"] = 0
    problems = refusal(document)
    assert [problem.split(": ")[0] for problem in problems] == [
        *("versions[0].entries[0].instrument", "versions[0].entries[0].targets.fat.slope"),
        *("versions[0].entries[0].targets.fat.bias", "versions[0].entries[0].limits.q", "versions[1].time", "digest"),
    ]


def test_what_is_no_text_names_no_instrument_twice() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    document = chained([]) | {"digest": 0}
    document["versions"][0]["entries"] = [{"instrument": deep}, {"instrument": deep}]
    problems = refusal(document)
    assert problems == [
        *(f"versions[0].entries[{number}].instrument: a list, {LINE}" for number in (0, 1)),
        "digest: 0 (a number), expected a sha256, 64 lower-case hexadecimal digits",
    ]


def test_what_is_wrong_in_many_places_is_said_of_twenty() -> None:
    document = chained([])
    document["versions"][0]["entries"] = list(range(30))
    with pytest.raises(SettingsError) as caught:
        read(document)
    assert str(caught.value).endswith("; and 10 more") and len(caught.value.problems) == 30


NOT_JSON = {
    b"": "the file is not JSON: Expecting value",
    b"{": "the file is not JSON: Expecting property name",
    b"\xff": "the file is not UTF-8 text",
    b"\xef\xbb\xbf{}": "the file is not JSON: Unexpected UTF-8 BOM",
    b"[" * 200_000: "too deep in each other",
    b'{"a":' * 200_000: "too deep in each other",
    b" " * (2**24 + 1): "the file is larger than 16777216 bytes",
}


@pytest.mark.parametrize("data", NOT_JSON, ids=lambda data: repr(data[:8]))
def test_what_is_no_json_is_refused(data: bytes) -> None:
    (said,) = refusal(data)
    assert NOT_JSON[data] in said


def test_a_key_that_is_given_twice_is_named_where_it_is() -> None:
    text = json.dumps(chained([entry({"fat": {"bias": 1.5}})]))
    assert refusal(text.replace('"bias": 1.5', '"bias": 1.5, "slope": 1, "bias": 1.5').encode()) == [
        "versions[0].entries[0].targets.fat: 'bias' is given twice"
    ]
    assert refusal(text.replace('"reason"', '"format": 1, "format": 1, "reason"').encode()) == [
        "versions[0]: 'format' is given twice",
        "versions[0]: 'format' is unknown, expected number, time, author, reason, previous, entries",
    ]


def test_a_number_of_a_million_digits_takes_no_time() -> None:
    text = json.dumps(chained([entry({"fat": {"bias": 7}})])).replace('"bias": 7', '"bias": 1' + "0" * 1_000_000)
    assert refusal(text.encode()) == [
        "versions[0].entries[0].targets.fat.bias: inf (a number), expected a finite number"
    ]


def test_a_name_that_two_targets_have_names_none() -> None:
    assert refusal(chained([entry({"fat": {}})]), ["fat", "water", "fat"]) == [
        "versions[0].entries[0].targets: 'fat' is unknown, expected water"
    ]


def test_the_answers_of_a_classifier_are_not_adjusted() -> None:
    assert refusal(chained([entry({"fat": {}})]), []) == [
        "versions[0].entries[0].targets: 'fat' is unknown, expected none"
    ]
    limits = {"q": {"warning": 1.0, "error": 2.0}}
    assert read(chained([entry(limits=limits)]), []).for_sample().limits == limits
