"""Files on demand: what is recorded, as any program reads it; whole or absent, whatever goes wrong."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.store import Refused, UnknownId, exports

from .study import Study, begin

ODD = "NUL \0, ü, 😀, \u2028, \x85, \ufeff, ---, : yes, 'single', \"double\"\nnew line"


def exporters(study: Study) -> dict[str, Callable[[Path], Path]]:
    store = study.store
    return {
        "config": lambda path: store.export_pipeline_config(study.pipeline, path),
        "run": lambda path: store.export_run(study.run, path),
        "parquet": lambda path: store.export_predictions_parquet(path),
    }


SUFFIXES = {"config": ".json", "run": ".yaml", "parquet": ".parquet"}


def test_a_configuration_is_json(study: Study, tmp_path: Path) -> None:
    config = {"steps": [{"class": "SNV", "name": ODD}, np.nan, None], 3: np.arange(2)}
    pipeline = study.new_pipeline(expanded_config=config)
    path = study.store.export_pipeline_config(pipeline, tmp_path / "config")
    expected = {"steps": [{"class": "SNV", "name": ODD}, "NaN", None], "3": [0, 1]}
    assert json.loads(path.read_text("utf-8")) == expected


def test_a_run_is_yaml_with_its_pipelines_and_their_chains(study: Study, tmp_path: Path) -> None:
    store = study.store
    second = study.new_pipeline(name="0002_rf")
    chain = study.new_chain(pipeline_id=second, branch_path=[1])
    begin(store, "another")
    store.complete_pipeline(study.pipeline, 0.25, math.nan, "rmse", 7)
    store.complete_run(study.run, {"best": 0.25})
    said = yaml.safe_load(store.export_run(study.run, tmp_path / "run").read_text("utf-8"))
    assert " ".join([*said][:8]) == "run_id name status created_at completed_at config datasets summary"
    run = store.get_run(study.run)
    assert {name: said[name] for name in said if name != "pipelines"} == run
    assert [pipeline["pipeline_id"] for pipeline in said["pipelines"]] == [study.pipeline, second]
    first = said["pipelines"][0]
    assert (first["status"], first["best_val"], first["metric"]) == ("completed", 0.25, "rmse")
    assert (first["dataset_name"], first["duration_ms"]) == ("wheat", 7)
    assert math.isnan(first["best_test"])
    assert [chains["chain_id"] for chains in first["chains"]] == [study.chain]
    assert said["pipelines"][1]["chains"] == [store.get_chain(chain)]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, st.dictionaries(TEXTS, TEXTS | st.floats() | st.integers() | st.none(), max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_safe_to_load(unchanged: Study, tmp_path: Path, name: str, config: dict[str, Any]) -> None:
    store = unchanged.store
    run = store.begin_run(name, config, [{"name": name}])
    said = yaml.safe_load(store.export_run(run, tmp_path / "run.yaml").read_text("utf-8"))
    found = store.get_run(run)
    assert found is not None
    assert (said["name"], repr(said["config"]), said["datasets"]) == (name, repr(found["config"]), [{"name": name}])


def test_predictions_are_parquet_in_the_order_of_saving(study: Study, tmp_path: Path) -> None:
    ids = [study.prediction(val_score=score, model_name=ODD) for score in (0.5, math.nan, None, math.inf)]
    study.prediction(partition="test")
    path = study.store.export_predictions_parquet(tmp_path / "predictions", partition="val")
    frame = pl.read_parquet(path)
    assert frame["prediction_id"].to_list() == ids
    assert str(frame["val_score"].to_list()) == "[0.5, nan, None, inf]"
    assert frame.equals(study.store.query_predictions(partition="val").reverse())
    assert dict(frame.schema) == dict(study.store.query_predictions().schema)


def test_parquet_is_compressed_with_zstd(study: Study, tmp_path: Path) -> None:
    study.prediction()
    group = pq.read_metadata(study.store.export_predictions_parquet(tmp_path / "p")).row_group(0)
    assert {group.column(number).compression for number in range(group.num_columns)} == {"ZSTD"}


def test_parquet_of_nothing_is_valid(study: Study, tmp_path: Path) -> None:
    study.prediction()
    frame = pl.read_parquet(study.store.export_predictions_parquet(tmp_path / "p", dataset_name="%"))
    assert frame.is_empty()
    assert dict(frame.schema) == dict(study.store.query_predictions().schema)


def test_parquet_of_many_rows_is_written_in_parts(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS", 2048)
    ids = [study.prediction() for _ in range(5000)]
    path = study.store.export_predictions_parquet(tmp_path / "p")
    assert pq.read_metadata(path).num_row_groups > 1
    assert pl.read_parquet(path)["prediction_id"].to_list() == ids


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_path_without_suffix_gets_one_and_folders_are_made(name: str, study: Study, tmp_path: Path) -> None:
    export, folder, written = exporters(study)[name], tmp_path / "a" / "b", f"out{SUFFIXES[name]}"
    assert export(folder / "out") == folder / written
    assert export(folder / "out.x") == folder / "out.x"
    assert {path.name for path in folder.iterdir()} == {written, "out.x"}


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_folder_is_no_place_for_a_file(name: str, study: Study, tmp_path: Path) -> None:
    (tmp_path / "folder.d").mkdir()
    with pytest.raises(Refused, match=r"folder\.d: is a folder"):
        exporters(study)[name](tmp_path / "folder.d")


def test_what_is_not_recorded_is_a_key_error_and_leaves_nothing(study: Study, tmp_path: Path) -> None:
    for export in (study.store.export_run, study.store.export_pipeline_config, study.store.export_chain):
        with pytest.raises(UnknownId, match="nobody"):
            export("nobody", tmp_path / "new" / "out")
    assert not [*tmp_path.glob("new*")]


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_file_is_replaced_whole_or_not_at_all(
    name: str, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.prediction()
    out = tmp_path / "exports"
    path = exporters(study)[name](out / "out")
    path.write_bytes(b"the file of yesterday")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk, pytest.raises(OSError, match="No space left"):
        disk.setattr(os, "fsync", full)
        exporters(study)[name](path)
    assert path.read_bytes() == b"the file of yesterday"
    assert [*out.iterdir()] == [path]
    exporters(study)[name](path)
    assert path.read_bytes() != b"the file of yesterday"


def test_a_link_to_a_file_is_replaced_and_the_file_is_left(study: Study, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "out.yaml").symlink_to(tmp_path / "precious")
    study.store.export_run(study.run, tmp_path / "out.yaml")
    assert (tmp_path / "precious").read_text() == "kept"
