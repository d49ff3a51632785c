"""What cannot be recorded, or contradicts what is, is refused at once and by name, and nothing is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from n4akit.store import Refused, UnknownId

from .study import Study, new_chain, new_pipeline


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("val_score", "0.5"),
        ("val_score", True),
        ("val_score", 10**400),
        ("val_score", np.zeros(2)),
        ("val_score", 1j),
        ("n_samples", 3.0),
        ("n_samples", None),
        ("n_samples", True),
        ("n_samples", 2**63),
        ("n_samples", np.zeros(2, int)),
        ("fold_id", 0),
        ("dataset_name", None),
        ("dataset_name", b"wheat"),
        ("model_name", "half \ud800 a pair"),
        ("scores", {"rmse": "\ud800"}),
    ],
)
def test_a_value_that_cannot_be_recorded_is_refused_by_name(column: str, value: object, unchanged: Study) -> None:
    with pytest.raises(Refused, match=column):
        unchanged.prediction(**{column: value})
    assert unchanged.store.query_predictions().is_empty()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda s: new_pipeline(s.store, "nobody"), "run_id 'nobody'"),
        (lambda s: new_chain(s.store, "nobody"), "pipeline_id 'nobody'"),
        (lambda s: s.prediction(pipeline_id="nobody"), "pipeline_id 'nobody'"),
        (lambda s: s.prediction(chain_id="nobody"), "chain_id 'nobody'"),
        (lambda s: s.store.save_prediction_arrays("nobody", None, None), "prediction_id 'nobody'"),
        (lambda s: s.store.log_step("nobody", 0, "SNV", "start"), "pipeline_id 'nobody'"),
        (lambda s: s.store.complete_run("nobody", {}), "run_id 'nobody'"),
        (lambda s: s.store.fail_run("nobody", "e"), "run_id 'nobody'"),
        (lambda s: s.store.complete_pipeline("nobody", 0.0, 0.0, "rmse", 0), "pipeline_id 'nobody'"),
        (lambda s: s.store.fail_pipeline("nobody", "e"), "pipeline_id 'nobody'"),
        (lambda s: s.new_chain(fold_artifacts={"0": "nobody"}), "artifact_id 'nobody'"),
        (lambda s: s.new_chain(shared_artifacts={"0": ["nobody"]}), "artifact_id 'nobody'"),
        (lambda s: new_pipeline(s.store, s.pipeline), "run_id"),
        (lambda s: new_chain(s.store, s.chain), "pipeline_id"),
        (lambda s: s.prediction(chain_id=s.pipeline), "chain_id"),
        (lambda s: s.store.complete_pipeline(s.run, 0.0, 0.0, "rmse", 0), "pipeline_id"),
        (lambda s: new_pipeline(s.store, "x'; DROP TABLE runs; --"), "DROP"),
        (lambda s: new_pipeline(s.store, "\ud800"), "run_id"),
        (lambda s: new_pipeline(s.store, 5), "run_id 5"),
        (lambda s: new_pipeline(s.store, None), "run_id None"),
        (lambda s: new_pipeline(s.store, ["x"]), "run_id"),
    ],
)
def test_an_unknown_identifier_is_refused_at_once(
    call: Callable[[Study], object], named: str, unchanged: Study
) -> None:
    with pytest.raises(KeyError, match=named) as caught:
        call(unchanged)
    assert isinstance(caught.value, UnknownId)
    assert len(unchanged.store.list_runs()) == len(unchanged.store.list_pipelines()) == 1


def test_an_artifact_that_a_step_names_must_be_saved(unchanged: Study) -> None:
    for step in ({"artifact_id": "nobody"}, {"artifact_ids": ["nobody"]}):
        with pytest.raises(UnknownId, match="nobody"):
            unchanged.new_chain(steps=[{"step_idx": 0, "operator_class": "SNV", **step}])


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ("SNV", "steps: found str"),
        (iter([]), "steps: found list_iterator"),
        (["SNV"], r"steps\[0\]: found str"),
        ([{"operator_class": "SNV"}], r"steps\[0\]: step_idx"),
        ([{"step_idx": "0", "operator_class": "SNV"}], r"steps\[0\]: step_idx='0'"),
        ([{"step_idx": 0}], r"steps\[0\]: operator_class"),
        ([{"step_idx": 0, "operator_class": "SNV", "role": "z"}], r"steps\[0\]: role='z'"),
        ([{"step_idx": 0, "operator_class": "SNV", "artifact_id": "a", "artifact_ids": ["b"]}], r"steps\[0\]: both"),
    ],
)
def test_steps_that_do_not_say_what_they_are_are_refused(steps: Any, named: str, unchanged: Study) -> None:
    with pytest.raises(Refused, match=named):
        unchanged.new_chain(steps=steps)
