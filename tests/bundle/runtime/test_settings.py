"""Settings as every host applies them: their chain of versions, what is selected for a sample, and what comes out."""

from __future__ import annotations

import json
import math
import re
import subprocess
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from n4akit.bundle.runtime import alignment, places, settings, settings_form, spectra_csv, stdlib
from n4akit.bundle.runtime.settings import Adjustment, settings_path
from n4akit.bundle.script import _code_of

from ..test_script import pythons
from .settings_made import BUNDLE, chained, digest, entry, read, refusal

# The chain of versions


entries_drawn = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "instrument": st.sampled_from("AB"),
            "product": st.sampled_from("xy"),
            "targets": st.fixed_dictionaries(
                {},
                optional={
                    "fat": st.fixed_dictionaries(
                        {},
                        optional={
                            "slope": st.floats(0, exclude_min=True, allow_infinity=False) | st.integers(1, 10**30),
                            "bias": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70),
                            "decimals": st.integers(0, 12),
                        },
                    )
                },
            ),
        },
    ),
    unique_by=lambda one: (one.get("instrument"), one.get("product")),
    max_size=4,
)


@given(st.lists(entries_drawn, min_size=1, max_size=4))
def test_what_was_chained_is_read(all_entries: Any) -> None:
    document = chained(*all_entries)
    found = read(document)
    assert (found.version, found.digest) == (len(all_entries), document["digest"])
    assert found.digests == [digest(version) for version in document["versions"]]
    assert found.history == json.loads(json.dumps(document["versions"]), parse_int=settings.number_of)


@given(st.lists(entries_drawn, min_size=2, max_size=5), st.data())
def test_versions_that_were_altered_left_out_or_moved_are_refused(all_entries: Any, data: st.DataObject) -> None:
    document = chained(*all_entries)
    versions = document["versions"]
    number = data.draw(st.integers(0, len(versions) - 1))
    harm = data.draw(st.sampled_from(["author", "time", "entries", "left out", "moved", "twice", "cut"]))
    if harm == "author":
        versions[number]["author"] = "Eve"
    elif harm == "time":
        versions[number]["time"] = "2027-01-01T00:00:00Z"
    elif harm == "entries":
        added = entry({"fat": {"bias": 0.125}}, instrument="C")
        versions[number]["entries"] = [*versions[number]["entries"], added]
    elif harm == "left out":
        del versions[number]
    elif harm == "moved":
        versions.insert(number - 1 if number else 1, versions.pop(number))
    elif harm == "twice":
        versions.insert(number, versions[number])
    else:
        del versions[-1]
    assert all(": expected" not in said and "expected" in said for said in refusal(document))


def test_a_broken_chain_is_told_by_both_digests() -> None:
    document = chained([], [entry(product="x")])
    whole = document["versions"][0]
    document["versions"][0] = whole | {"author": "Eve"}
    assert refusal(document) == [
        f"versions[1].previous: {digest(whole)}, expected {digest(whole | {'author': 'Eve'})}, the digest of version 1 "
        "as it stands; a version was altered"
    ]
    document = chained([], [entry(product="x")])
    document["versions"].reverse()
    assert len(refusal(document)) == 5


def test_the_first_version_names_the_bundle() -> None:
    document = chained([])
    document["versions"][0]["previous"] = "cd" * 32
    document["digest"] = digest(document["versions"][0])
    assert refusal(document) == [
        f"versions[0].previous: {'cd' * 32}, expected {BUNDLE}, the digest of the bundle; a version was altered"
    ]


def test_a_last_version_that_was_changed_by_hand_is_refused() -> None:
    document = chained([entry({"fat": {"bias": 1.5}})])
    document["versions"][0]["entries"][0]["targets"]["fat"]["bias"] = 2.5
    (said,) = refusal(document)
    assert said.startswith("digest: ") and said.endswith("that of the last version as it stands; it was altered")


def test_the_same_number_written_otherwise_is_the_same() -> None:
    text = json.dumps(chained([entry({"fat": {"bias": 150, "slope": 0.1}})]))
    other = text.replace("150", "1.5e2").replace("0.1", "0.1000000000000000055511151231257827").encode()
    assert read(other).digest == read(text.encode()).digest
    zeros = [
        json.dumps(chained([entry({"fat": {"bias": 0}})])).replace('"bias": 0', f'"bias": {z}') for z in ("-0", "-0.0")
    ]
    assert {read(zero.encode()).digest for zero in zeros} == {read(chained([entry({"fat": {"bias": 0}})])).digest}


# What applies


names = st.sampled_from([None, "A", "B", "C"])


