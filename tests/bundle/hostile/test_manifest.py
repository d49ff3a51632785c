"""Manifests that are not canonical JSON, not of the form, from another format, or do not fit the rest of the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .forge import Change, Contents, dumps, manifest, role, with_manifest

Refused = Callable[[bytes | Contents], str]
NAME = "manifest.json"
A = "a" * 64
SOURCES = [{"name": "visible", "width": 5}, {"name": "near", "width": 8}]
STD = {"from": "x"}
CLASSES = {"labels": ["lean", "rich"], "type": "str"}


def allow_nan(document: Any, *kinds: str) -> None:
    for kind in kinds:
        document["plans"][kind]["inputs"][0]["nan"] = "allow"


def outputs(document: Any) -> Any:
    return document["plans"]["compiled"]["outputs"]


def with_text(contents: Contents, change: Callable[[bytes], bytes]) -> Contents:
    """The same members, the manifest changed as text."""
    changed = change(contents[NAME])
    assert changed != contents[NAME]
    return contents | {NAME: changed}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace(b'"version":1', b'"version":1,"version":1'), "key 'version' comes twice"),
        (lambda t: t.replace(b'"version":1', b'"version":1.0'), "1.0 is a decimal fraction or no number"),
        (lambda t: t.replace(b'"width":12', b'"width":1.2e1'), "1.2e1 is a decimal fraction"),
        (lambda t: t.replace(b'"width":12', b'"width":NaN'), "NaN is a decimal fraction or no number"),
        (lambda t: t.replace(b'"width":12', b'"width":9007199254740993'), "9007199254740993 is beyond 2**53"),
        (lambda t: t.replace(b'"width":12', b'"width":' + b"9" * 5000), "manifest.json: "),
        (lambda t: t.replace(b'"width":12', b'"width":012'), "not JSON"),
        (lambda t: t.replace(b'"width":12', b'"width":-0'), "not canonical JSON"),
        (lambda t: t.replace(b'"nm"', b'"\\u006em"'), "not canonical JSON"),
        (lambda t: t.replace(b'"nm"', b'"\xed\xa0\x80"'), "not UTF-8 text"),
        (lambda t: t.replace(b'"nm"', b'"\\ud800"'), "not UTF-8 text"),
        (lambda t: t.replace(b'"nm"', b'"n\0m"'), "not JSON"),
        (lambda t: t.replace(b'"r1"', b"[" * 100 + b"]" * 100), "lists and objects deeper than 32"),
        (lambda t: b"[" * 1_000_000, "lists and objects deeper than 32"),
        (lambda t: b'"' + b'\\"' * 500_000, "not JSON"),
        (lambda t: t + b"\n", "not canonical JSON"),
        (lambda t: json.dumps(json.loads(t), sort_keys=True).encode(), "keys out of order, spaces, or another way"),
        (lambda t: b"\xef\xbb\xbf" + t, "not JSON"),
        (lambda t: b"", "not JSON"),
        (lambda t: b"null", "this is no bundle: it does not say format 'n4a'"),
        (lambda t: b"[]", "this is no bundle: it does not say format 'n4a'"),
        (lambda t: t.replace(b'"format":"n4a"', b'"format":"zip"'), "this is no bundle: it does not say format 'n4a'"),
        (lambda t: t.replace(b'"version":1', b'"version":true'), "it does not say format 'n4a' and a version"),
    ],
)
def test_a_manifest_that_is_no_canonical_json_is_refused(
    good: Contents, refused: Refused, change: Callable[[bytes], bytes], words: str
) -> None:
    said = refused(with_text(good, change))
    assert said.startswith("manifest.json: ") and words in said


def test_a_hundred_thousand_keys_are_refused_in_no_time(good: Contents, refused: Refused) -> None:
    # Looking for the key that comes twice once took minutes here.
    keys = b",".join(b'"%d":1' % number for number in range(100_000))
    assert "key '99999' comes twice" in refused(good | {NAME: b"{" + keys + b',"99999":1}'})


def test_a_manifest_larger_than_any_reader_takes_is_refused_unread(good: Contents, refused: Refused) -> None:
    said = refused(good | {NAME: b" " * (2**24 + 1)})
    assert said == "member manifest.json: 16777217 bytes, expected at most 16777216"


def test_a_newer_format_is_refused_politely_and_alone(good: Contents, refused: Refused) -> None:
    said = refused(with_manifest(good, lambda m: m.update(version=2, plans="something new")))
    assert said == (
        "manifest.json: written in format 2, this n4akit reads format 1; "
        "upgrade n4akit, or ask for a bundle in an older format"
    )


def test_an_unknown_feature_is_refused_politely_and_alone(good: Contents, refused: Refused) -> None:
    said = refused(with_manifest(good, lambda m: m.update(features=["fourier", "matmul", "wavelet"], plans="new")))
    assert said == "manifest.json: needs the instructions 'fourier', 'wavelet', unknown here; upgrade n4akit"


# One change for each kind of check of the schema.
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.update(hook="os.system"), "manifest.json: 'hook' is unknown, expected artifacts, axis, chain"),
        (lambda m: m.pop("task"), "manifest.json: 'task' is missing"),
        (lambda m: m.update(task="sabotage"), "manifest.json.task: 'sabotage' (text), expected 'regression'"),
        (lambda m: m.update(profile="fast"), "manifest.json.profile: 'fast' (text), expected 'exact' or 'opaque'"),
        (lambda m: m.update(features="matmul"), "manifest.json.features: 'matmul' (text), expected a list"),
        (lambda m: m.update(n_features=0), "manifest.json.n_features: 0 (an integer), expected an integer from 1"),
        (lambda m: m.update(n_features=2**40), "n_features: 1099511627776 (an integer), expected an integer from 1"),
        (lambda m: m.update(n_features=True), "manifest.json.n_features: True (a truth value), expected an integer"),
        (lambda m: m.update(n_features="12"), "manifest.json.n_features: '12' (text), expected an integer"),
        (lambda m: m.update(targets=[]), "manifest.json.targets: 0 items, expected 1 to"),
        (lambda m: m["targets"][0].update(unit=None), "manifest.json.targets[0].unit: None (null), expected text"),
        (lambda m: m["targets"][0].pop("unit"), "manifest.json.targets[0]: 'unit' is missing"),
        (lambda m: m.update(chain=[]), "manifest.json.chain: [] (a list), expected an object"),
        (lambda m: m["chain"].update(fold_rule="vote"), "chain.fold_rule: 'vote' (text), expected 'mean'"),
        (lambda m: m["chain"]["steps"][0].update(index=-1), "chain.steps[0].index: -1 (an integer), expected"),
        (lambda m: m["chain"]["steps"][0].update(params={"a": {"$code": "1"}}), "params.a: tag '$code' is unknown"),
        (lambda m: m["chain"]["steps"][0].update(params={"a": {"$real": "0.5"}}), "params.a: '0.5' is not how this"),
        (lambda m: m.update(difference="0.0"), "manifest.json.difference: '0.0' is not how this real is written"),
        (lambda m: m.update(difference=0), "manifest.json.difference: 0 is no real, expected hexadecimal text"),
        (
            lambda m: m.update(environment={"python": 3}),
            "manifest.json.environment.python: 3 (an integer), expected text",
        ),
        (lambda m: m["golden"].update(origin="invented"), "golden.origin: 'invented' (text), expected 'measured' or"),
        (lambda m: m["golden"].update(sha256="0" * 63), "expected a sha256, 64 lower-case hexadecimal digits"),
        (lambda m: m["golden"].update(rows="../" * 21 + "a"), "expected a sha256, 64 lower-case hexadecimal digits"),
        (
            lambda m: m.update(signal="%R"),
            "manifest.json.signal: '%R' (text), expected 'absorbance' or 'reflectance' or",
        ),
        (lambda m: m["axis"].update(array=A.upper()), "expected a sha256, 64 lower-case hexadecimal digits"),
        (lambda m: m["artifacts"].update({"../x": {}}), "a key of manifest.json.artifacts: '../x' (text), expected a"),
        (lambda m: m["artifacts"].update({A: {}}), f"manifest.json.artifacts.{A}: 'class' is missing"),
        (lambda m: m["plans"].pop("faithful"), "manifest.json.plans: 'faithful' is missing"),
        (
            lambda m: m["plans"]["compiled"]["inputs"][0].update(nan=True),
            "inputs[0].nan: True (a truth value), expected",
        ),
        (lambda m: m["plans"]["compiled"]["inputs"][0].update(nan="refuse"), "nan: 'refuse' (text), expected 'allow'"),
        (lambda m: m["plans"].update(fast=m["plans"]["compiled"]), "manifest.json.plans: 'fast' is unknown"),
    ],
)
def test_a_manifest_of_another_form_is_refused(good: Contents, refused: Refused, change: Change, words: str) -> None:
    assert words in refused(with_manifest(good, change))


def test_all_that_is_wrong_is_said_at_once(good: Contents, refused: Refused) -> None:
    said = refused(with_manifest(good, lambda m: m.update(task="x", difference="y", hook="z")))
    assert all(word in said for word in ("task: 'x'", "difference: 'y'", "'hook' is unknown"))


def test_of_a_hundred_thousand_complaints_the_first_are_told(good: Contents, refused: Refused) -> None:
    said = refused(with_manifest(good, lambda m: m.update(targets=[0] * 100_000)))
    assert "targets[0]: 0 (an integer), expected an object" in said and len(said) < 10_000


def test_of_a_thousand_unused_artifacts_the_first_are_told(good: Contents, refused: Refused) -> None:
    def change(document: Any) -> None:
        entry = next(iter(document["artifacts"].values()))
        document["artifacts"] |= {f"{number:064x}": entry for number in range(1000)}

    said = refused(with_manifest(good, change))
    assert "nothing uses it" in said and len(said) < 20_000


# What must hold between the manifest, the plans and the members. `s` holds the digest of one artifact of each role.
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m, s: m["artifacts"].pop(s["plan"]), "is used, but not in the table"),
        (lambda m, s: m["artifacts"][s["plan"]].update(sha256=A), f"sha256: '{A}', expected "),
        (lambda m, s: m["artifacts"][s["plan"]].update(role="axis"), ".role: 'axis', expected 'plan'"),
        (lambda m, s: m["artifacts"][s["axis"]].update(role="opaque"), ".role: 'opaque', expected 'axis'"),
        (lambda m, s: m["artifacts"][s["plan"]].update(member="golden.json"), ".member: 'golden.json', expected "),
        (lambda m, s: m["artifacts"][s["plan"]].update(member="../x.npy"), ".member: '../x.npy', expected "),
        (lambda m, s: m["artifacts"][s["plan"]].update(size=1), ".size: 1, expected "),
        (lambda m, s: m["artifacts"][s["plan"]].update({"class": "os.system"}), ".class: 'os.system', expected "),
        (lambda m, s: m.pop("axis"), "nothing uses it"),
        (lambda m, s: m["golden"].update(count=5), ".size: 704, expected 608"),
        (lambda m, s: m["golden"].update(rows=s["axis"]), " is used as <f8 (12,) and as <f8 (6, 12)"),
        (lambda m, s: m.update(n_features=13), "inputs of widths [12], expected one of 13"),
        (
            lambda m, s: m["targets"].append({"name": "b", "unit": ""}),
            "output 'value' has 1 columns named [], expected",
        ),
        (
            lambda m, s: m["plans"]["compiled"]["outputs"].update(std=STD),
            "answer ['value'] and ['std', 'value'], expected",
        ),
        (
            lambda m, s: m["plans"]["compiled"]["outputs"].update(std=STD),
            "output 'std' has 12 columns named [], expected",
        ),
        (
            lambda m, s: m["plans"]["compiled"]["outputs"].update(spare=STD),
            "outputs ['spare', 'value'], expected ['value']",
        ),
        (lambda m, s: m["chain"].update(folds=["0"]), "belongs to fold '1', which the chain does not have"),
        (lambda m, s: m["chain"]["steps"].pop(), "belongs to step 2, which the chain does not have"),
        (lambda m, s: m.update(features=["add", "div"]), "features: ['add', 'div'], but the plans use ['add', 'div',"),
        (lambda m, s: m["features"].append("order"), "but the plans use ['add'"),
        (lambda m, s: m["features"].append("nan"), "but the plans use ['add'"),
        (lambda m, s: allow_nan(m, "compiled", "faithful"), "'matmul', 'nan', 'row', 'sub']"),
        (lambda m, s: allow_nan(m, "compiled"), "plans: NaN is allowed by one alone, expected the same of both"),
        (lambda m, s: m.update(profile="opaque"), "profile: 'opaque', but the plans make it 'exact'"),
        (lambda m, s: m.update(sources=SOURCES), "sources: widths [5, 8], expected 12 points in all"),
        (lambda m, s: m.update(task="classification"), "fold_rule 'mean', no classes: they contradict each other"),
        (lambda m, s: m["chain"].update(fold_rule="soft"), "no classes: they contradict each other"),
        (lambda m, s: m.update(classes=CLASSES), "task 'regression', fold_rule 'mean', classes: they contradict"),
        (lambda m, s: m.update(classes=CLASSES), "output 'value' is not the argmax of 2 columns, one for each class"),
        (lambda m, s: m["chain"].update(weights=["0x1.0000000000000p+0"] * 3), "chain.weights: 3 for 2 folds"),
        (lambda m, s: m.update(difference="inf"), "difference: inf, expected a finite number"),
        (lambda m, s: m.update(difference="nan"), "difference: nan, expected a finite number"),
    ],
)
def test_a_manifest_that_does_not_fit_the_rest_is_refused(
    good: Contents, refused: Refused, change: Callable[[Any, dict[str, str]], Any], words: str
) -> None:
    digests = {kind: role(good, kind) for kind in ("plan", "axis", "golden")}
    assert words in refused(with_manifest(good, lambda m: change(m, digests)))


def test_the_forger_writes_the_real_manifest(good: Contents) -> None:
    assert dumps(manifest(good)) == good[NAME]
