"""Archives that two zip readers would see differently, or that are not written as the format says."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from n4akit.bundle import archive

from .forge import Contents, packed

Refused = Callable[[bytes | Contents], str]
MEMBER = "golden.json"


def rezipped(contents: Contents, **options: Any) -> bytes:
    """What another zip tool makes of the members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as file:
        for name, content in contents.items():
            file.writestr(zipfile.ZipInfo(name), content, compress_type=options.get("compression"))
    return stream.getvalue()


def patched(data: bytes, offset: int, field: bytes, *, central: bool) -> bytes:
    """Another value in the last member's header: at an offset of its local header, or of its directory entry."""
    start = data.rindex(b"PK\1\2" if central else b"PK\3\4") + offset
    return data[:start] + field + data[start + len(field) :]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_the_same_members_zipped_by_another_tool_are_refused(
    good: Contents, refused: Refused, compression: int
) -> None:
    assert "was added, removed or overlaps" in refused(rezipped(good, compression=compression))


def test_an_unpacked_and_zipped_bundle_is_refused(saved: Path, tmp_path: Path, refused: Refused) -> None:
    with zipfile.ZipFile(saved) as file:
        file.extractall(tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "again.zip", "w") as file:
        for path in sorted((tmp_path / "out").rglob("*.*")):
            file.write(path, path.relative_to(tmp_path / "out"))
    refused((tmp_path / "again.zip").read_bytes())


# Offsets are those of the zip specification (APPNOTE 6.3, sections 4.3.7 and 4.3.12).
@pytest.mark.parametrize(
    ("offset", "field", "central"),
    [
        (6, b"\x01\x00", False),
        (8, b"\x01\x00", True),
        (6, b"\x08\x00", False),
        (6, b"\x00\x08", False),
        (8, b"\x08\x00", False),
        (10, b"\x08\x00", True),
        (10, b"\x01\x00", False),
        (14, b"\x22\x00", True),
        (14, b"\x00\x00\x00\x00", False),
        (18, b"\x01\x00\x00\x00", False),
        (22, b"\x01\x00\x00\x00", False),
        (30, b"x", False),
        (4, b"\x2d\x00", False),
        (5, b"\x03", True),
        (20, b"\x01\x00\x00\x00", True),
        (34, b"\x01\x00", True),
        (36, b"\x01\x00", True),
        (38, struct.pack("<I", 0o120777 << 16), True),
        (38, struct.pack("<I", 0x10), True),
        (42, b"\x01\x00\x00\x00", True),
    ],
    ids=[
        "encrypted",
        "encrypted in the directory",
        "sizes behind the content",
        "utf-8 flag",
        "deflated",
        "deflated in the directory",
        "a time",
        "a date",
        "crc",
        "compressed size",
        "size",
        "name",
        "zip64",
        "made by unix",
        "compressed size in the directory",
        "disk number",
        "internal attributes",
        "symbolic link",
        "folder",
        "offset",
    ],
)
def test_any_other_header_is_refused(saved: Path, refused: Refused, offset: int, field: bytes, central: bool) -> None:
    data = saved.read_bytes()
    bad = patched(data, offset, field, central=central)
    assert bad != data
    expected = "zip directory is not written" if central else f"member {MEMBER}: its header is not written"
    assert f"{expected} as the format says" in refused(bad)


def test_a_directory_with_another_checksum_or_size_is_refused(saved: Path, refused: Refused) -> None:
    # The reader takes both from there; then the local header no longer fits, or the whole file.
    data = saved.read_bytes()
    assert "not written as the format says" in refused(patched(data, 16, b"\x01\x02\x03\x04", central=True))
    assert "something was added, removed or overlaps" in refused(patched(data, 24, b"\xff", central=True))


def test_a_wrong_checksum_in_every_header_is_refused(good: Contents, refused: Refused) -> None:
    crc, wrong = struct.pack("<I", zlib.crc32(good[MEMBER])), struct.pack("<I", 0xDEADBEEF)
    data = packed(good)
    assert data.count(crc) == 2
    assert refused(data.replace(crc, wrong)) == (
        f"member {MEMBER}: its content does not match its checksum; the file is damaged, get a fresh copy"
    )


