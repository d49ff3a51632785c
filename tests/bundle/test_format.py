"""The form of a bundle: what each profile is, where things are, and what older and newer formats are told."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from n4akit.bundle import canonical, format, load
from n4akit.bundle.runtime.instructions import INSTRUCTIONS
from n4akit.bundle.runtime.plan import Constant, Input, Instruction, Output, Plan
from n4akit.bundle.writer import draft


def manifest_of(model: Any) -> Any:
    contents = dict(draft(*model).contents)
    return canonical.decode(contents[format.MANIFEST])


def test_members_are_the_manifest_then_artifacts_by_name_then_golden_answers(saved: Path) -> None:
    with zipfile.ZipFile(saved) as file:
        first, *rest, last = file.namelist()
    assert (first, last) == ("manifest.json", "golden.json") == (format.MANIFEST, format.GOLDEN)
    assert rest == sorted(rest) == sorted(entry["member"] for entry in load(saved).manifest["artifacts"].values())
    assert all(re.fullmatch(r"artifacts/[0-9a-f]{64}\.npy", name) for name in rest)


def test_a_member_is_named_by_its_digest_and_kind() -> None:
    assert format.member("a" * 64, "plan") == f"artifacts/{'a' * 64}.npy"
    assert format.member("a" * 64, "opaque") == f"artifacts/{'a' * 64}.pkl"


@pytest.mark.parametrize(
    ("features", "profile"),
    [(["add", "matmul"], "exact"), (["add", "opaque"], "opaque"), (sorted(INSTRUCTIONS), "opaque")],
)
def test_a_profile_follows_from_the_words(features: list[str], profile: str) -> None:
    assert format.profile(features) == profile


def test_the_words_are_those_of_all_plans_in_order() -> None:
    def plan(*words: str, missing: bool = False) -> Plan:
        body = tuple(Instruction(word, ("x",), f"{word}1", {"f": "sqrt"}) for word in words)
        body += (Instruction("add", ("x", "k0"), "y"),)
        return Plan((Input("x", 3, missing),), {"k0": Constant.of(1.0)}, body, {"value": Output("y")})

    assert format.words({"faithful": plan("map"), "compiled": plan()}) == ["add", "map"]
    assert format.words({"faithful": plan("map"), "compiled": plan(missing=True)}) == ["add", "map", "nan"]


def test_a_written_manifest_has_the_form(models: Callable[..., Any]) -> None:
    for sizes in ({}, {"axis": False}, {"targets": 3, "folds": 1}):
        manifest = manifest_of(models(**sizes))
        assert format.parse(canonical.encode(manifest)) == (manifest, [])
        assert ("axis" in manifest) == sizes.get("axis", True)


@pytest.mark.parametrize("version", [2, 3, 1000])
def test_a_newer_format_is_refused_politely(model: Any, version: int) -> None:
    # Whatever else is in it: what a newer manifest looks like is not ours to judge.
    for newer in (manifest_of(model) | {"version": version}, {"format": "n4a", "version": version, "x": [1]}):
        assert format.parse(canonical.encode(newer)) == (
            {},
            [
                f"manifest.json: written in format {version}, this n4akit reads format 1; "
                "upgrade n4akit, or ask for a bundle in an older format"
            ],
        )


def test_unknown_words_are_refused_politely(model: Any) -> None:
    newer = manifest_of(model) | {"features": ["add", "fourier"], "more": 1}
    assert format.parse(canonical.encode(newer))[1] == [
        "manifest.json: needs the instructions 'fourier', unknown here; upgrade n4akit"
    ]


@pytest.mark.parametrize(
    "value", [None, [], "n4a", 1, {}, {"format": "n4a"}, {"version": 1}, {"format": 1, "version": 1}]
)
def test_what_does_not_say_what_it_is_is_no_bundle(value: Any) -> None:
    assert format.parse(canonical.encode(value))[1] == [
        "manifest.json: this is no bundle: it does not say format 'n4a' and a version"
    ]


def test_both_plans_come_back_or_are_complained_about(model: Any) -> None:
    manifest = manifest_of(model)
    plans, problems = format.restore(manifest, lambda *_: pytest.fail("no array is needed to check a plan"))
    assert sorted(plans) == ["compiled", "faithful"] and problems == []
    for kind in plans:
        manifest["plans"][kind]["body"][0]["op"] = "guess"
    plans, problems = format.restore(manifest, lambda *_: pytest.fail("no array is needed to check a plan"))
    assert plans == {} and [problem.split(":")[0] for problem in problems] == [
        "manifest.json plans.faithful",
        "manifest.json plans.compiled",
    ]
