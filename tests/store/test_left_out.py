"""What a workspace knows of its models' errors and calibration goes into the bundles that it exports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import load
from n4akit.bundle.domain import Validation
from n4akit.store import Refused, export_chain, replay_full

from ..conftest import Tecator
from .study import new_prediction
from .trained import Matrix, Trained

REFERENCES = np.linspace(1.0, 60.0, 60)


def predicted(
    trained: Trained,
    chain: str,
    fold: str,
    rows: slice,
    *,
    partition: str = "val",
    indices: Sequence[int] | None = None,
) -> None:
    """Record what a fold predicted for some of the references: off by a tenth of their place."""
    y = REFERENCES[rows]
    id = new_prediction(trained.store, pipeline_id=trained.pipeline, chain_id=chain, fold_id=fold, partition=partition)
    found = y + 0.1 * np.arange(rows.start, rows.stop)
    trained.store.save_prediction_arrays(id, y, found, sample_indices=None if indices is None else np.array(indices))


def interval(trained: Trained, chain: str, tmp_path: Path, **given: Any) -> Any:
    return load(export_chain(trained.store, chain, tmp_path / "m", **given)).limits.interval


def test_the_interval_comes_from_what_folds_predicted_for_samples_they_had_left_out(
    trained: Trained, tmp_path: Path
) -> None:
    chain = trained.chain(trained.folds("0", "1"))
    assert interval(trained, chain, tmp_path) is None
    predicted(trained, chain, "0", slice(0, 30))
    predicted(trained, chain, "1", slice(30, 60))
    found = interval(trained, chain, tmp_path)
    # Of 60 samples the 58th in order of its error: ⌈0.95 · 61⌉.
    assert found.samples == 60 and found.half_widths == (pytest.approx(5.7),)
    assert load(tmp_path / "m.n4a").limits.ranges == ((1.0, 60.0),)


def test_what_a_model_had_seen_tells_nothing_of_its_errors(trained: Trained, tmp_path: Path) -> None:
    chain, other = trained.chain(trained.folds("0", "1")), trained.chain(trained.folds("0"))
    predicted(trained, chain, "0", slice(0, 60), partition="train")
    predicted(trained, chain, "avg", slice(0, 60))
    predicted(trained, chain, "final", slice(0, 60))
    predicted(trained, other, "0", slice(0, 60))
    assert interval(trained, chain, tmp_path) is None


def test_a_sample_that_several_folds_left_out_counts_once(trained: Trained, tmp_path: Path) -> None:
    chain = trained.chain(trained.folds("0", "1"))
    for fold in ("0", "1"):
        predicted(trained, chain, fold, slice(0, 30), indices=range(30))
    assert interval(trained, chain, tmp_path).samples == 30
    predicted(trained, chain, "2", slice(30, 60))
    assert interval(trained, chain, tmp_path).samples == 90  # their numbers mean nothing where some have none


def test_what_is_given_goes_before_what_is_recorded(trained: Trained, tmp_path: Path) -> None:
    chain = trained.chain(trained.folds("0", "1"))
    predicted(trained, chain, "0", slice(0, 60))
    given = Validation(REFERENCES[:40], REFERENCES[:40] + 0.5)
    assert interval(trained, chain, tmp_path, validation=given).half_widths == (0.5,)


def test_the_store_tells_the_records_of_the_bundle_that_it_exports(
    trained: Trained, X: Matrix, tecator: Tecator, tmp_path: Path
) -> None:
    known = trained.save({"spectra": X[:60], "references": tecator.fat[:60], "groups": [*range(30), *range(30)]})
    shared = {"2": trained.scaler_id, "calibration": known}
    chain = trained.chain(trained.folds("0", "1"), shared_artifacts=shared)
    predicted(trained, chain, "0", slice(0, 60))
    bundle = load(export_chain(trained.store, chain, tmp_path / "m"))
    assert bundle.limits.samples == 30 and bundle.limits.t2 is not None
    assert bundle.limits.ranges == ((tecator.fat[:60].min(), tecator.fat[:60].max()),)
    told = [*replay_full(trained.store, chain, X).records()]
    assert told == [*bundle.predict_full(X).records()] and told[0]["lower"] is not None and told[0]["t2"] is not None
    assert [row["value"] for row in told] == trained.store.replay_chain(chain, X).tolist()


def test_a_calibration_of_other_things_is_refused(trained: Trained, X: Matrix, tmp_path: Path) -> None:
    shared = {"2": trained.scaler_id, "calibration": trained.save({"spectra": X, "weights": 1})}
    chain = trained.chain(trained.folds("0"), shared_artifacts=shared)
    with pytest.raises(
        Refused, match=r"calibration artifact holds \['spectra', 'weights'\], expected spectra, and perhaps"
    ):
        export_chain(trained.store, chain, tmp_path / "m")
