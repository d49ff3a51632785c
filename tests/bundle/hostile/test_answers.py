"""Models that compute something else than they say, all checksums and digests adjusted: golden rows refuse them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import load, verify

from .forge import Change, Contents, dumps, manifest, npy, packed, role, with_artifact, with_golden, with_manifest

Refused = Callable[[bytes | Contents], str]


def array(contents: Contents, sha256: str) -> Any:
    """A copy of an array."""
    return np.load(io.BytesIO(contents[f"artifacts/{sha256}.npy"]))


def answers(contents: Contents, change: Change) -> Contents:
    """Other golden answers, with the digest and the difference that belong to them."""
    found = json.loads(contents["golden.json"])
    change(found)
    both = [np.array([[float.fromhex(v) for v in row] for row in found[kind]]) for kind in ("faithful", "compiled")]
    difference = float(np.abs(both[0] - both[1]).max()).hex()
    return with_manifest(with_golden(contents, dumps(found)), lambda m: m.update(difference=difference))


def next_up(values: list[str]) -> None:
    values[0] = float(np.nextafter(float.fromhex(values[0]), np.inf)).hex()


@pytest.mark.parametrize("column", range(12))
def test_a_changed_coefficient_is_refused(good: Contents, refused: Refused, column: int) -> None:
    sha256 = manifest(good)["plans"]["compiled"]["consts"]["k0"]["array"]
    coefficients = array(good, sha256)
    coefficients[0, column] *= 1.0 + 2.0**-20
    said = refused(with_artifact(good, sha256, npy(coefficients)))
    assert said.startswith("golden row ") and "the compiled plan answers" in said and "expected" in said


def test_a_changed_intercept_is_refused(good: Contents, refused: Refused) -> None:
    def change(document: Any) -> None:
        next_up(document["plans"]["compiled"]["consts"]["k1"]["hex"])

    assert "the compiled plan answers" in refused(with_manifest(good, change))


def test_a_changed_coefficient_of_the_faithful_plan_is_refused_by_verify(good: Contents, tmp_path: Path) -> None:
    sha256 = manifest(good)["plans"]["faithful"]["consts"]["k1"]["array"]
    coefficients = array(good, sha256)
    coefficients[0, 7] += 2.0**-20
    path = tmp_path / "altered.n4a"
    path.write_bytes(packed(with_artifact(good, sha256, npy(coefficients))))
    assert any("the faithful plan answers" in problem for problem in verify(path).problems)


@pytest.mark.parametrize("row", range(6))
def test_a_last_bit_of_a_golden_answer_counts(good: Contents, refused: Refused, row: int) -> None:
    said = refused(answers(good, lambda found: next_up(found["compiled"][row])))
    assert said.startswith(f"golden row {row + 1}: the compiled plan answers") and said.count("golden row") == 1


def test_a_last_bit_of_a_faithful_golden_answer_counts_for_verify(good: Contents, tmp_path: Path) -> None:
    path = tmp_path / "altered.n4a"
    path.write_bytes(packed(answers(good, lambda found: next_up(found["faithful"][3]))))
    assert [problem[:36] for problem in verify(path).problems] == ["golden row 4: the faithful plan answ"]


def test_a_changed_golden_row_is_refused(good: Contents, refused: Refused) -> None:
    sha256 = role(good, "golden")
    rows = array(good, sha256)
    rows[4, 4] *= 1.0 + 2.0**-20
    assert refused(with_artifact(good, sha256, npy(rows))).startswith("golden row 5: the compiled plan answers")


def test_golden_rows_in_another_order_are_refused(good: Contents, refused: Refused) -> None:
    sha256 = role(good, "golden")
    assert "golden row 1: the compiled plan" in refused(with_artifact(good, sha256, npy(array(good, sha256)[::-1])))


@pytest.mark.parametrize("words", [("add", "sub"), ("div", "mul"), ("sub", "add")])
def test_another_instruction_is_refused(good: Contents, refused: Refused, words: tuple[str, str]) -> None:
    def change(document: Any) -> None:
        old, new = words
        next(line for line in document["plans"]["compiled"]["body"] if line["op"] == old)["op"] = new
        lines = [line for plan in document["plans"].values() for line in plan["body"]]
        document["features"] = sorted({line["op"] for line in lines})

    assert "golden row" in refused(with_manifest(good, change))


def test_plans_that_changed_places_are_refused(good: Contents, refused: Refused) -> None:
    def change(document: Any) -> None:
        plans = document["plans"]
        plans["faithful"], plans["compiled"] = plans["compiled"], plans["faithful"]

    assert "golden row" in refused(with_manifest(good, change))


def test_golden_rows_that_have_no_answer_are_refused(good: Contents, refused: Refused) -> None:
    rows = np.ones((6, 12))
    said = refused(with_artifact(good, role(good, "golden"), npy(rows)))
    assert "golden rows, compiled plan: 6 of 6 spectra cannot be predicted: row 1: no finite result" in said


LARGEST = "0x1.fffffffffffffp+1023"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace(b"0x1.", b"0x1.0", 1), "is not how this real is written"),
        (lambda t: t.replace(b'[["', b'[["0x0.0p+0","', 1), "2 items, expected 1 to 1"),
        (lambda t: t.replace(b'"compiled":[[', b'"compiled":[[],[', 1), "7 items, expected 6 to 6"),
        (lambda t: t.replace(b'"compiled"', b'"computed"'), "'compiled' is missing"),
        (lambda t: t.replace(b"{", b'{"":0,', 1), "'' is unknown, expected compiled, faithful"),
        (lambda t: t + b"\n", "not canonical JSON"),
        (lambda t: b"", "not JSON"),
        (lambda t: b"[]", "answers: [] (a list), expected an object"),
        (lambda t: b"[" * 100_000, "lists and objects deeper than 32"),
        (lambda t: dumps({"compiled": [["nan"]] * 6, "faithful": [["nan"]] * 6}), "an expected value is not finite"),
        (lambda t: dumps({"compiled": [["inf"]] * 6, "faithful": [["inf"]] * 6}), "an expected value is not finite"),
        (lambda t: dumps({"compiled": [[1]] * 6, "faithful": [[1]] * 6}), "1 is no real, expected hexadecimal text"),
        (lambda t: dumps({"compiled": [[LARGEST]] * 6, "faithful": [["-" + LARGEST]] * 6}), "answers differ by inf"),
    ],
)
def test_a_golden_json_of_another_form_is_refused(
    good: Contents, refused: Refused, change: Callable[[bytes], bytes], words: str
) -> None:
    data = change(good["golden.json"])
    assert data != good["golden.json"]
    said = refused(with_golden(good, data))
    assert said.startswith("golden.json: ") and words in said


def test_a_golden_json_that_the_manifest_does_not_know_is_refused(good: Contents, refused: Refused) -> None:
    other = answers(good, lambda found: next_up(found["compiled"][0]))["golden.json"]
    assert refused(good | {"golden.json": other}) == (
        "member golden.json: it is not the one of which the manifest holds the sha256"
    )


def test_a_difference_of_its_own_is_refused(good: Contents, refused: Refused) -> None:
    said = refused(with_manifest(good, lambda m: m.update(difference=(2.0**-20).hex())))
    assert said.startswith("golden.json: its answers differ by ") and "the manifest says 0x1.0000000000000p-20" in said


def test_what_a_forger_may_do_shows_in_the_digest(good: Contents, saved: Path, tmp_path: Path) -> None:
    # Golden rows are proof against error. Against somebody who makes a whole bundle there is its digest.
    path = tmp_path / "other.n4a"
    path.write_bytes(packed(with_manifest(good, lambda m: m["targets"][0].update(unit="ppm"))))
    assert (
        load(path).digest == hashlib.sha256(good["manifest.json"].replace(b'"unit":"%"', b'"unit":"ppm"')).hexdigest()
    )
    assert load(path).digest != load(saved).digest
