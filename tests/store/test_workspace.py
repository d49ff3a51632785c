"""The face of a workspace: the 34 methods of the reference, seven tables, two resources, and what closing means."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import duckdb
import numpy as np
import polars as pl
import pytest
from n4akit.bundle import N4aError
from n4akit.store import (
    Busy,
    Closed,
    DamagedObject,
    ReadOnly,
    Refused,
    StoreError,
    UnknownId,
    WorkspaceError,
    WorkspaceStore,
    replay_chain,
)

from .study import Study, begin

REFERENCE = {
    "begin_run": "name, config, datasets -> str",
    "complete_run": "run_id, summary -> None",
    "fail_run": "run_id, error -> None",
    "begin_pipeline": "run_id, name, expanded_config, generator_choices, dataset_name, dataset_hash -> str",
    "complete_pipeline": "pipeline_id, best_val, best_test, metric, duration_ms -> None",
    "fail_pipeline": "pipeline_id, error -> None",
    "save_chain": "pipeline_id, steps, model_step_idx, model_class, preprocessings, fold_strategy, fold_artifacts, "
    "shared_artifacts, branch_path=None, source_index=None -> str",
    "get_chain": "chain_id -> dict | None",
    "get_chains_for_pipeline": "pipeline_id -> DataFrame",
    "save_prediction": "pipeline_id, chain_id, dataset_name, model_name, model_class, fold_id, partition, val_score, "
    "test_score, train_score, metric, task_type, n_samples, n_features, scores, best_params, branch_id, branch_name, "
    "exclusion_count, exclusion_rate, preprocessings='' -> str",
    "save_prediction_arrays": "prediction_id, y_true, y_pred, y_proba=None, sample_indices=None, weights=None -> None",
    "save_artifact": "obj, operator_class, artifact_type, format -> str",
    "load_artifact": "artifact_id -> Any",
    "get_artifact_path": "artifact_id -> Path",
    "log_step": "pipeline_id, step_idx, operator_class, event, duration_ms=None, message=None, details=None, "
    "level='info' -> None",
    "get_run": "run_id -> dict | None",
    "list_runs": "status=None, dataset=None, limit=100, offset=0 -> DataFrame",
    "get_pipeline": "pipeline_id -> dict | None",
    "list_pipelines": "run_id=None, dataset_name=None -> DataFrame",
    "get_prediction": "prediction_id, load_arrays=False -> dict | None",
    "query_predictions": "dataset_name=None, model_class=None, partition=None, fold_id=None, branch_id=None, "
    "pipeline_id=None, run_id=None, limit=None, offset=0 -> DataFrame",
    "top_predictions": "n, metric='val_score', ascending=True, partition='val', dataset_name=None, group_by=None "
    "-> DataFrame",
    "get_pipeline_log": "pipeline_id -> DataFrame",
    "get_run_log_summary": "run_id -> DataFrame",
    "export_chain": "chain_id, output_path, format='n4a' -> Path",
    "export_pipeline_config": "pipeline_id, output_path -> Path",
    "export_run": "run_id, output_path -> Path",
    "export_predictions_parquet": "output_path, **filters -> Path",
    "replay_chain": "chain_id, X, wavelengths=None -> ndarray",
    "delete_run": "run_id, delete_artifacts=True -> int",
    "delete_prediction": "prediction_id -> bool",
    "gc_artifacts": " -> int",
    "vacuum": " -> None",
    "close": " -> None",
}
"""The storage API's methods: parameters by name, with their defaults, and what is answered."""

ANSWERS = {
    "str": str,
    "None": type(None),
    "dict | None": dict[str, Any] | None,
    "DataFrame": pl.DataFrame,
    "Any": Any,
    "Path": Path,
    "int": int,
    "bool": bool,
    "ndarray": np.ndarray[Any, Any],
}

TABLES = {"runs", "pipelines", "chains", "predictions", "prediction_arrays", "artifacts", "logs"}


def method(name: str) -> Callable[..., Any]:
    found = getattr(WorkspaceStore, name)
    assert inspect.isfunction(found)
    return found


def test_the_public_methods_are_those_of_the_reference() -> None:
    public = {name for name, value in vars(WorkspaceStore).items() if not name.startswith("_") and callable(value)}
    assert len(REFERENCE) == 34
    assert public == set(REFERENCE)


@pytest.mark.parametrize("name", REFERENCE)
def test_each_method_is_called_as_in_the_reference(name: str) -> None:
    parameters = [*inspect.signature(method(name)).parameters.values()][1:]
    plain = [parameter.replace(annotation=parameter.empty) for parameter in parameters]
    assert ", ".join(map(str, plain)) == REFERENCE[name].rpartition(" -> ")[0]