def test_a_claim_of_gigabytes_is_refused_without_allocating_them(saved: Path, refused: Refused) -> None:
    data = saved.read_bytes()
    claim = struct.pack("<I", 2**32 - 1000)
    assert "the largest member is 'golden.json'" in refused(patched(data, 24, claim, central=True))
    claims = patched(patched(data, 20, claim * 2, central=True), 18, claim * 2, central=False)
    assert "format 1 holds 4294967294" in refused(claims)


def test_a_comment_is_refused(saved: Path, refused: Refused) -> None:
    data = saved.read_bytes()
    assert "no zip directory at its end" in refused(data[:-2] + b"\x05\x00hello")
    disguised = data + b"PK\5\6" + bytes(18)
    refused(disguised[: len(data) - 2] + struct.pack("<H", 22) + disguised[len(data) :])


def test_an_extra_member_is_refused(good: Contents, refused: Refused) -> None:
    said = refused({**good, "readme.txt": b"hello"})
    assert said == "member readme.txt: the manifest does not list it"
    assert "artifacts/0.npy: the manifest does not list it" in refused({**good, "artifacts/0.npy": b""})


@pytest.mark.parametrize("which", [1, -1])
def test_a_missing_member_is_refused(good: Contents, refused: Refused, which: int) -> None:
    name = list(good)[which]
    del good[name]
    assert f"member {name}: the manifest lists it, but it is not in the file" in refused(good)


def test_a_file_without_manifest_is_refused(good: Contents, refused: Refused) -> None:
    del good["manifest.json"]
    assert refused(good) == "member manifest.json is missing: this is no bundle"


def test_members_in_another_order_are_refused(good: Contents, refused: Refused) -> None:
    assert "members are in the order golden.json" in refused(dict(reversed(good.items())))


def raw(members: list[tuple[str, bytes]]) -> bytes:
    """An archive whose every byte follows the format, but for the names, which the writer would not take."""
    plan = archive.layout([archive.Member(f"{n}.x", len(content), 0) for n, (_, content) in enumerate(members)])
    assert plan.size
    headers, central, position = [], [], 0
    for name, content in members:
        member = archive.Member(name, len(content), zlib.crc32(content))
        header = archive._local_header(member, position)
        central.append(archive._central_header(member, position))
        headers.append(header + content)
        position += len(headers[-1])
    listing = b"".join(central)
    end = archive.END.pack(b"PK\5\6", 0, 0, len(members), len(members), len(listing), position, 0)
    return b"".join([*headers, listing, end])


@pytest.mark.parametrize(
    "name", ["../evil.npy", "/etc/passwd", "a//b.npy", "a\\b.npy", "A.NPY", ".hidden", "x.npy\0", "a/"]
)
def test_names_that_lead_elsewhere_are_refused(good: Contents, refused: Refused, name: str) -> None:
    said = refused(raw([*good.items(), (name, b"")]))
    assert said == f"member {name!r}: expected a name of lower-case letters and digits such as manifest.json"


def test_a_name_that_comes_twice_is_refused(good: Contents, refused: Refused) -> None:
    assert refused(raw([*good.items(), (MEMBER, b"{}")])) == f"member {MEMBER!r} comes twice"
    assert refused(raw([("manifest.json", b"{}"), *good.items()])) == "member 'manifest.json' comes twice"


def test_the_archive_of_the_forger_is_otherwise_the_real_one(good: Contents) -> None:
    assert raw(list(good.items())) == packed(good)


def test_sixty_thousand_members_are_refused_in_no_time(refused: Refused) -> None:
    # Looking for the name that comes twice once took a minute here.
    names = [f"{number}.x" for number in range(60_000)]
    assert "'59999.x' comes twice" in refused(raw([(name, b"") for name in [*names, names[-1]]]))
