"""From files and folders to models: what is sound is served by its name, what is not is kept with its reasons."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import shutil
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import Bundle, load
from n4akit.bundle.errors import BundleError
from n4akit.serve.errors import Unavailable, UnknownModel
from n4akit.serve.layout import File
from n4akit.serve.repository import Repository, open_repository
from n4akit.serve.settings import Settings
from n4akit.serve.slot import Model
from n4akit.serve.weight import weight
from numpy.typing import NDArray

from .server import adjust, put

Matrix = NDArray[np.float64]


@contextmanager
def opened(*paths: Path, **settings: Any) -> Iterator[Repository]:
    with closing(open_repository(Settings(paths, **settings))) as repository:
        yield repository


def get(repository: Repository, name: str, version: str | None = None) -> Model:
    return asyncio.run(repository.get(name, version))


def served(repository: Repository) -> set[str]:
    return {name for name, one in repository.models.items() if one.sound}


def failed(repository: Repository) -> dict[str, str]:
    """What is wrong, by model."""
    return {
        name: "; ".join(problem for _, problems in one.troubles() for problem in problems)
        for name, one in repository.models.items()
        if [*one.troubles()]
    }


def looks(repository: Repository, count: int = 2) -> None:
    for _ in range(count):
        repository.renew(patient=True)


@pytest.fixture
def oats(models: Path, tmp_path: Path) -> Path:
    """A folder with one model of two versions: 9 is `fat`, 10 is `trio`."""
    (tmp_path / "models" / "oats").mkdir(parents=True)
    shutil.copy(models / "fat.n4a", tmp_path / "models" / "oats" / "9.n4a")
    shutil.copy(models / "trio.n4a", tmp_path / "models" / "oats" / "10.n4a")
    return tmp_path / "models"


# What is there


def test_a_folder_gives_each_bundle_the_name_of_its_file(models: Path, spectra: Matrix) -> None:
    with opened(models) as repository:
        assert served(repository) == {"fat", "plain", "trio"} and not failed(repository)
        for name in served(repository):
            bundle = load(models / f"{name}.n4a")
            model = get(repository, name)
            assert model.bundle.predict(spectra).tobytes() == bundle.predict(spectra).tobytes()
            assert (model.name, model.version, model.digest) == (name, "1", bundle.digest)


def test_names_are_any_that_a_file_can_have(fat: Path, tmp_path: Path) -> None:
    names = ["Schwein & Rind 50 %", "fat.v2", "жир", "a'b\"c", "a@b"]
    for name in names:
        shutil.copy(fat, tmp_path / f"{name}.n4a")
    with opened(tmp_path) as repository:
        assert served(repository) == {*names} and get(repository, "a@b").name == "a@b"
        assert [repository.model_of(name) for name in ("a@b", "a@b@1", "oats@1")] == ["a@b", "a@b", "oats@1"]


def test_what_is_not_sound_is_kept_with_all_that_is_wrong(unsound: Path, models: Path) -> None:
    with opened(models, unsound) as repository:
        assert served(repository) == {"fat", "plain", "trio"}
        said = failed(repository)
        assert {*said} == {"cut", "damaged", "mutant", "pickled"} == {*repository.lacking}
        assert "its end is missing" in said["cut"]
        assert "its content does not match its checksum" in said["damaged"]
        assert "golden row 1: the compiled plan answers" in said["mutant"] and "; golden row 2" in said["mutant"]
        assert "holds pickled steps (builtins.abs)" in said["pickled"]


@pytest.mark.parametrize("content", [None, b"", b"hello", b"PK\5\6" + bytes(18)])
def test_what_is_no_bundle_is_kept_too(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.n4a"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with opened(tmp_path) as repository:
        assert not served(repository) and {*failed(repository)} == {"x"}


def test_a_bundle_that_is_gone_is_kept_too(tmp_path: Path) -> None:
    with opened(tmp_path / "x.n4a") as repository:
        assert failed(repository) == {"x": "it cannot be opened: No such file or directory"}


def test_two_of_one_name_are_both_refused_whatever_their_order(models: Path, fat: Path, tmp_path: Path) -> None:
    """Which of the two was meant is not guessed."""
    other, third = tmp_path / "one" / "fat.n4a", tmp_path / "two" / "fat.n4a"
    for path in (other, third):
        path.parent.mkdir()
        shutil.copy(models / "trio.n4a", path)
    for paths in ([models, other], [other, models], [other, fat, third]):
        with opened(*paths) as repository:
            assert "fat" not in served(repository)
            assert failed(repository) == {"fat": "two bundles have this name; rename one"}
            with pytest.raises(UnknownModel, match="model 'fat' is not served: two bundles have this name"):
                get(repository, "fat")


def test_a_model_that_is_not_there_is_told_with_those_that_are(models: Path, tmp_path: Path) -> None:
    with opened(models) as repository:
        for name in ("fat.n4a", "oats@1"):
            with pytest.raises(
                UnknownModel, match=re.escape(f"no model {name!r} is served; there is fat, plain, trio")
            ):
                get(repository, name)
    with opened(tmp_path) as repository, pytest.raises(UnknownModel, match="no model 'fat' is served; there is none"):
        get(repository, "fat")


def test_a_model_that_failed_is_told_with_its_reasons(unsound: Path) -> None:
    with (
        opened(unsound) as repository,
        pytest.raises(UnknownModel, match="model 'mutant' is not served: golden row 1") as caught,
    ):
        get(repository, "mutant")
    assert isinstance(caught.value, KeyError) and str(caught.value).startswith("model"), "no quotes of a KeyError"


# Versions and aliases


def test_versions_are_asked_by_name_and_the_newest_answers_by_default(oats: Path, models: Path) -> None:
    nine, ten = load(models / "fat.n4a").digest, load(models / "trio.n4a").digest
    with opened(oats) as repository:
        assert get(repository, "oats").digest == ten, "10 is newer than 9"
        assert get(repository, "oats", "9").digest == nine == get(repository, "oats@9").digest
        with pytest.raises(UnknownModel, match="model 'oats' has no version or alias '11'; there is 10, 9"):
            get(repository, "oats", "11")


def test_an_alias_is_asked_like_a_version_and_default_says_who_answers(oats: Path, models: Path) -> None:
    (oats / "oats" / "stable.n4a").symlink_to("9.n4a")
    (oats / "oats" / "default.n4a").symlink_to("stable.n4a")
    with opened(oats) as repository:
        assert get(repository, "oats@stable").version == get(repository, "oats").version == "9"
        put_link(oats / "oats" / "stable.n4a", "10.n4a")
        looks(repository)
        assert get(repository, "oats@stable").version == get(repository, "oats").version == "10"


def put_link(path: Path, target: str) -> None:
    part = path.with_name(".link")
    part.symlink_to(target)
    part.replace(path)


def test_the_newest_that_is_sound_answers(oats: Path, unsound: Path) -> None:
    with opened(oats) as repository:
        put(unsound / "mutant.n4a", oats / "oats" / "11.n4a")
        looks(repository)
        assert get(repository, "oats").version == "10"
        assert "golden row 1" in failed(repository)["oats"] and not repository.lacking
        with pytest.raises(UnknownModel, match="model 'oats', version '11', is not served: golden row 1"):
            get(repository, "oats", "11")


def test_an_alias_does_not_move_to_what_cannot_be_served(oats: Path, unsound: Path) -> None:
    (oats / "oats" / "stable.n4a").symlink_to("9.n4a")
    with opened(oats) as repository:
        put(unsound / "cut.n4a", oats / "oats" / "11.n4a")
        put_link(oats / "oats" / "stable.n4a", "11.n4a")
        looks(repository)
        assert get(repository, "oats@stable").version == "9"
        assert "alias 'stable' goes on standing for '9': version '11' cannot be served" in failed(repository)["oats"]


# Renewal


def test_what_comes_changes_and_goes_is_taken_when_two_looks_agree(models: Path, tmp_path: Path) -> None:
    digests = {name: load(models / f"{name}.n4a").digest for name in ("fat", "plain", "trio")}
    put(models / "fat.n4a", tmp_path / "one.n4a")
    with opened(tmp_path) as repository:
        put(models / "plain.n4a", tmp_path / "two.n4a")
        put(models / "trio.n4a", tmp_path / "one.n4a")
        looks(repository, 1)
        assert served(repository) == {"one"} and get(repository, "one").digest == digests["fat"]
        looks(repository, 1)
        assert get(repository, "one").digest == digests["trio"]
        assert get(repository, "two").digest == digests["plain"]
        (tmp_path / "one.n4a").unlink()
        looks(repository, 1)
        assert served(repository) == {"one", "two"}
        looks(repository, 1)
        assert served(repository) == {"two"}
        with pytest.raises(UnknownModel, match="no model 'one' is served; there is two"):
            get(repository, "one")


def test_a_file_that_is_being_written_is_not_read(models: Path, tmp_path: Path) -> None:
    read: list[int] = []

    def loading(name: str, file: File) -> Bundle:
        read.append(file.path.stat().st_size)
        return load(file.path)

    data = (models / "fat.n4a").read_bytes()
    with closing(Repository([tmp_path], loading)) as repository, (tmp_path / "fat.n4a").open("wb") as file:
        for start in range(0, len(data), 5000):
            file.write(data[start : start + 5000])
            file.flush()
            looks(repository, 1)
        looks(repository)
        assert read == [len(data)] and served(repository) == {"fat"} and not failed(repository)


def test_a_look_when_told_makes_the_next_no_second_one(models: Path, tmp_path: Path) -> None:
    """Of `fat` alone: what else it saw may still be written, and the two looks lie as close as they may."""
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    with opened(tmp_path) as repository:
        put(models / "trio.n4a", tmp_path / "trio.n4a")
        (tmp_path / "fat.n4a").rename(tmp_path / "fat")
        repository.renew(patient=False, only="plain")
        looks(repository, 1)
        assert served(repository) == {"fat"}
        looks(repository, 1)
        assert served(repository) == {"trio"}


def test_a_new_content_that_fails_leaves_the_old_one_serving(models: Path, unsound: Path, tmp_path: Path) -> None:
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    with opened(tmp_path) as repository:
        before = get(repository, "fat")
        for bad, said in (
            ("mutant", "golden row 1"),
            ("cut", "its end is missing"),
            ("pickled", "holds pickled steps"),
        ):
            put(unsound / f"{bad}.n4a", tmp_path / "fat.n4a")
            looks(repository)
            assert get(repository, "fat") is before and said in failed(repository)["fat"]
            assert not repository.lacking, "it goes on serving"
        put(models / "trio.n4a", tmp_path / "fat.n4a")
        looks(repository)
        assert get(repository, "fat").digest == load(models / "trio.n4a").digest and not failed(repository)


def test_what_came_of_each_version_is_told_once(models: Path, unsound: Path, tmp_path: Path) -> None:
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    told: list[str] = []
    with closing(open_repository(Settings((tmp_path,)), told.append)) as repository:
        assert told == [], "the start is no news"
        put(models / "plain.n4a", tmp_path / "oats.n4a")
        put(unsound / "mutant.n4a", tmp_path / "fat.n4a")
        for _ in range(3):
            repository.renew(patient=True)
        (tmp_path / "oats.n4a").unlink()
        repository.renew(patient=False, only="oats")
    assert told == ["failed", "loaded", "dropped"]


def test_a_file_that_failed_is_tried_again_when_it_changes_or_when_told(models: Path, tmp_path: Path) -> None:
    tried: list[str] = []

    def loading(name: str, file: File) -> Bundle:
        tried.append(name)
        raise BundleError("not today")

    put(models / "fat.n4a", tmp_path / "fat.n4a")
    with closing(Repository([tmp_path], loading)) as repository:
        looks(repository, 5)
        assert len(tried) == 1
        repository.renew(patient=False)
        assert len(tried) == 2
        os.utime(tmp_path / "fat.n4a")
        looks(repository, 5)
        assert len(tried) == 3


def test_an_error_that_nobody_expected_stops_no_other_model(models: Path, caplog: pytest.LogCaptureFixture) -> None:
    def loading(name: str, file: File) -> Bundle:
        if name == "fat":
            raise RuntimeError("secret")
        return load(file.path)

    with closing(Repository([models], loading)) as repository:
        assert served(repository) == {"plain", "trio"}
        assert failed(repository) == {"fat": "loading it met an unexpected error; the server's log says more"}
        assert "secret" in caplog.text


def test_what_is_the_same_to_the_bit_is_not_replaced(models: Path, tmp_path: Path) -> None:
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    with opened(tmp_path) as repository:
        before = get(repository, "fat")
        put(models / "fat.n4a", tmp_path / "fat.n4a")
        looks(repository)
        assert get(repository, "fat") is before


def test_who_holds_a_model_finishes_with_it(models: Path, spectra: Matrix, tmp_path: Path) -> None:
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    with opened(tmp_path) as repository:
        model = get(repository, "fat")
        put(models / "plain.n4a", tmp_path / "fat.n4a")
        looks(repository)
        (tmp_path / "fat.n4a").unlink()
        looks(repository)
        assert model.bundle.predict(spectra).tobytes() == load(models / "fat.n4a").predict(spectra).tobytes()


def test_a_look_when_told_takes_what_is_there_and_one_model_alone_if_that_was_said(
    models: Path, tmp_path: Path
) -> None:
    with opened(tmp_path) as repository:
        put(models / "fat.n4a", tmp_path / "fat.n4a")
        put(models / "trio.n4a", tmp_path / "trio.n4a")
        asyncio.run(repository.look(patient=False, only="trio"))
        assert served(repository) == {"trio"}
        asyncio.run(repository.look(patient=False))
        assert served(repository) == {"fat", "trio"}


def test_a_folder_that_cannot_be_listed_changes_nothing(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    with opened(folder) as repository:
        folder.rename(tmp_path / "away")
        for _ in range(3):
            with pytest.raises(FileNotFoundError):
                repository.renew(patient=True)
        assert served(repository) == {"fat", "plain", "trio"}


def test_a_second_of_one_name_leaves_the_first_serving(models: Path, tmp_path: Path) -> None:
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    with opened(tmp_path) as repository:
        before = get(repository, "fat")
        (tmp_path / "fat").mkdir()
        put(models / "trio.n4a", tmp_path / "fat" / "2.n4a")
        looks(repository)
        assert get(repository, "fat") is before and "two bundles" in failed(repository)["fat"]


# Settings beside a bundle


def bias_and_settings(repository: Repository, spectra: Matrix, name: str = "fat") -> tuple[float, str | None]:
    """What is added to what the model answers, and the digest that its records carry."""
    result = get(repository, name).bundle.predict_full(spectra)
    return round(float(result.values[0] - result.value_raw[0]), 9), result.settings


@pytest.mark.parametrize("patient", [True, False])
def test_settings_that_come_change_and_go_are_applied(
    models: Path, tmp_path: Path, spectra: Matrix, patient: bool
) -> None:
    bundle = put(models / "fat.n4a", tmp_path / "fat.n4a")
    told: list[str] = []
    with closing(open_repository(Settings((tmp_path,)), told.append)) as repository:
        for bias in (1.0, 2.0):
            before = bias_and_settings(repository, spectra)
            digest = adjust(bundle, bias)
            if patient:
                looks(repository, 1)
                assert bias_and_settings(repository, spectra) == before, "it may still be written"
            repository.renew(patient=patient)
            assert bias_and_settings(repository, spectra) == (bias, digest)
            slot = repository.find("fat")
            assert slot.facts is not None and slot.facts["settings"] == digest
        (tmp_path / "fat.settings.json").unlink()
        for _ in range(2):
            repository.renew(patient=patient)
        assert bias_and_settings(repository, spectra) == (0.0, None)
    assert told == ["loaded"] * 3


def test_settings_that_are_none_leave_the_old_ones_serving_and_say_why(
    models: Path, tmp_path: Path, spectra: Matrix, caplog: pytest.LogCaptureFixture
) -> None:
    bundle, trio = put(models / "fat.n4a", tmp_path / "fat.n4a"), put(models / "trio.n4a", tmp_path / "trio.n4a")
    digest, _ = adjust(bundle, 1.0), adjust(trio, 1.0)
    good = (tmp_path / "fat.settings.json").read_bytes()
    with opened(tmp_path) as repository:
        model = get(repository, "fat")
        for bad, said in (
            (b"{", "settings: the file is not JSON"),
            (good.replace(b"ring test", b"ring tests"), "settings: digest: "),
            ((tmp_path / "trio.settings.json").read_bytes(), "settings: bundle: these are settings of the bundle"),
        ):
            (tmp_path / "fat.settings.json").write_bytes(bad)
            looks(repository)
            assert get(repository, "fat") is model and bias_and_settings(repository, spectra) == (1.0, digest)
            assert failed(repository)["fat"].startswith(said) and not repository.lacking
            assert f"model 'fat' goes on as {model.digest} with settings {digest}: {said}" in caplog.text
        (tmp_path / "fat.settings.json").unlink()
        (tmp_path / "fat.settings.json").mkdir()
        looks(repository)
        assert failed(repository)["fat"] == "settings: they cannot be read: Is a directory"
        (tmp_path / "fat.settings.json").rmdir()
        (tmp_path / "fat.settings.json").write_bytes(good)
        looks(repository)
        assert get(repository, "fat") is model and not failed(repository), "which they were before"
    assert "unexpected" not in caplog.text


def test_a_model_whose_settings_are_none_is_not_served_without_them(models: Path, tmp_path: Path) -> None:
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    (tmp_path / "fat.settings.json").write_text("{}", "utf-8")
    for lazy in (False, True):
        with opened(tmp_path, lazy=lazy) as repository:
            with pytest.raises(UnknownModel, match="model 'fat' is not served: settings: format: None"):
                get(repository, "fat")
            assert {*repository.lacking} == {"fat"}


def test_a_bundle_and_its_settings_that_are_replaced_one_after_the_other_are_never_mixed(
    models: Path, tmp_path: Path, spectra: Matrix
) -> None:
    put(models / "trio.n4a", tmp_path / "new.n4a")
    old, new = (
        (load(models / f"{name}.n4a").digest, adjust(put(models / f"{name}.n4a", tmp_path / f"{name}.n4a"), 1.0))
        for name in ("fat", "trio")
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    moves = {"bundle": ("trio.n4a", "fat.n4a"), "settings": ("trio.settings.json", "fat.settings.json")}
    for first, second in (("bundle", "settings"), ("settings", "bundle")):
        for name in ("fat.n4a", "fat.settings.json"):
            put(tmp_path / name, folder / name)
        with opened(folder) as repository:
            for move, expected in ((first, old), (second, new)):
                put(tmp_path / moves[move][0], folder / moves[move][1])
                for _ in range(3):
                    looks(repository, 1)
                    model = get(repository, "fat")
                    assert (model.digest, model.settings) in (old, new)
                assert (model.digest, model.settings) == expected
            assert not failed(repository)


def test_what_was_let_go_is_loaded_again_with_the_settings_that_there_are_then(
    models: Path, tmp_path: Path, spectra: Matrix
) -> None:
    bundle = put(models / "fat.n4a", tmp_path / "fat.n4a")
    told: list[str] = []
    with closing(open_repository(Settings((tmp_path,)), told.append)) as repository:
        for bias in (1.0, 2.0):
            repository._memory.drop(repository.find("fat"))
            digest = adjust(bundle, bias)
            assert bias_and_settings(repository, spectra) == (bias, digest)
        looks(repository)
        assert bias_and_settings(repository, spectra) == (2.0, digest) and told == ["loaded"] * 2
        repository._memory.drop(repository.find("fat"))
        (tmp_path / "fat.settings.json").write_text("{", "utf-8")
        with pytest.raises(Unavailable, match="cannot be loaded again now: settings: the file is not JSON"):
            get(repository, "fat")


# Trust


def test_pickled_steps_are_loaded_for_those_that_the_settings_name(unsound: Path, tmp_path: Path) -> None:
    put(unsound / "pickled.n4a", tmp_path / "one.n4a")
    put(unsound / "pickled.n4a", tmp_path / "two.n4a")
    digest = load(tmp_path / "one.n4a", allow_opaque=True).digest
    for allowed, expected in (((), set()), (("two",), {"two"}), ((digest,), {"one", "two"}), ((digest[:12],), set())):
        with opened(tmp_path, allow_opaque=allowed) as repository:
            assert served(repository) == expected, allowed


# Memory


def test_loaded_bundles_hold_no_more_than_the_bound(models: Path, spectra: Matrix) -> None:
    weights = {name: weight(load(models / f"{name}.n4a", threads=1)) for name in ("fat", "plain", "trio")}
    bound = max(weights.values()) + min(weights.values())
    assert bound < sum(weights.values())
    with opened(models, memory=bound) as repository:
        assert served(repository) == {*weights} and not failed(repository)
        for name in ["fat", "plain", "trio", "fat", "trio", "plain"] * 2:
            model = get(repository, name)
            assert model.bundle.predict(spectra).tobytes() == load(models / f"{name}.n4a").predict(spectra).tobytes()
            held = [one.slots["1"].model for one in repository.models.values()]
            assert sum(one.weight for one in held if one) == repository.memory <= bound
            assert any(one and one.name == name for one in held)


def test_who_was_not_asked_longest_is_let_go(models: Path) -> None:
    with opened(models, memory=10**9) as repository:
        for name in ("plain", "fat", "trio", "fat"):
            get(repository, name)
            time.sleep(0.001)
        newcomer = repository.find("trio")
        repository._memory.bound = repository.memory - 1
        repository._memory._make_room(newcomer, newcomer.weight)
        assert {name for name, one in repository.models.items() if one.slots["1"].model} == {"fat", "trio"}


def test_memory_of_a_bundle_that_is_let_go_is_given_back(fat: Path) -> None:
    with opened(fat) as repository:
        gone = weakref.ref(get(repository, "fat").bundle._contents)
        gc.disable()
        try:
            repository._memory.drop(repository.find("fat"))
            assert gone() is None, "at once, not when garbage is next collected"
        finally:
            gc.enable()


def test_a_bundle_larger_than_the_bound_takes_the_place_of_nobody(models: Path, tmp_path: Path) -> None:
    put(models / "plain.n4a", tmp_path / "plain.n4a")
    with opened(tmp_path, memory=3000) as repository:
        before = repository.find("plain").model
        put(models / "trio.n4a", tmp_path / "trio.n4a")
        looks(repository)
        assert "all models may hold 3000" in failed(repository)["trio"]
        assert before is not None and repository.find("plain").model is before


def test_a_bundle_larger_than_the_bound_is_not_served(models: Path) -> None:
    with opened(models, memory=100) as repository:
        assert not served(repository)
        assert re.fullmatch(
            r"it holds \d+ bytes in memory, and all models may hold 100 \(memory\)", failed(repository)["fat"]
        )


def test_what_was_let_go_and_is_now_broken_is_told_as_a_matter_of_time(models: Path, tmp_path: Path) -> None:
    put(models / "fat.n4a", tmp_path / "fat.n4a")
    with opened(tmp_path) as repository:
        repository._memory.drop(repository.find("fat"))
        (tmp_path / "fat.n4a").write_bytes(b"half")
        with pytest.raises(Unavailable, match="model 'fat' was let go and cannot be loaded again now: 4 bytes"):
            get(repository, "fat")
        put(models / "fat.n4a", tmp_path / "fat.n4a")
        assert get(repository, "fat").digest == load(models / "fat.n4a").digest


# Lazy


class Slow:
    """Loads when it is told to, and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.go = threading.Event()

    def __call__(self, name: str, file: File) -> Bundle:
        self.calls += 1
        assert self.go.wait(20)
        return load(file.path, threads=1)


