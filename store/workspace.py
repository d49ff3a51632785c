"""The workspace: everything that was tried and what came out, in one DuckDB file and a folder of fitted objects."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import polars as pl

from ..bundle.domain import Validation
from ..bundle.export import export
from ..bundle.files import flush
from ..bundle.predictor import Predictor
from ..bundle.runtime.result import Result
from . import cleanup, exports, lifecycle, queries, replay
from .desk import Desk, open_workspace, writing
from .errors import WorkspaceError, translated
from .lease import OBJECTS
from .left_out import left_out
from .objects import Objects
from .recent import Recent

__all__ = [
    "WorkspaceStore",
    "database_size",
    "export_chain",
    "garbage",
    "replay_chain",
    "replay_full",
    "replay_proba",
    "unseen",
]

PREDICTORS = 32
"""Chains that are kept ready to predict."""


class WorkspaceStore:
    """A workspace that any number of processes and threads may use at once.

    What a call recorded survives the death of any process; after `complete_*`, `fail_*` and `close` also a power cut.
    Whoever reads sees what everybody recorded before. Unknown identifiers raise UnknownId (a KeyError), what
    contradicts the record raises Refused (a ValueError), and any use after `close` raises Closed (a RuntimeError).
    """

    def __init__(self, workspace_path: Path) -> None:
        """Open the workspace in a folder, which is made if there is none, with `store.duckdb` and `artifacts/`.

        One that cannot be written is opened for queries: whatever would write raises ReadOnly, and `unseen` counts what
        is recorded and cannot be shown. Raises WorkspaceError when the database is damaged, or of a version that is not
        known here.
        """
        folder = Path(workspace_path)
        self._path = folder
        self._objects = Objects(folder / OBJECTS)
        with translated("the workspace cannot be opened", WorkspaceError):
            _make(folder)
            self._desk = open_workspace(folder)
        self._predictors: Recent[tuple[str, bool], Predictor] = Recent(PREDICTORS)

    @property
    def workspace_path(self) -> Path:
        """The folder of the workspace."""
        return self._path

    @property
    def _writing(self) -> Desk:
        return writing(self._desk)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Runs and pipelines -------------------------------------------------------------------------------------------

    def begin_run(self, name: str, config: Any, datasets: list[dict[str, Any]]) -> str:
        """Record a run that begins; answers its identifier.

        `config` is anything that JSON can say. `datasets` describe the data (`name`, `path`, `hash`, …); where they
        tell `wavelengths` (with `unit`: nm, um or cm-1) and `targets`, exported chains carry these.
        """
        return lifecycle.begin(self._writing, "runs", (name, config, datasets))

    def complete_run(self, run_id: str, summary: dict[str, Any]) -> None:
        """Record that a run is complete. Raises Refused when it has ended before."""
        lifecycle.end(self._writing, "runs", run_id, status="completed", summary=summary)

    def fail_run(self, run_id: str, error: str) -> None:
        """Record that a run failed, and why. Raises Refused when it has ended before."""
        lifecycle.end(self._writing, "runs", run_id, status="failed", error=error)

    def begin_pipeline(
        self,
        run_id: str,
        name: str,
        expanded_config: Any,
        generator_choices: list[Any],
        dataset_name: str,
        dataset_hash: str,
    ) -> str:
        """Record a pipeline of a run that begins; answers its identifier."""
        values = (run_id, name, expanded_config, generator_choices, dataset_name, dataset_hash)
        return lifecycle.begin(self._writing, "pipelines", values)

    def complete_pipeline(
        self, pipeline_id: str, best_val: float, best_test: float, metric: str, duration_ms: int
    ) -> None:
        """Record that a pipeline is complete, and its scores. Raises Refused when it has ended before."""
        scores = {"best_val": best_val, "best_test": best_test, "metric": metric, "duration_ms": duration_ms}
        lifecycle.end(self._writing, "pipelines", pipeline_id, status="completed", **scores)

    def fail_pipeline(self, pipeline_id: str, error: str) -> None:
        """Record that a pipeline failed: its row and its log stay, its chains, predictions and arrays are removed."""
        lifecycle.end(self._writing, "pipelines", pipeline_id, status="failed", error=error)

    # Chains -------------------------------------------------------------------------------------------------------

    def save_chain(
        self,
        pipeline_id: str,
        steps: list[dict[str, Any]],
        model_step_idx: int,
        model_class: str,
        preprocessings: str,
        fold_strategy: str,
        fold_artifacts: dict[str, str],
        shared_artifacts: dict[str, str],
        branch_path: list[int] | None = None,
        source_index: int | None = None,
    ) -> str:
        """Record a chain: the steps from spectra to prediction, with the artifacts of each; answers its identifier.

        A step tells `step_idx`, `operator_class`, `params`, `artifact_id` and `stateless`; it may tell its `role` (`x`,
        `y` or `model`), `branch_path`, `substep`, `sources`, `fold_weights`, and `artifact_ids` instead of one; what
        they mean is in this room's README under "What a chain says". `fold_artifacts` maps a fold to the artifact of
        its model (`final` predicts alone), `shared_artifacts` the index of a step to its artifact, and `calibration` to
        spectra (n, p) from which golden rows are taken; these travel with what is exported.
        Raises UnknownId for an artifact that was not saved, Refused for a step that says two things at once.
        """
        return lifecycle.save_chain(
            self._writing,
            {
                "pipeline_id": pipeline_id,
                "steps": steps,
                "model_step_idx": model_step_idx,
                "model_class": model_class,
                "preprocessings": preprocessings,
                "fold_strategy": fold_strategy,
                "fold_artifacts": fold_artifacts,
                "shared_artifacts": shared_artifacts,
                "branch_path": branch_path,
                "source_index": source_index,
            },
        )

    def get_chain(self, chain_id: str) -> dict[str, Any] | None:
        """A chain with its steps and artifacts decoded, or None."""
        return queries.record(self._desk, "chains", chain_id)

    def get_chains_for_pipeline(self, pipeline_id: str) -> pl.DataFrame:
        """The chains of a pipeline in the order in which they were saved; documents are JSON text."""
        return queries.chains_of(self._desk, pipeline_id)

    # Predictions --------------------------------------------------------------------------------------------------

    def save_prediction(
        self,
        pipeline_id: str,
        chain_id: str,
        dataset_name: str,
        model_name: str,
        model_class: str,
        fold_id: str,
        partition: str,
        val_score: float,
        test_score: float,
        train_score: float,
        metric: str,
        task_type: str,
        n_samples: int,
        n_features: int,
        scores: dict[str, Any],
        best_params: dict[str, Any],
        branch_id: int | None,
        branch_name: str | None,
        exclusion_count: int,
        exclusion_rate: float,
        preprocessings: str = "",
    ) -> str:
        """Record what a chain predicted for a fold and partition; answers its identifier. Two calls are two rows.

        Scores may be NaN, infinite or None; NaN and None never rank first.
        """
        values = (
            *(pipeline_id, chain_id, dataset_name, model_name, model_class, fold_id, partition),
            *(val_score, test_score, train_score, metric, task_type, n_samples, n_features, scores, best_params),
            *(branch_id, branch_name, exclusion_count, exclusion_rate, preprocessings),
        )
        return lifecycle.begin(self._writing, "predictions", values)

    def save_prediction_arrays(
        self,
        prediction_id: str,
        y_true: np.ndarray[Any, Any] | None,
        y_pred: np.ndarray[Any, Any] | None,
        y_proba: np.ndarray[Any, Any] | None = None,
        sample_indices: np.ndarray[Any, Any] | None = None,
        weights: np.ndarray[Any, Any] | None = None,
    ) -> None:
        """Record the arrays of a prediction, once. Values are kept as float64, indices as int64, `y_proba` with its
        shape.

        Raises Refused the second time, and for arrays that are masked or hold no numbers.
        """
        arrays = {
            "y_true": y_true,
            "y_pred": y_pred,
            "y_proba": y_proba,
            "sample_indices": sample_indices,
            "weights": weights,
        }
        lifecycle.save_arrays(self._writing, prediction_id, arrays)

    # Artifacts ----------------------------------------------------------------------------------------------------

    def save_artifact(self, obj: Any, operator_class: str, artifact_type: str, format: str) -> str:
        """Keep a fitted object; the same content gives the same identifier, and is kept once.

        `artifact_type` is what it is (`model`, `transformer`, `scaler`, …). `format` is `joblib` (a file that
        `joblib.load` reads), `pickle` or `cloudpickle` (compressed; the latter carries functions made on the spot).
        Raises Refused when it cannot be pickled; then nothing is kept.
        """
        return lifecycle.save_artifact(self._writing, self._objects, obj, operator_class, artifact_type, format)

    def load_artifact(self, artifact_id: str) -> Any:
        """A fitted object. Unpickling runs what the file says: open workspaces of people you trust.

        Raises UnknownId, also when its file is missing, and DamagedObject when its bytes are not what was saved.
        """
        return replay.load_artifact(self._desk, self._objects, artifact_id)

    def get_artifact_path(self, artifact_id: str) -> Path:
        """Where the file of an artifact lies."""
        return self._objects.folder / str(replay.artifact_row(self._desk, artifact_id)["artifact_path"])

    # Logs ---------------------------------------------------------------------------------------------------------

    def log_step(
        self,
        pipeline_id: str,
        step_idx: int,
        operator_class: str,
        event: str,
        duration_ms: int | None = None,
        message: str | None = None,
        details: dict[str, Any] | None = None,
        level: str = "info",
    ) -> None:
        """Record what happened at a step of a pipeline; `event='end'` entries carry the durations that are summed
        up.
        """
        values = (pipeline_id, step_idx, operator_class, event, duration_ms, message, details, level)
        lifecycle.log(self._writing, values)

    # Queries ------------------------------------------------------------------------------------------------------

    def get_run(self, run_id: str) -> dict[str, Any] | None:
        """A run with its documents decoded, or None."""
        return queries.record(self._desk, "runs", run_id)

    def list_runs(
        self, status: str | None = None, dataset: str | None = None, limit: int = 100, offset: int = 0
    ) -> pl.DataFrame:
        """Runs, the newest first; `dataset` is the exact name of one of their datasets."""
        return queries.runs(self._desk, status, dataset, limit, offset)

    def get_pipeline(self, pipeline_id: str) -> dict[str, Any] | None:
        """A pipeline with its documents decoded, or None."""
        return queries.record(self._desk, "pipelines", pipeline_id)

    def list_pipelines(self, run_id: str | None = None, dataset_name: str | None = None) -> pl.DataFrame:
        """Pipelines, the newest first."""
        return queries.pipelines(self._desk, run_id, dataset_name)

    def get_prediction(self, prediction_id: str, load_arrays: bool = False) -> dict[str, Any] | None:
        """A prediction with its documents decoded, or None; with its arrays if asked, None for those not saved."""
        return queries.prediction(self._desk, prediction_id, load_arrays)

    def query_predictions(
        self,
        dataset_name: str | None = None,
        model_class: str | None = None,
        partition: str | None = None,
        fold_id: str | None = None,
        branch_id: int | None = None,
        pipeline_id: str | None = None,
        run_id: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> pl.DataFrame:
        """Predictions that fit every filter given, literally; the newest first."""
        filters = {
            "dataset_name": dataset_name,
            "model_class": model_class,
            "partition": partition,
            "fold_id": fold_id,
            "branch_id": branch_id,
            "pipeline_id": pipeline_id,
            "run_id": run_id,
        }
        return queries.find_predictions(self._desk, filters, limit, offset)

    def top_predictions(
        self,
        n: int,
        metric: str = "val_score",
        ascending: bool = True,
        partition: str = "val",
        dataset_name: str | None = None,
        group_by: str | None = None,
    ) -> pl.DataFrame:
        """The best n predictions, best first, NaN and missing scores last; equal scores in the order of saving.

        With `group_by` (a column) the best n of each group, ordered the same way over all groups. Raises Refused,
        listing the valid ones, for another metric or column.
        """
        return queries.top_predictions(self._desk, n, metric, ascending, partition, dataset_name, group_by)

    def get_pipeline_log(self, pipeline_id: str) -> pl.DataFrame:
        """The log of a pipeline, by step and in the order of recording."""
        return queries.log_of(self._desk, pipeline_id)

    def get_run_log_summary(self, run_id: str) -> pl.DataFrame:
        """For each pipeline of a run: entries, summed duration in ms, warnings and errors; zeros where there is no
        log.
        """
        return queries.log_summary(self._desk, run_id)

    # Exports ------------------------------------------------------------------------------------------------------

    def export_chain(self, chain_id: str, output_path: Path, format: str = "n4a") -> Path:
        """Write a chain as a bundle (`n4a`) or a script (`n4a.py`), proven before it is put in place; answers its path.

        A path without suffix gets the format's. Raises UnknownId, Refused when the record does not say how to predict,
        CaptureError naming a step that is not known, WriteError when the suffix contradicts the format.
        """
        return export_chain(self, chain_id, output_path, format=format)

    def export_pipeline_config(self, pipeline_id: str, output_path: Path) -> Path:
        """Write the expanded configuration of a pipeline as JSON (`.json` if the path has no suffix)."""
        return exports.export_config(self._desk, pipeline_id, Path(output_path))

    def export_run(self, run_id: str, output_path: Path) -> Path:
        """Write a run with its pipelines and chains as YAML (`.yaml` if the path has no suffix)."""
        return exports.export_run(self._desk, run_id, Path(output_path))

    def export_predictions_parquet(self, output_path: Path, **filters: Any) -> Path:
        """Write predictions without their arrays as Parquet (zstd); filters as for `query_predictions`."""
        return exports.export_parquet(self._desk, Path(output_path), filters)

    # Replay -------------------------------------------------------------------------------------------------------

    def replay_chain(
        self, chain_id: str, X: np.ndarray[Any, Any], wavelengths: np.ndarray[Any, Any] | None = None
    ) -> np.ndarray[Any, Any]:
        """Predict spectra (n, p) with a chain: (n,) for one target, (n, t) for several, (n,) labels of a classifier;
        the bits of the exported bundle.

        With `wavelengths` (m,) in the chain's unit spectra may be (n, m), as for `Bundle.predict`. Raises UnknownId,
        AxisError for an axis that has no way to the chain's, and InputError naming every bad row.
        """
        return replay_chain(self, chain_id, X, wavelengths)

    # Cleanup ------------------------------------------------------------------------------------------------------

    def delete_run(self, run_id: str, delete_artifacts: bool = True) -> int:
        """Delete a run and everything that belongs to it, at once or not at all; answers how many rows.

        With `delete_artifacts` the files that no other chain names go too. 0 for an unknown run.
        """
        count = cleanup.delete_run(self._writing, run_id)
        if delete_artifacts:
            cleanup.collect_garbage(self._writing, self._objects)
        return count

    def delete_prediction(self, prediction_id: str) -> bool:
        """Delete a prediction and its arrays; False when there is none."""
        return cleanup.delete_prediction(self._writing, prediction_id)

    def gc_artifacts(self) -> int:
        """Delete artifacts that no chain names and nobody is going to name; answers how many."""
        return cleanup.collect_garbage(self._writing, self._objects)

    def vacuum(self) -> None:
        """Make the database file as small as its content."""
        cleanup.vacuum(self._writing)

    def close(self) -> None:
        """Move everything recorded into the database and let go of the workspace; a second call does nothing."""
        self._desk.close()


def _make(folder: Path) -> None:
    """Make a folder that is not there yet, so that a power cut does not take it away again."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in new:
        flush(path.parent)


