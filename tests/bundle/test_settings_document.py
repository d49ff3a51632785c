"""SETTINGS.md is true: its tables are those of the code, its commands run, and who follows it gets the same digests."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from n4akit.bundle.runtime import settings, settings_form
from n4akit.bundle.runtime.settings import SettingsError, read_settings, version_digest
from n4akit.bundle.writer import write_bundle
from n4akit.serve.cli.settings import settings as command

from ..serve.server import n4a
from .conftest import make_model
from .runtime.settings_made import BUNDLE, chained, entry

DOCUMENT = (Path(__file__).parents[2] / "bundle" / "SETTINGS.md").read_text("utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return str(found).strip()


def keys(heading: str) -> dict[str, bool]:
    """The keys in the table under a heading, and whether they may be left out."""
    text = DOCUMENT[DOCUMENT.index(f"\n### {heading}") :]
    rows = text[text.index("|---") :].split("\n\n")[0].splitlines()[1:]
    return {row.split("|")[1].strip().strip("`"): "optional" in row.split("|")[2] for row in rows}


# Each record: the heading of its table, and the way to one in a document.
RECORDS: dict[str, Any] = {
    "The document": lambda d: d,
    "versions[]": lambda d: d["versions"][0],
    "versions[].entries[]": lambda d: d["versions"][0]["entries"][0],
    "versions[].entries[].targets.*": lambda d: d["versions"][0]["entries"][0]["targets"]["fat"],
    "versions[].entries[].limits": lambda d: d["versions"][0]["entries"][0]["limits"],
    "versions[].entries[].limits.t2, ": lambda d: d["versions"][0]["entries"][0]["limits"]["t2"],
}


@pytest.mark.parametrize("heading", RECORDS)
def test_the_keys_are_those_of_the_code(heading: str) -> None:
    full = entry(
        {"fat": {"slope": 1, "bias": 0, "decimals": 0}},
        {"t2": {"warning": 1, "error": 2}, "q": {"warning": 1, "error": 2}, "range": {"fat": [0, 1]}},
        instrument="A",
        product="x",
    )
    document = chained([full])
    read_settings(json.dumps(document), BUNDLE, ["fat"])
    told = keys(heading)
    assert {*RECORDS[heading](document)} == {*told}
    for key, optional in told.items():
        without = chained([full])
        del RECORDS[heading](without)[key]
        # Whatever is wrong besides, its digest for one, what is missing is only said of what must be there.
        with pytest.raises(SettingsError) as caught:
            read_settings(json.dumps(without), BUNDLE, ["fat"])
        missing = any(f"{key!r} is missing" in said for said in caught.value.problems)
        assert missing == (not optional) or key in ("format", "version")


def test_the_sizes_are_those_of_the_code() -> None:
    assert settings.LARGEST_SETTINGS == 2**24 and "at most 2²⁴ bytes" in DOCUMENT
    assert f"format {settings_form.SETTINGS_VERSION}\n" in DOCUMENT.splitlines(keepends=True)[0]
    assert f'`"{settings_form.SETTINGS_FORMAT}"`' in DOCUMENT


def test_the_example_of_a_digest_is_true() -> None:
    version, line = json.loads(block("json")), block("text")
    digest = hashlib.sha256(line.encode()).hexdigest()
    assert version_digest(version) == digest and f"its digest\n`{digest}`" in DOCUMENT
    assert json.loads(line, object_hook=_numbers) == version


def _numbers(members: dict[str, Any]) -> dict[str, Any]:
    return {key: float.fromhex(v) if isinstance(v, str) and "0x" in v else v for key, v in members.items()}


def test_every_command_is_shown_and_runs(tmp_path: Path) -> None:
    write_bundle(make_model().chain, tmp_path / "fat.n4a")
    shown = set()
    for line in block("sh").splitlines():
        words = shlex.split(line, comments=True)
        assert words[:2] == ["n4a", "settings"]
        shown.add(words[2])
        done = n4a(*[str(tmp_path / word) if word == "fat.n4a" else word for word in words[1:]])
        assert (done.returncode, done.stderr) == (0, "") and done.stdout
    assert shown == {name for name in command if not name.startswith("-")}