@given(st.sets(st.tuples(names, names)), names, names)
def test_the_most_specific_entry_applies_whole(keys: Any, instrument: str | None, product: str | None) -> None:
    keyed = {
        key: entry(
            {"fat": {"bias": 1.0 + number}},
            **{what: name for what, name in zip(("instrument", "product"), key, strict=True) if name},
        )
        for number, key in enumerate(sorted(keys, key=str))
    }
    found = read(chained(list(keyed.values()))).for_sample(instrument, product)

    def fits(key: Any) -> bool:
        return key[0] in (None, instrument) and key[1] in (None, product)

    # Specific first by instrument, then by product.
    fitting = sorted(filter(fits, keyed), key=lambda key: (key[0] is not None, key[1] is not None))
    expected = keyed[fitting[-1]] if fitting else None
    assert found.entry == expected and found.plain == (expected is None)
    bias = expected["targets"]["fat"]["bias"] if expected else 0.0
    assert found.adjusted([0.5, 0.25]) == [0.5 + bias, 0.25]


def test_an_entry_takes_nothing_from_others() -> None:
    found = read(
        chained(
            [
                entry({"fat": {"bias": 1, "decimals": 1}}, {"q": {"warning": 1, "error": 2}}),
                entry({"water": {"bias": 2}}, instrument="A"),
            ]
        )
    )
    assert found.for_sample("A", "x").adjusted([0.55, 0.55]) == [0.55, 2.55] and found.for_sample("A").limits == {}
    assert found.for_sample("B").adjusted([0.5, 0.5]) == [1.5, 0.5]
    assert found.for_sample(None, "A").limits == {"q": {"warning": 1.0, "error": 2.0}}


def test_the_last_version_is_in_force() -> None:
    found = read(chained([entry({"fat": {"bias": 1}})], [entry({"fat": {"bias": 2}})]))
    assert found.for_sample().adjusted([0.0, 0.0]) == [2.0, 0.0]


@pytest.mark.parametrize(
    "nothing",
    [{}, entry({"fat": {}}), entry({"fat": {"slope": 1, "bias": -0.0}}), entry({}, {}), entry(limits={"range": {}})],
)
def test_what_changes_nothing_is_plain_and_keeps_the_bits(nothing: Any) -> None:
    found = read(chained([nothing])).for_sample("A", "x")
    values = [-0.0, 5e-324]
    assert found.plain and found.limits == {}
    assert np.array(found.adjusted(values)).tobytes() == np.array(values).tobytes()


@pytest.mark.parametrize(
    "something",
    [
        *(
            entry({"fat": {"slope": 1.0000000000000002}}),
            entry({"fat": {"bias": 5e-324}}),
            entry({"fat": {"decimals": 12}}),
        ),
        *(entry(limits={"range": {"fat": [0, 1]}}), entry(limits={"t2": {"warning": 1, "error": 1}})),
    ],
)
def test_what_changes_anything_is_not_plain(something: Any) -> None:
    assert not read(chained([something])).for_sample().plain


def test_limits_are_told_in_reals() -> None:
    limits = {"t2": {"warning": 1, "error": 2}, "range": {"fat": [0, 10]}}
    found = read(chained([entry(limits=limits)])).for_sample().limits
    assert found == limits and type(found["t2"]["error"]) is type(found["range"]["fat"][0]) is float


# What comes out


reals = st.floats(allow_nan=False, allow_infinity=False)


def one(slope: float, bias: float, decimals: int | None) -> Adjustment:
    given = {"slope": slope, "bias": bias} | ({} if decimals is None else {"decimals": decimals})
    found: Adjustment = read(chained([entry({"fat": given})]), ["fat"]).for_sample()
    return found


@given(reals, st.floats(1e-6, 1e6), st.floats(-1e6, 1e6), st.none() | st.integers(0, 12))
def test_values_are_adjusted_as_the_document_says(
    value: float, slope: float, bias: float, decimals: int | None
) -> None:
    """Rounded by decimal arithmetic of our own; the two others are one operation each, of numpy's."""
    adjusted = one(slope, bias, decimals)
    with np.errstate(over="ignore"):
        expected = float(np.add(np.multiply(slope, value), bias))
    if adjusted.plain:
        expected = value
    elif decimals is not None and abs(expected) < math.inf:
        exact = Decimal(expected).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN, Context(prec=400))
        expected = float(exact)
    (found,) = adjusted.adjusted([value])
    assert type(found) is float and found.hex() == expected.hex()
    assert [float(x).hex() for x in adjusted.adjusted([np.float64(value)])] == [found.hex()]
    assert adjusted.scaled([2.0]) == ([2.0] if adjusted.plain else [slope * 2.0])


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(2.675, 2, 2.67), (0.5, 0, 0.0), (1.5, 0, 2.0), (-0.0001, 2, -0.0), (0.125, 2, 0.12), (1e300, 12, 1e300)],
)
def test_halves_go_to_the_even_digit_and_what_only_looks_like_one_does_not(
    value: float, decimals: int, expected: float
) -> None:
    (found,) = one(1.0, 0.0, decimals).adjusted([value])
    assert found.hex() == expected.hex()


