"""Artifacts that are not what the manifest says of them, though every checksum and digest was made to fit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import BundleError, load, verify
from n4akit.bundle.runtime import Constant, Input, Instruction, Output, Plan
from n4akit.bundle.writer import draft, write_draft

from .forge import Contents, manifest, npy, packed, role, taken, with_artifact, with_manifest

Refused = Callable[[bytes | Contents], str]


def compiled(contents: Contents) -> str:
    """The sha256 of the compiled plan's coefficients, 1 × 12."""
    found: str = manifest(contents)["plans"]["compiled"]["consts"]["k0"]["array"]
    return found


def faithful(contents: Contents) -> str:
    """The sha256 of an array that the faithful plan alone uses."""
    found: str = manifest(contents)["plans"]["faithful"]["consts"]["k0"]["array"]
    return found


VALUES = np.linspace(1.0, 2.0, 12).reshape(1, 12)


@pytest.mark.parametrize(
    "data",
    [
        npy(VALUES.reshape(12, 1)),
        npy(VALUES.reshape(2, 6)),
        npy(VALUES.reshape(12)),
        npy(VALUES.astype(">f8")),
        npy(np.asfortranarray(VALUES.reshape(2, 6))),
        npy(VALUES.view("<i8")),
        npy(VALUES.view("<u8")),
        npy(VALUES.astype("<f4").repeat(2).reshape(1, 24)),
        npy(VALUES.view("<c16")),
        npy(VALUES).replace(b"NUMPY\x01", b"NUMPY\x02"),
        npy(VALUES).replace(b"False", b"0    "),
        npy(VALUES).replace(b"'<f8'", b"'|O8'"),
        npy(VALUES).replace(b"(1, 12)", b"(1,12) "),
        VALUES.tobytes() + bytes(128),
    ],
    ids=[
        "column",
        "table",
        "vector",
        "big-endian",
        "fortran",
        "int64",
        "uint64",
        "float32",
        "complex",
        "version",
        "not quite false",
        "objects",
        "spaces",
        "headless",
    ],
)
def test_an_array_of_another_type_or_shape_is_refused(good: Contents, refused: Refused, data: bytes) -> None:
    assert len(data) == 224
    said = refused(with_artifact(good, compiled(good), data))
    assert f"array {hashlib.sha256(data).hexdigest()}: header" in said
    assert "expected that of <f8 values of shape (1, 12)" in said


@pytest.mark.parametrize("values", [VALUES[:, :11], np.tile(VALUES, 2), np.array([[None]], dtype=object)])
def test_an_array_of_another_size_is_refused(good: Contents, refused: Refused, values: Any) -> None:
    said = refused(with_artifact(good, compiled(good), npy(values, allow_pickle=True)))
    assert ", expected 224" in said


@pytest.mark.parametrize("wanted", ["plan", "axis", "golden"])
def test_an_array_under_the_digest_of_another_is_refused(good: Contents, refused: Refused, wanted: str) -> None:
    sha256 = role(good, wanted) if wanted != "plan" else compiled(good)
    name = f"artifacts/{sha256}.npy"
    altered = good[name][:-1] + bytes([good[name][-1] ^ 1])
    assert refused(good | {name: altered}) == (
        f"member {name}: its content has the sha256 {hashlib.sha256(altered).hexdigest()}; "
        "the file was altered, get a fresh copy"
    )


def test_an_altered_array_of_the_faithful_plan_is_refused_by_verify_and_when_it_is_read(
    good: Contents, tmp_path: Path
) -> None:
    name = f"artifacts/{faithful(good)}.npy"
    path = tmp_path / "altered.n4a"
    path.write_bytes(packed(good | {name: good[name][:-1] + b"\x3e"}))
    assert [problem for problem in verify(path).problems if problem.startswith(f"member {name}: its content has the")]
    constant = load(path).plan("faithful").constants["k0"]
    with pytest.raises(BundleError, match=f"member {name}: its content has the sha256"):
        _ = constant.array


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_coefficients_that_are_no_numbers_are_refused(good: Contents, refused: Refused, value: float) -> None:
    values = VALUES.copy()
    values[0, 5] = value
    assert (
        refused(with_artifact(good, compiled(good), npy(values)))
        == "plan constant 'k0' holds values that are not finite"
    )


def test_an_axis_or_golden_rows_that_are_no_numbers_are_refused(good: Contents, refused: Refused) -> None:
    axis = np.full(12, np.nan)
    assert "holds values that are not finite" in refused(with_artifact(good, role(good, "axis"), npy(axis)))
    rows = np.ones((6, 12))
    rows[2, 3] = np.inf
    assert "row 3: point 4 is inf" in refused(with_artifact(good, role(good, "golden"), npy(rows)))


def choosing(columns: list[int]) -> Plan:
    """A plan that averages some columns of twelve."""
    constants = {"k0": Constant.of(np.array(columns, dtype=np.int32))}
    lines = (
        Instruction("gather", ("x", "k0"), "x1"),
        Instruction("row", ("x1",), "x2", {"f": "sum", "d": len(columns)}),
    )
    return Plan((Input("x", 12),), constants, lines, {"value": Output("x2")})


@pytest.mark.parametrize("column", [12, -1, 2**31 - 1, -(2**31)])
def test_columns_that_a_register_does_not_have_are_refused(
    models: Callable[..., Any], tmp_path: Path, refused: Refused, column: int
) -> None:
    plan = choosing([1, 2, 3])
    contents = taken(write_draft(draft(models().chain, plan, plan), tmp_path / "columns.n4a"))
    sha256 = manifest(contents)["plans"]["compiled"]["consts"]["k0"]["array"]
    said = refused(with_artifact(contents, sha256, npy(np.array([1, column, 3], dtype="<i4"))))
    least, largest = sorted([1, column, 3])[::2]
    assert f"'k0' holds values from {least} to {largest}, expected 0 to 11" in said


def test_an_opaque_artifact_is_never_unpickled_unasked(good: Contents, refused: Refused, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    pickled = f"cposix\nsystem\n(S'touch {trap}'\ntR.".encode()
    digest = hashlib.sha256(pickled).hexdigest()

    def change(document: Any) -> None:
        entry = {"class": "x.Y", "member": f"artifacts/{digest}.pkl", "role": "opaque", "sha256": digest}
        document["artifacts"][digest] = entry | {"size": len(pickled)}
        for plan in document["plans"].values():
            first = {"op": "opaque", "in": ["x"], "out": "x0", "artifact": digest, "width": 12}
            plan["body"].insert(0, first)
        document["features"] = sorted([*document["features"], "opaque"])
        document["profile"] = "opaque"

    first, *rest = with_manifest(good, change).items()
    members = dict([first, *sorted([*rest[:-1], (f"artifacts/{digest}.pkl", pickled)]), rest[-1]])
    assert refused(members) == (
        "holds pickled steps (x.Y), and pickles run code when they are loaded; "
        "if you trust who made the file, load it with allow_opaque=True"
    )
    assert not trap.exists()
