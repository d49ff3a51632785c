"""The archive: ordinary tools read it, the same contents give the same bytes, and only its own form is read back."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.bundle.archive import ALIGNMENT, LARGEST, MOST, Archive, Member, layout, write
from n4akit.bundle.errors import BundleError, WriteError

NAMES = st.from_regex(r"(?:[a-z0-9]{1,8}/)?[a-z0-9]{1,40}\.[a-z]{1,4}", fullmatch=True)
CONTENTS = st.lists(st.tuples(NAMES, st.binary(max_size=200)), min_size=1, max_size=6, unique_by=lambda c: c[0])


def packed(contents: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    write(stream, contents)
    return stream.getvalue()


@given(CONTENTS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_by_us_and_by_zipfile(tmp_path: Path, contents: list[tuple[str, bytes]]) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(packed(contents))
    archive = Archive(path)
    assert [(m.name, archive.read(m.name)) for m in archive.members] == contents
    assert archive.damage() == []
    archive.close()
    with zipfile.ZipFile(path) as other:
        assert other.testzip() is None
        assert [(name, other.read(name)) for name in other.namelist()] == contents


def test_contents_start_at_multiples_of_the_alignment() -> None:
    members = [Member(f"{'n' * length}.bin", length, 0) for length in range(1, 140)]
    assert all(offset % ALIGNMENT == 0 for offset in layout(members).offsets)


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(packed([("manifest.json", b"{}"), ("artifacts/1.npy", bytes(1000)), ("golden.json", b"")]))
    done = subprocess.run(["unzip", "-t", path], capture_output=True, text=True)
    assert done.returncode == 0 and "No errors detected" in done.stdout
    assert done.stderr == ""
    subprocess.run(["unzip", "-q", path, "-d", tmp_path / "out"], check=True)
    assert (tmp_path / "out/artifacts/1.npy").read_bytes() == bytes(1000)


def test_the_same_contents_give_the_same_bytes_whatever_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [("manifest.json", b"{}"), ("golden.json", b"1")]
    first = packed(contents)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert packed(contents) == first


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "/abs.json",
        "a\\b.json",
        "C:x.json",
        "x\0.json",
        "Manifest.json",
        "a/b/c.npy",
        "",
        "ü.json",
        "a.",
    ],
)
def test_names_that_could_lead_elsewhere_are_not_written(name: str) -> None:
    with pytest.raises(WriteError, match="expected a name of lower-case letters"):
        packed([(name, b"")])


def test_a_name_that_comes_twice_is_not_written() -> None:
    with pytest.raises(WriteError, match=r"'a\.bin' comes twice"):
        packed([("a.bin", b"1"), ("a.bin", b"2")])


def test_a_file_beyond_32_bits_is_refused_with_its_largest_member_named() -> None:
    members = [Member("small.npy", 10, 0), Member("artifacts/large.npy", LARGEST - 300, 0)]
    with pytest.raises(WriteError, match=r"the largest member is 'artifacts/large\.npy' with 4294966994 bytes"):
        layout(members)
    assert layout([Member("large.npy", LARGEST - 2**10, 0)]).size <= LARGEST


def test_too_many_members_are_refused() -> None:
    with pytest.raises(WriteError, match=f"{MOST + 1} members"):
        layout([Member(f"{number}.npy", 0, 0) for number in range(MOST + 1)])


def test_what_is_read_comes_from_the_file_that_was_checked(tmp_path: Path) -> None:
    path, other = tmp_path / "a.zip", tmp_path / "b.zip"
    path.write_bytes(packed([("a.bin", b"first")]))
    other.write_bytes(packed([("a.bin", b"other")]))
    archive = Archive(path)
    os.replace(other, path)
    assert archive.read("a.bin") == b"first"


def test_content_changed_in_place_is_refused_when_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(packed([("a.bin", b"first")]))
    archive = Archive(path)
    path.write_bytes(path.read_bytes().replace(b"first", b"other"))
    with pytest.raises(BundleError, match=r"member a\.bin: its content does not match its checksum"):
        archive.read("a.bin")
    path.write_bytes(path.read_bytes()[:66])
    with pytest.raises(BundleError, match="it was cut while it was read"):
        archive.damage()


def test_a_file_that_cannot_be_read_any_more_is_a_bundle_error(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(packed([("a.bin", b"first")]))
    archive = Archive(path)
    archive.close()
    with pytest.raises(BundleError, match="it cannot be read: Bad file descriptor"):
        archive.read("a.bin")


def test_damage_names_each_damaged_member(tmp_path: Path) -> None:
    data = packed([("a.bin", b"first"), ("b.bin", b"second"), ("c.bin", b"third")])
    path = tmp_path / "a.zip"
    path.write_bytes(data.replace(b"first", b"fIrst").replace(b"third", b"thIrd"))
    assert [problem.split(":")[0] for problem in Archive(path).damage()] == ["member a.bin", "member c.bin"]


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "empty", "text"])
def test_what_is_no_archive_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind != "missing":
        path.write_text("wavelength,fat\n850,3.5\n" * 40 if kind == "text" else "")
    expected = {
        "missing": "No such file",
        "folder": "not a file but a folder",
        "pipe": "not a file but a folder, a pipe",
        "empty": "0 bytes",
        "text": "no zip directory at its end",
    }
    with pytest.raises(BundleError, match=expected[kind]):
        Archive(path)


def test_checksums_are_those_of_the_contents(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(packed([("a.bin", b"content")]))
    assert Archive(path).members == (Member("a.bin", 7, zlib.crc32(b"content")),)