@pytest.mark.parametrize("name", REFERENCE)
def test_each_method_is_hinted_and_described(name: str) -> None:
    hints = get_type_hints(method(name))
    assert hints["return"] == ANSWERS[REFERENCE[name].rpartition(" -> ")[2]]
    assert set(hints) == {*inspect.signature(method(name)).parameters} - {"self"} | {"return"}
    assert inspect.getdoc(method(name))


def test_the_constructor_takes_the_path_of_the_workspace() -> None:
    assert get_type_hints(WorkspaceStore.__init__)["workspace_path"] is Path


def test_a_workspace_is_made_where_there_was_none(tmp_path: Path) -> None:
    with WorkspaceStore(tmp_path / "deep" / "inside") as store:
        assert store.workspace_path == tmp_path / "deep" / "inside"
        assert (store.workspace_path / "store.duckdb").is_file()
        assert (store.workspace_path / "artifacts").is_dir()


def test_the_schema_main_holds_the_seven_tables_and_nothing_else(store: WorkspaceStore, workspace: Path) -> None:
    begin(store)
    store.close()
    with duckdb.connect(str(workspace / "store.duckdb"), read_only=True) as connection:
        rows = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
        assert {name for (name,) in rows.fetchall()} == TABLES


def test_what_was_recorded_is_there_when_the_workspace_is_opened_again(study: Study, workspace: Path) -> None:
    prediction = study.prediction()
    study.store.close()
    with WorkspaceStore(workspace) as again:
        assert again.get_run(study.run) is not None
        assert again.query_predictions()["prediction_id"].to_list() == [prediction]


def test_a_closed_workspace_is_one_database_one_folder_and_an_empty_lock(study: Study, workspace: Path) -> None:
    study.store.save_artifact([1.0], "list", "model", "joblib")
    study.store.close()
    assert {path.name for path in workspace.iterdir()} == {"store.duckdb", "store.lock", "artifacts"}
    assert (workspace / "store.lock").read_bytes() == b""


def test_closing_twice_does_nothing(store: WorkspaceStore) -> None:
    store.close()
    store.close()


def test_a_workspace_is_closed_at_the_end_of_its_block(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        begin(store)
    with pytest.raises(Closed):
        store.list_runs()


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "begin_run": ("r", {}, []),
    "complete_run": ("r", {}),
    "fail_run": ("r", "e"),
    "begin_pipeline": ("r", "p", {}, [], "d", "h"),
    "complete_pipeline": ("p", 0.1, 0.1, "rmse", 1),
    "fail_pipeline": ("p", "e"),
    "save_chain": ("p", [], 0, "M", "", "shared", {}, {}),
    "save_prediction": ("p", "c", "d", "m", "M", "0", "val", 0, 0, 0, "rmse", "r", 1, 1, {}, {}, None, None, 0, 0.0),
    "save_prediction_arrays": ("p", None, None),
    "save_artifact": ([1], "list", "model", "joblib"),
    "log_step": ("p", 0, "SNV", "start"),
    "top_predictions": (1,),
    "replay_chain": ("c", np.zeros((1, 3))),
    "list_runs": (),
    "list_pipelines": (),
    "query_predictions": (),
    "gc_artifacts": (),
    "vacuum": (),
}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> WorkspaceStore:
    """A store that was closed."""
    with WorkspaceStore(tmp_path_factory.mktemp("closed")) as store:
        return store


@pytest.mark.parametrize("name", sorted(set(REFERENCE) - {"close"}))
def test_nothing_works_after_closing(name: str, closed: WorkspaceStore, tmp_path: Path) -> None:
    exports = {"export_predictions_parquet": (tmp_path / "x",)}
    arguments = exports.get(name) or ARGUMENTS.get(name, ("id", tmp_path / "x")[: 1 + name.startswith("export")])
    with pytest.raises(RuntimeError, match="closed"):
        method(name)(closed, *arguments)
    assert not [*(closed.workspace_path / "artifacts").iterdir()]


def test_the_module_replays_as_the_store_does(store: WorkspaceStore) -> None:
    taken = inspect.signature(replay_chain).parameters.values()
    assert [one.name for one in taken if one.kind != one.KEYWORD_ONLY] == ["store", "chain_id", "X", "wavelengths"]
    with pytest.raises(UnknownId, match="no-such-chain"):
        replay_chain(store, chain_id="no-such-chain", X=np.zeros((1, 3)), wavelengths=None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (UnknownId, KeyError),
        (Refused, ValueError),
        (DamagedObject, ValueError),
        (WorkspaceError, ValueError),
        (Busy, TimeoutError),
        (ReadOnly, PermissionError),
        (Closed, RuntimeError),
    ],
)
def test_every_error_is_also_what_python_calls_it(error: type[StoreError], kind: type[Exception]) -> None:
    assert issubclass(error, kind)
    assert issubclass(error, StoreError)
    assert issubclass(error, N4aError)


def test_an_unknown_identifier_is_told_without_quotes_around_the_sentence() -> None:
    assert str(UnknownId("run_id 'x': nothing")) == "run_id 'x': nothing"