def test_concurrent_first_requests_load_once_and_the_loop_goes_on(fat: Path) -> None:
    slow = Slow()

    async def ask(repository: Repository) -> list[Model]:
        waiting = [asyncio.ensure_future(repository.get("fat")) for _ in range(50)]
        await asyncio.sleep(0.05)
        assert slow.calls == 1 and not any(one.done() for one in waiting)
        assert repository.memory == 0 and {*repository.models} == {"fat"}, "which can be asked meanwhile"
        waiting[0].cancel()  # who stops waiting takes nothing from the others
        slow.go.set()
        return await asyncio.gather(*waiting[1:])

    with closing(Repository([fat], slow, lazy=True)) as repository:
        assert slow.calls == 0 and served(repository) == {"fat"}
        models = asyncio.run(ask(repository))
        assert slow.calls == 1 and len({*models}) == 1
        assert models[0] is get(repository, "fat") and slow.calls == 1


def test_a_lazy_model_that_is_not_sound_is_refused_when_it_is_first_asked(unsound: Path, models: Path) -> None:
    with opened(unsound, models, lazy=True) as repository:
        assert not failed(repository) and repository.memory == 0
        with pytest.raises(UnknownModel, match=r"model 'cut' is not served: .*its end is missing"):
            get(repository, "cut")
        assert {*failed(repository)} == {"cut"} == {*repository.lacking}
        assert get(repository, "fat").digest == load(models / "fat.n4a").digest