def export_chain(
    store: WorkspaceStore,
    chain_id: str,
    output_path: str | Path,
    format: str = "n4a",
    *,
    calibration: Any = None,
    validation: Validation | None = None,
) -> Path:
    """As `WorkspaceStore.export_chain`; `calibration` is spectra (n, p), or a `Calibration` that knows more of them.

    From these the golden rows are taken, and what is usual is learnt: limits of T² and Q, ranges, how spectra look.
    Without it the artifact is taken that the chain names as `calibration`; else golden rows are made up, and nothing is
    said of T² and Q. `validation` tells how far predictions are off; without it, what the store has recorded of the
    folds' predictions for samples that they had left out (partition `val`, with arrays).
    """
    chain = replay.fitted_chain(store._desk, store._objects, chain_id)
    if calibration is None:
        calibration = replay.calibration(store._desk, store._objects, chain_id)
    if validation is None:
        validation = left_out(store._desk, chain_id, chain)
    return export(chain, output_path, format=format, calibration=calibration, validation=validation)


def replay_full(
    store: WorkspaceStore,
    chain_id: str,
    X: Any,
    wavelengths: Any = None,
    *,
    unit: str | None = None,
    strict: bool = False,
) -> Result:
    """All there is to say of what a chain predicts: as `predict_full` of the exported bundle, with the same bits."""
    return _predictor(store, chain_id, full=True).predict_full(X, wavelengths, unit=unit, strict=strict)


