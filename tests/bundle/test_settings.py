"""Settings beside a bundle: found, changed by new versions alone, whoever else writes and whenever a writer dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import BundleError, WriteError, load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.errors import BadSettings, UnknownVersion
from n4akit.bundle.operators import PLS
from n4akit.bundle.settings import path_beside, settings_beside
from n4akit.bundle.settings_history import SettingsFile, open_settings
from n4akit.bundle.writer import write_bundle
from sklearn.linear_model import LogisticRegression

from . import insisting

FAT = {"targets": {"fat": {"slope": 1.1, "bias": -0.25, "decimals": 2}}}
NIR7 = {"instrument": "NIR-7", "targets": {"fat": {"bias": 5e-324}}}


def small(path: Path, fill: float = 1.0) -> Path:
    """A bundle of one target, `fat`."""
    model = PLS(np.full((1, 3), fill), np.zeros(3), np.zeros(1))
    return write_bundle(Chain(3, {"0": (Step(1, "PLS", "x.PLS", {}, (model,)),)}, (Target("fat"),)), path)


@pytest.fixture
def fat(tmp_path: Path) -> Path:
    return small(tmp_path / "fat.n4a")


def add(file: SettingsFile, *entries: Any, reason: str = "ring test") -> SettingsFile:
    return file.add(entries, author="Ada", reason=reason)


def folder_of(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


def test_where_there_are_none_there_are_none(fat: Path) -> None:
    file = open_settings(fat)
    assert (file.settings, file.history, file.entries, file.data) == (None, [], [], None)
    assert settings_beside(fat, file.bundle, ["fat"]) is None
    with pytest.raises(UnknownVersion, match="no version 1, there are no settings"):
        file.at(1)
    assert [path.name for path in fat.parent.iterdir()] == ["fat.n4a"]


def test_what_was_added_is_read_by_whoever_predicts(fat: Path) -> None:
    before = fat.read_bytes()
    file = add(open_settings(fat), FAT)
    assert file.path == fat.with_name("fat.settings.json") == path_beside(fat) == path_beside(f"{fat}.py")
    for model in (fat, f"{fat}.py"):
        found = settings_beside(model, load(fat).digest, ["fat"])
        assert found is not None and file.settings is not None
        assert (found.version, found.digest) == (1, file.settings.digest)
        assert found.for_sample("A", None).adjusted([2.0]) == [1.95]
    assert fat.read_bytes() == before


def test_versions_are_added_behind_the_others(fat: Path) -> None:
    times = [datetime(2026, 3, day, 12, tzinfo=timezone(timedelta(hours=2))) for day in (3, 2)]
    first = open_settings(fat).add([FAT], author="Ada", reason="ring test", now=times[0])
    second = first.add([FAT, NIR7], author="Bo", reason="a new lamp", now=times[1])
    assert [(v["number"], v["author"], v["reason"], v["time"]) for v in second.history] == [
        (1, "Ada", "ring test", "2026-03-03T10:00:00Z"),
        (2, "Bo", "a new lamp", "2026-03-02T10:00:00Z"),
    ]
    assert second.history[0] == first.history[0] and second.history[0]["previous"] == load(fat).digest
    assert second.settings is not None and first.settings is not None
    assert second.history[1]["previous"] == first.settings.digest == second.settings.digests[0]
    again = open_settings(fat)
    assert again.settings is not None and again.history == second.history and again.data == second.data
    assert again.entries == [FAT, NIR7]
    assert again.at(1).digest == first.settings.digest and again.at(1).version == 1 and again.at().version == 2
    with pytest.raises(UnknownVersion, match="no version 0, there are 1 to 2"):
        again.at(0)


def test_the_time_is_now(fat: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    (version,) = add(open_settings(fat), FAT).history
    assert before <= datetime.fromisoformat(version["time"]) <= datetime.now(UTC)


def test_going_back_is_a_new_version(fat: Path) -> None:
    add(add(open_settings(fat), FAT), FAT, NIR7)
    file = open_settings(fat).revert(1, author="Bo", reason="the old lamp")
    assert [version["entries"] for version in file.history] == [[FAT], [FAT, NIR7], [FAT]]
    assert file.settings is not None and len({*file.settings.digests}) == 3
    for number in (0, 4):
        with pytest.raises(UnknownVersion, match=f"no version {number}, there are 1 to 3"):
            file.revert(number, author="Bo", reason="x")


def test_what_is_in_force_already_is_not_added(fat: Path) -> None:
    file = add(open_settings(fat), FAT)
    said = r"fat\.settings\.json: version 1 says the same; nothing was written"
    with pytest.raises(WriteError, match=said):
        add(file, FAT)
    with pytest.raises(WriteError, match=said):
        file.revert(1, author="Bo", reason="x")
    assert open_settings(fat).data == file.data


BAD: dict[str, Any] = {
    "slope: -1 (a number), expected a finite number above 0": {"targets": {"fat": {"slope": -1}}},
    "'protein' is unknown, expected fat": {"targets": {"protein": {}}},
    "instrument: 'A\\udcff' (text), expected one line": {"instrument": "A\udcff"},
    "bias: np.float64(1.5) (no JSON), expected a finite number": {"targets": {"fat": {"bias": np.float64(1.5)}}},
    "bias: nan (a number), expected a finite number": {"targets": {"fat": {"bias": float("nan")}}},
    "None is unknown": {None: 3},
}


@pytest.mark.parametrize("said", BAD)
def test_what_no_host_may_apply_is_not_written(fat: Path, said: str) -> None:
    for file in (open_settings(fat), add(open_settings(fat), FAT)):
        before = folder_of(fat.parent)
        with pytest.raises(BadSettings) as caught:
            add(file, NIR7, BAD[said])
        where = f"{file.path}: versions[{len(file.history)}].entries[1]"
        assert str(caught.value).startswith(where) and said in str(caught.value)
        assert str(caught.value).endswith("; nothing was written") and len(caught.value.problems) == 1
        assert folder_of(fat.parent) == before


def test_settings_of_another_bundle_are_refused(fat: Path, tmp_path: Path) -> None:
    file = add(open_settings(fat), FAT)
    small(fat, fill=2.0)
    other = load(fat, settings=False).digest
    said = f"{file.path}: bundle: these are settings of the bundle {file.bundle}, expected those of {other}"
    with pytest.raises(BadSettings) as caught:
        open_settings(fat)
    assert str(caught.value) == said and len(caught.value.problems) == 1
    with pytest.raises(BadSettings):
        settings_beside(fat, other, ["fat"])
    with pytest.raises(BadSettings):
        load(fat)


def test_settings_that_are_not_as_they_should_be_are_refused_and_left(fat: Path) -> None:
    path = path_beside(fat)
    for text, said in (("", "not JSON"), ("[]", "the file: a list"), (" " * (2**24 + 9), "larger than 16777216 bytes")):
        path.write_text(text)
        with pytest.raises(BadSettings, match=said):
            open_settings(fat)
        assert path.read_text() == text
    path.unlink()
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        open_settings(fat)


def test_a_pipe_that_nobody_writes_is_refused_at_once(fat: Path) -> None:
    os.mkfifo(path_beside(fat))
    with pytest.raises(BadSettings, match="not JSON"):
        load(fat)


def test_settings_need_an_intact_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="it cannot be opened"):
        open_settings(tmp_path / "nowhere.n4a")


def test_labels_are_not_adjusted(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    kinds = from_sklearn(LogisticRegression().fit(X, X[:, 0] > 0))
    file = open_settings(write_bundle(kinds, tmp_path / "kinds.n4a"))
    assert file.targets == ()
    limits = {"limits": {"q": {"warning": 1.0, "error": 2.0}}}
    assert add(file, limits).entries == [limits]


# Several writers


def test_a_file_that_changed_is_not_overwritten(fat: Path) -> None:
    mine, theirs = open_settings(fat), open_settings(fat)
    first = add(theirs, FAT)
    with pytest.raises(WriteError, match="it was changed since it was read; nothing was written, look at it again"):
        add(mine, NIR7)
    assert open_settings(fat).data == first.data
    second = add(first, FAT, NIR7)
    with pytest.raises(WriteError, match="it was changed since it was read"):
        add(first, NIR7)
    second.path.unlink()
    with pytest.raises(WriteError, match="it was changed since it was read"):
        add(second, NIR7)
    assert not second.path.exists()


def both(fat: Path) -> list[tuple[str, str]]:
    return [(version["author"], version["reason"]) for version in open_settings(fat).history]


def test_threads_that_write_at_once_lose_no_version(fat: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: insisting.insist(fat, name, 10), "ABCD"))
    assert sorted(both(fat)) == [(name, f"turn {turn}") for name in "ABCD" for turn in range(10)]
    assert sorted(entry.name for entry in fat.parent.iterdir()) == ["fat.n4a", "fat.settings.json"]


def writer(fat: Path, name: str, turns: int) -> subprocess.Popen[bytes]:
    """A process that adds versions."""
    return subprocess.Popen([sys.executable, Path(insisting.__file__), str(fat), name, str(turns)])


def test_processes_that_write_at_once_lose_no_version(fat: Path) -> None:
    processes = [writer(fat, name, 15) for name in "AB"]
    assert [process.wait() for process in processes] == [0, 0]
    assert sorted(both(fat)) == sorted((name, f"turn {turn}") for name in "AB" for turn in range(15))


@pytest.mark.parametrize("versions", [1, 4, 9, 16])
def test_a_writer_killed_at_any_time_loses_nothing(fat: Path, versions: int) -> None:
    process = writer(fat, "A", 10_000)
    while process.poll() is None and len(both(fat)) < versions:
        pass
    seen = both(fat)
    process.kill()
    process.wait()
    found = both(fat)
    assert found[: len(seen)] == seen and len(seen) >= versions
    assert found == [("A", f"turn {turn}") for turn in range(len(found))]
    assert add(open_settings(fat), FAT).history[-1]["number"] == len(found) + 1
    others = {entry.name for entry in fat.parent.iterdir()} - {"fat.n4a", "fat.settings.json"}
    assert all(name.endswith(".part") for name in others)


def test_a_folder_that_cannot_be_written_is_told(fat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = add(open_settings(fat), FAT)
    before = folder_of(fat.parent)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(WriteError, match=r"fat\.settings\.json: cannot be written: No space left on device"):
        add(file, NIR7)
    assert folder_of(fat.parent) == before


def test_the_file_is_for_people_too(fat: Path) -> None:
    file = add(open_settings(fat), NIR7 | {"instrument": "Gerät 7"})
    text = file.path.read_text("utf-8")
    assert '"instrument": "Gerät 7"' in text and '"bias": 5e-324' in text and text.endswith("}\n")
    assert [*json.loads(text)] == ["format", "version", "bundle", "versions", "digest"]
