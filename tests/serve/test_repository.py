"""From files and folders to models: what is sound is served by its name, what is not is kept with its reasons."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from n4akit import load
from n4akit.serve.errors import UnknownModel
from n4akit.serve.repository import open_repository
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def test_a_folder_gives_each_bundle_the_name_of_its_file(models: Path, spectra: Matrix) -> None:
    repository = open_repository([models])
    assert {*repository.models} == {"fat", "plain", "trio"} and not repository.failed
    for name in repository.models:
        expected = load(models / f"{name}.n4a").predict(spectra)
        assert repository.get(name).predict(spectra).tobytes() == expected.tobytes()


def test_bundles_may_be_named_one_by_one(models: Path) -> None:
    assert {*open_repository([models / "trio.n4a", models / "fat.n4a"]).models} == {"fat", "trio"}


def test_only_the_bundles_of_a_folder_are_looked_at(fat: Path, tmp_path: Path) -> None:
    shutil.copy(fat, tmp_path / "one.n4a")
    for name in ("notes.txt", "one.n4a.py", ".one.n4a.1f2e.part", "two.n4a.bak"):
        (tmp_path / name).write_text("no bundle", "utf-8")
    (tmp_path / "older").mkdir()
    shutil.copy(fat, tmp_path / "older" / "one.n4a")
    repository = open_repository([tmp_path])
    assert {*repository.models} == {"one"} and not repository.failed


def test_names_are_any_that_a_file_can_have(fat: Path, tmp_path: Path) -> None:
    names = ["Schwein & Rind 50 %", "fat.v2", "жир", "a'b\"c"]
    for name in names:
        shutil.copy(fat, tmp_path / f"{name}.n4a")
    assert {*open_repository([tmp_path]).models} == {*names}


def test_what_is_not_sound_is_kept_with_all_that_is_wrong(unsound: Path, models: Path) -> None:
    repository = open_repository([models, unsound])
    assert {*repository.models} == {"fat", "plain", "trio"}
    assert {*repository.failed} == {"cut", "damaged", "mutant", "pickled"}
    said = {name: "; ".join(problems) for name, problems in repository.failed.items()}
    assert "its end is missing" in said["cut"]
    assert "its content does not match its checksum" in said["damaged"]
    assert "golden row 1: the compiled plan answers" in said["mutant"] and len(repository.failed["mutant"]) > 1
    assert "holds pickled steps (builtins.abs)" in said["pickled"]


@pytest.mark.parametrize("content", [None, b"", b"hello", b"PK\5\6" + bytes(18)])
def test_what_is_no_bundle_is_kept_too(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.n4a"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    repository = open_repository([tmp_path])
    assert not repository.models and {*repository.failed} == {"x"}


def test_a_bundle_that_is_gone_is_kept_too(tmp_path: Path) -> None:
    assert open_repository([tmp_path / "x.n4a"]).failed == {"x": ("it cannot be opened: No such file or directory",)}


def test_two_of_one_name_are_both_refused_whatever_their_order(models: Path, fat: Path, tmp_path: Path) -> None:
    """Which of the two was meant is not guessed."""
    other = tmp_path / "one" / "fat.n4a"
    third = tmp_path / "two" / "fat.n4a"
    for path in (other, third):
        path.parent.mkdir()
        shutil.copy(models / "trio.n4a", path)
    for paths in ([models, other], [other, models], [other, fat, third]):
        repository = open_repository(paths)
        assert "fat" not in repository.models
        assert repository.failed["fat"] == ("two bundles have this name; rename one",)


def test_a_model_that_is_not_there_is_told_with_those_that_are(models: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match=re.escape("no model 'fat.n4a' is served; there is fat, plain, trio")):
        open_repository([models]).get("fat.n4a")
    with pytest.raises(UnknownModel, match="no model 'fat' is served; there is none"):
        open_repository([tmp_path]).get("fat")


def test_a_model_that_failed_is_told_with_its_reasons(unsound: Path) -> None:
    with pytest.raises(UnknownModel, match="model 'mutant' is not served: golden row 1") as caught:
        open_repository([unsound]).get("mutant")
    assert isinstance(caught.value, KeyError) and str(caught.value).startswith("model"), "no quotes of a KeyError"


def test_a_bundle_that_is_replaced_goes_on_answering_as_it_was_loaded(
    models: Path, spectra: Matrix, tmp_path: Path
) -> None:
    path = tmp_path / "fat.n4a"
    shutil.copy(models / "fat.n4a", path)
    model = open_repository([tmp_path]).get("fat")
    (tmp_path / "new").write_bytes((models / "plain.n4a").read_bytes())
    (tmp_path / "new").replace(path)
    assert model.predict(spectra).tobytes() == load(models / "fat.n4a").predict(spectra).tobytes()