def replay_chain(
    store: WorkspaceStore, chain_id: str, X: Any, wavelengths: Any = None, *, signal: Any = None
) -> np.ndarray[Any, Any]:
    """As `WorkspaceStore.replay_chain`; spectra of several sources may be given as a list of arrays. `signal` is as for
    `Bundle.predict`.
    """
    return _predictor(store, chain_id).predict(X, wavelengths, signal=signal)


def replay_proba(
    store: WorkspaceStore, chain_id: str, X: Any, wavelengths: Any = None, *, signal: Any = None
) -> np.ndarray[Any, Any]:
    """The probability of each class (n, c) that a chain tells for spectra (n, p); the bits of the exported bundle.

    Raises UnknownId, InputError naming every bad row, and when the chain tells no probabilities.
    """
    return _predictor(store, chain_id).predict_proba(X, wavelengths, signal=signal)


def unseen(store: WorkspaceStore) -> int:
    """How many acknowledged records queries do not show: those in the inbox of a workspace that cannot be written."""
    return store._desk.unseen()


def _predictor(store: WorkspaceStore, chain_id: str, *, full: bool = False) -> Predictor:
    key = (chain_id, full)
    predictor = store._predictors.get(key)
    if predictor is None or not queries.holds(store._desk, "chains", chain_id):
        predictor = replay.predictor(store._desk, store._objects, chain_id, full=full)
        store._predictors.put(key, predictor)
    return predictor


def garbage(store: WorkspaceStore) -> dict[str, int]:
    """The artifacts that `gc_artifacts` would delete, and the bytes of each; nothing is changed."""
    return cleanup.garbage(store._writing, store._objects)


def database_size(store: WorkspaceStore) -> tuple[int, int]:
    """Bytes of the database file, and about how many of them are used; `vacuum` makes the one the other."""
    return cleanup.database_size(store._writing)
