"""What lies in the folders: files, versions, and links that are aliases or that are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from n4akit.serve.layout import Family, File, in_order, look


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`fat`, one file, and `oats` with two versions."""
    (tmp_path / "fat.n4a").write_bytes(b"fat")
    (tmp_path / "oats").mkdir()
    for version in ("1", "2"):
        (tmp_path / "oats" / f"{version}.n4a").write_bytes(b"oats")
    return tmp_path


def versions(family: Family) -> list[str]:
    return [*family.files]


def test_files_are_models_and_folders_hold_versions(folder: Path) -> None:
    found = look([folder])
    assert [*found] == ["fat", "oats"]
    assert versions(found["fat"]) == ["1"] and versions(found["oats"]) == ["1", "2"]
    assert found["oats"].files["2"].path == folder / "oats" / "2.n4a"
    assert look([folder / "fat.n4a"]) == {"fat": found["fat"]}


def test_other_files_empty_folders_and_what_is_hidden_are_not_looked_at(folder: Path) -> None:
    for name in ("notes.txt", "one.n4a.py", ".one.n4a.1f2e.part", ".hidden.n4a", "oats/.3.n4a", "oats/README"):
        (folder / name).write_text("no bundle", "utf-8")
    (folder / "empty").mkdir()
    (folder / ".oats").mkdir()
    (folder / ".oats" / "1.n4a").write_bytes(b"hidden")
    found = look([folder])
    assert [*found] == ["fat", "oats"] and versions(found["oats"]) == ["1", "2"]


def test_links_within_a_folder_are_aliases_over_other_aliases_too(folder: Path) -> None:
    (folder / "oats" / "stable.n4a").symlink_to("2.n4a")
    (folder / "oats" / "plant.n4a").symlink_to("stable.n4a")
    (folder / "oats" / "whole.n4a").symlink_to(folder / "oats" / "1.n4a")
    (folder / "oats" / "around.n4a").symlink_to("../oats/1.n4a")
    found = look([folder])["oats"]
    assert found.aliases == {"stable": "2", "plant": "2", "whole": "1", "around": "1"} and versions(found) == ["1", "2"]


def test_links_that_lead_elsewhere_or_nowhere_are_versions(folder: Path) -> None:
    (folder / "oats" / "3.n4a").symlink_to("../fat.n4a")
    (folder / "oats" / "4.n4a").symlink_to("none.n4a")
    (folder / "oats" / "5.n4a").symlink_to("6.n4a")
    (folder / "oats" / "6.n4a").symlink_to("5.n4a")
    found = look([folder])["oats"]
    assert not found.aliases and versions(found) == ["1", "2", "3", "4", "5", "6"]
    assert found.files["3"].stamp == look([folder])["fat"].files["1"].stamp
    assert {found.files[version].stamp for version in "456"} == {None}


def test_folders_that_are_swapped_by_a_link_are_followed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As in a mounted configuration: files are links through one link, which is moved."""
    place = tmp_path_factory.mktemp("mounted")
    (place / "..data").symlink_to(folder)
    (place / "oats").symlink_to("..data/oats")
    (place / "fat.n4a").symlink_to("..data/fat.n4a")
    before = look([place])
    assert versions(before["oats"]) == ["1", "2"] and [*before] == ["fat", "oats"]
    other = tmp_path_factory.mktemp("other")
    (other / "fat.n4a").write_bytes(b"fat")
    (place / "new").symlink_to(other)
    (place / "new").replace(place / "..data")
    after = look([place])
    assert [*after] == ["fat"] and after["fat"] != before["fat"]


def test_another_content_or_file_has_another_stamp(folder: Path) -> None:
    def stamp() -> File:
        return look([folder])["fat"].files["1"]

    seen = [stamp()]
    assert stamp() == seen[0]
    (folder / "fat.n4a").write_bytes(b"longer")
    seen.append(stamp())
    (folder / "new").write_bytes(b"longer")
    os.utime(folder / "new", ns=(0, (folder / "fat.n4a").stat().st_mtime_ns))
    (folder / "new").replace(folder / "fat.n4a")
    seen.append(stamp())
    (folder / "fat.n4a").unlink()
    assert len({*seen}) == 3 and "fat" not in look([folder])


def test_the_settings_beside_a_bundle_are_a_part_of_it(folder: Path) -> None:
    (folder / "oats" / "3.n4a").symlink_to("../fat.n4a")
    (folder / "oats" / "stable.n4a").symlink_to("2.n4a")

    def stamps() -> list[File]:
        found = look([folder])
        return [found["fat"].files["1"], found["oats"].files["2"], found["oats"].files["3"]]

    before = stamps()
    assert [file.settings for file in before] == [None, None, None]
    (folder / "fat.settings.json").write_text("{}", "utf-8")
    (folder / "oats" / "stable.settings.json").write_text("{}", "utf-8")
    assert [new == old for new, old in zip(stamps(), before, strict=True)] == [False, True, True]
    (folder / "oats" / "3.settings.json").symlink_to("../fat.settings.json")
    linked = stamps()[2]
    assert linked.settings == stamps()[0].settings != None and linked.stamp == before[2].stamp  # noqa: E711
    (folder / "fat.settings.json").write_text("{ }", "utf-8")
    assert stamps()[2] != linked
    (folder / "fat.settings.json").unlink()
    assert stamps() == before


def test_one_name_at_two_places_is_ambiguous(folder: Path) -> None:
    (folder / "fat").mkdir()
    (folder / "fat" / "1.n4a").write_bytes(b"fat")
    found = look([folder])
    assert found["fat"] == Family(ambiguous=True) and not found["oats"].ambiguous
    assert look([folder / "fat.n4a", folder / "fat" / ".." / "fat.n4a"])["fat"].ambiguous


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        look([folder, folder / "nowhere"])


def test_a_bundle_that_is_gone_is_still_one(tmp_path: Path) -> None:
    assert look([tmp_path / "x.n4a"]) == {"x": Family({"1": File(tmp_path / "x.n4a", None)})}


def test_a_name_that_is_no_text_is_made_one(folder: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(folder / "oats") + b"/\xff.n4a")).write_bytes(b"oats")
    except OSError:
        pytest.skip("this file system takes no such name")
    assert "\ufffd" in look([folder])["oats"].files


def test_numbers_in_versions_count_as_numbers() -> None:
    versions = ["10", "2026-11-02", "9", "2026-2-30", "1.10.0", "1.9.0", "rc2", "rc10", "final"]
    assert in_order(versions) == ["final", "rc2", "rc10", "1.9.0", "1.10.0", "9", "10", "2026-2-30", "2026-11-02"]
