"""The library of templates: what was kept comes back, and nothing leads out of its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.store.errors import Refused
from n4akit.store.library import PipelineLibrary, TemplateExists, UnknownTemplate

CONFIG = {"steps": [{"class": "SNV"}, {"model": "PLS", "n_components": 5}]}


@pytest.fixture
def library(tmp_path: Path) -> PipelineLibrary:
    return PipelineLibrary(tmp_path / "workspace")


@pytest.mark.parametrize("config", [CONFIG, [{"class": "SNV"}, "PLS"], []])
def test_a_pipeline_comes_back(library: PipelineLibrary, config: Any) -> None:
    folder = library.save_template(config, "My PLS: v2", description="for wheat", tags=["wheat"], metrics={"rmse": 0.3})
    assert folder.name == "my_pls_v2" and folder.parent.name == "general"
    assert library.load_template("My PLS: v2") == config
    metadata = library.get_template_metadata("my pls v2")
    assert (metadata["name"], metadata["tags"], metadata["metrics"]) == ("My PLS: v2", ["wheat"], {"rmse": 0.3})
    assert metadata["created_at"].endswith("+00:00") and "for wheat" in (folder / "README.md").read_text("utf-8")


def test_templates_are_listed_in_order_by_category_and_by_any_tag(library: PipelineLibrary) -> None:
    for name, category, tags in (("b", "z", ["x"]), ("a", "z", ["y"]), ("c", "general", [])):
        library.save_template(CONFIG, name, category, tags=tags)
    assert [m["name"] for m in library.list_templates()] == ["c", "a", "b"]
    assert [m["name"] for m in library.list_templates("z")] == ["a", "b"]
    assert [m["name"] for m in library.list_templates(tags=["x", "q"])] == ["b"]


def test_overwriting_is_asked_for_and_keeps_the_time_of_making(library: PipelineLibrary) -> None:
    library.save_template(CONFIG, "a")
    made = library.get_template_metadata("a")["created_at"]
    with pytest.raises(TemplateExists, match="'a' in 'general' exists; overwrite=True"):
        library.save_template([], "a")
    library.save_template([], "a", overwrite=True)
    assert library.load_template("a") == [] and library.get_template_metadata("a")["created_at"] == made


def test_unknown_templates_are_named_with_those_there_are(library: PipelineLibrary) -> None:
    library.save_template(CONFIG, "a")
    for ask in (library.load_template, library.get_template_metadata, library.delete_template):
        with pytest.raises(UnknownTemplate, match="template 'b' is unknown; there is a"):
            ask("b")
    with pytest.raises(FileNotFoundError):
        library.load_template("a", category="other")


def test_a_name_in_two_categories_must_be_told_apart(library: PipelineLibrary) -> None:
    library.save_template(CONFIG, "a", "one")
    library.save_template([], "a", "two")
    with pytest.raises(Refused, match=r"in 2 categories \('one', 'two'\)"):
        library.load_template("a")
    assert library.load_template("a", "two") == []
    library.delete_template("a", "one")
    assert library.load_template("a") == []


def test_templates_travel_between_workspaces(library: PipelineLibrary, tmp_path: Path) -> None:
    library.save_template(CONFIG, "a", "wheat", notes="careful", tags=["t"])
    exported = library.export_template("a", tmp_path / "out")
    other = PipelineLibrary(tmp_path / "other")
    other.import_template(exported, category="barley")
    metadata = other.get_template_metadata("a")
    assert (metadata["category"], metadata["notes"], metadata["tags"]) == ("barley", "careful", ["t"])
    with pytest.raises(TemplateExists):
        library.export_template("a", tmp_path / "out")
    with pytest.raises(UnknownTemplate, match=r"metadata\.json"):
        other.import_template(tmp_path)


def test_a_pipeline_folder_becomes_a_template_with_its_metrics(library: PipelineLibrary, tmp_path: Path) -> None:
    (tmp_path / "pipeline.json").write_text(json.dumps(CONFIG), "utf-8")
    (tmp_path / "manifest.yaml").write_text("metrics:\n  rmse: 0.25\n", "utf-8")
    library.copy_from_pipeline(tmp_path, "copied")
    assert library.load_template("copied") == CONFIG
    assert library.get_template_metadata("copied")["metrics"] == {"rmse": 0.25}


def test_broken_files_are_named_not_skipped(library: PipelineLibrary) -> None:
    folder = library.save_template(CONFIG, "a")
    (folder / "metadata.json").write_text("{", "utf-8")
    with pytest.raises(Refused, match=r"metadata\.json: no JSON"):
        library.list_templates()


names = st.text(max_size=12) | st.sampled_from(["..", "../x", "/etc", "a/../..", ".", "con ", "~"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names, category=st.text(max_size=8))
def test_no_name_leads_out_of_the_library(tmp_path: Path, name: str, category: str) -> None:
    root = (tmp_path / "ws" / "library").resolve()
    library = PipelineLibrary(tmp_path / "ws")
    try:
        folder = library.save_template(CONFIG, name, category, overwrite=True)
    except Refused:
        return
    assert folder.resolve().parent.parent == root
    assert library.load_template(name, category) == CONFIG