def test_a_value_that_is_no_number_stays_none() -> None:
    assert math.isnan(one(2.0, 1.0, 2).adjusted([math.nan])[0]) and one(2.0, 1.0, 2).adjusted([1e308]) == [math.inf]


def test_as_many_values_as_targets_are_adjusted() -> None:
    for values in ([], [1.0, 2.0]):
        with pytest.raises(ValueError, match=f"{len(values)} values, expected one for each of 1 targets"):
            one(2.0, 0.0, None).adjusted(values)


# As part of hosts


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        *(
            ("fat.n4a", "fat.settings.json"),
            ("a/fat.n4a.py", "a/fat.settings.json"),
            ("a.n4a/fat", "a.n4a/fat.settings.json"),
        ),
        *(("fat.py", "fat.settings.json"), ("fat.v2.n4a", "fat.v2.settings.json")),
    ],
)
def test_the_settings_lie_beside_the_model(model: str, expected: str) -> None:
    assert settings_path(model) == expected


PARTS = (settings_form, settings)
NAME = re.compile(r"^(?:def |class )?(\w+)(?:\(|:| = )", re.MULTILINE)


def text_of(module: Any) -> str:
    return Path(str(module.__file__)).read_text("utf-8")


def test_no_other_part_of_a_script_has_a_name_of_these() -> None:
    names = [name for part in PARTS for name in NAME.findall(_code_of(part))]
    assert len(names) == len({*names}) and {"Settings", "LARGEST_SETTINGS"} <= {*names}
    frame = Path(__file__).parents[3] / "templates" / "script.py.txt"
    others = {*NAME.findall(frame.read_text("utf-8"))}
    others |= {name for module in (alignment, places, spectra_csv, stdlib) for name in NAME.findall(text_of(module))}
    assert {"AXIS", "checked", "COARSE_AXIS", "matmul"} <= others and not {*names} & others


DRIVER = """
import json, sys
given = json.load(sys.stdin)
exec(given["code"])
for document in given["documents"]:
    try:
        found = read_settings(document, given["bundle"], ["fat", "water"])
    except SettingsError as error:
        print(json.dumps(str(error)))
        continue
    told = [found.version, found.digest]
    for instrument in (None, "A"):
        for product in (None, "x"):
            adjustment = found.for_sample(instrument, product)
            values = [value.hex() for raw in given["raw"] for value in adjustment.adjusted([raw, 2.675])]
            told.append([values, adjustment.limits, adjustment.plain])
    print(json.dumps(told))
assert "numpy" not in sys.modules
"""


def test_every_python_reads_refuses_and_answers_alike() -> None:
    """The text as a script carries it, without any package."""
    first = [entry({"fat": {"slope": 1.1, "bias": 0.1, "decimals": 2}, "water": {"decimals": 2}})]
    limits = {"t2": {"warning": 1, "error": 2}, "range": {"fat": [0, 1e300]}}
    second = [
        *first,
        entry({"fat": {"bias": 10**25}}, instrument="A"),
        entry(limits=limits, product="x", instrument="A"),
    ]
    bad = [entry({"fat": {"slope": 0, "bias": 10**400, "decimals": True}}, instrument="\ud800"), {"\u2028": 1}, 3]
    altered = chained(first, second)
    altered["versions"][0]["author"] = "Eve"
    documents = [chained(first), chained(first, second), altered, chained([]) | {"bundle": "cd" * 32}, {"format": 1}]
    documents += [chained([]) | {"versions": [chained([])["versions"][0] | {"entries": bad, "time": "now"}]}]
    given = {
        "code": "\n".join(_code_of(part) for part in PARTS),
        "bundle": BUNDLE,
        "documents": [*map(json.dumps, documents), "[" * 100_000],
        "raw": [0.5, -1.25, 1 / 3, 1e308, 5e-324, 2.675],
    }
    found = {}
    for version, python in pythons():
        command = [python, "-I", "-S", "-c", DRIVER]
        done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=60)
        assert (version, done.stderr) == (version, "")
        found[version] = done.stdout
    (said,) = {*found.values()}
    told = [json.loads(line) for line in said.splitlines()]
    assert [type(one) for one in told] == [list, list, str, str, str, str, str]
    assert told[1][:2] == [2, chained(first, second)["digest"]]
    assert told[0][2][0][:2] == [(0.65).hex(), (2.67).hex()]
