"""Traces: documents that come back as they went, and chains that replay what happened."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from n4akit.store import Refused
from n4akit.store.chain_builder import ChainBuilder
from n4akit.store.trace import ExecutionStep, ExecutionTrace, StepArtifacts, StepExecutionMode

ids = st.text("abc$:0123", min_size=1, max_size=8)
branches = st.lists(st.integers(0, 3), max_size=3)


@st.composite
def artifacts(draw: st.DrawFn) -> StepArtifacts:
    found = StepArtifacts()
    for id in draw(st.lists(ids, max_size=4)):
        found.add_artifact(
            id,
            is_primary=draw(st.booleans()),
            chain_path=draw(st.none() | st.just("s1.PLS>s2.SNV[br=0]")),
            branch_path=draw(st.none() | branches),
            source_index=draw(st.none() | st.integers(0, 2)),
        )
    for fold, id in enumerate(draw(st.lists(ids, max_size=3))):
        found.add_fold_artifact(draw(st.just(fold) | st.just("final")), id)
    return found


steps = st.builds(
    ExecutionStep,
    step_index=st.integers(1, 9),
    operator_type=st.sampled_from(["", "model", "transform", "y_processing"]),
    operator_class=st.sampled_from(["SNV", "PLSRegression"]),
    execution_mode=st.sampled_from(StepExecutionMode),
    artifacts=artifacts(),
    branch_path=branches,
    substep_index=st.none() | st.integers(0, 3),
    input_shape=st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9)),
    output_features_shape=st.none() | st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))),
)


@given(st.builds(ExecutionTrace, steps=st.lists(steps, max_size=4), fold_weights=st.none() | st.just({0: 0.5, 1: 0.5})))
def test_a_trace_comes_back_from_its_document(trace: ExecutionTrace) -> None:
    assert ExecutionTrace.from_dict(json.loads(json.dumps(trace.to_dict()))) == trace


def test_what_is_missing_in_a_document_has_its_default() -> None:
    trace = ExecutionTrace.from_dict({"trace_id": "t", "steps": [{"step_index": 2}]})
    assert trace.steps == [ExecutionStep(2)] and trace.fold_weights is None
    assert str(trace.steps[0].execution_mode) == "train"


def step(index: int, name: str, *own: str, folds: dict[Any, str] | None = None, **more: Any) -> ExecutionStep:
    """A step with artifacts that are not primary, as engines record transformers."""
    found = ExecutionStep(index, operator_class=name, **more)
    for id in own:
        found.artifacts.add_artifact(id)
    for fold, id in (folds or {}).items():
        found.artifacts.add_fold_artifact(fold, id)
    return found


def trace(*steps: ExecutionStep, model: int | None = None) -> ExecutionTrace:
    return ExecutionTrace(steps=list(steps), model_step_index=model, preprocessing_chain="SNV>SG")


def test_transformers_that_are_not_primary_are_not_lost() -> None:
    chain = ChainBuilder(
        trace(step(1, "SNV", "a"), step(2, "KFold"), step(3, "PLSRegression", folds={0: "m0", 1: "m1"}), model=3)
    ).build()
    assert chain["shared_artifacts"] == {"1": "a"}
    assert chain["fold_artifacts"] == {"fold_0": "m0", "fold_1": "m1"} and chain["fold_strategy"] == "per_fold"
    assert (chain["model_step_idx"], chain["model_class"]) == (3, "PLSRegression")
    assert [s["role"] for s in chain["steps"]] == ["x", "x", "model"]
    assert [s["stateless"] for s in chain["steps"]] == [False, True, False]


def test_a_refitted_model_keeps_its_name() -> None:
    chain = ChainBuilder(trace(step(1, "PLS", folds={"fold_final": "m", 0: "m0"}), model=1)).build()
    assert chain["fold_artifacts"] == {"fold_final": "m", "fold_0": "m0"}


def test_a_model_without_folds_is_told_in_its_step() -> None:
    chain = ChainBuilder(trace(step(1, "SNV", "a"), step(2, "SVR", "m"), model=2)).build()
    assert chain["fold_strategy"] == "shared" and chain["fold_artifacts"] == {}
    assert chain["steps"][-1]["artifact_id"] == "m" and chain["shared_artifacts"] == {"1": "a"}


def test_steps_of_a_branch_do_not_vanish_behind_their_model() -> None:
    chain = ChainBuilder(
        trace(
            step(1, "SNV", "a", branch_path=[0]),
            step(1, "PLS", branch_path=[0], folds={0: "p"}),
            step(1, "MSC", "b", branch_path=[1]),
            step(1, "Ridge", branch_path=[1], folds={0: "r"}),
        )
    ).build_all()
    assert [c["model_class"] for c in chain] == ["PLS", "Ridge"]
    assert [[s["operator_class"] for s in c["steps"]] for c in chain] == [["SNV", "PLS"], ["MSC", "Ridge"]]
    assert [c["steps"][0]["artifact_id"] for c in chain] == ["a", "b"]
    assert [c["branch_path"] for c in chain] == [[0], [1]]


def test_two_models_in_a_line_are_two_chains() -> None:
    found = trace(step(1, "SNV", "a"), step(2, "PLS", folds={0: "p"}), step(3, "Ridge", folds={0: "r"}))
    chains = ChainBuilder(found).build_all()
    assert [[s["operator_class"] for s in c["steps"]] for c in chains] == [["SNV", "PLS"], ["SNV", "Ridge"]]
    with pytest.raises(Refused, match=r"2 models \(step 2 \(PLS\), step 3 \(Ridge\)\); build_all"):
        ChainBuilder(found).build()
    found.set_model_step(3)
    assert ChainBuilder(found).build()["model_class"] == "Ridge"


def test_steps_that_change_the_target_are_marked() -> None:
    chain = ChainBuilder(
        trace(step(1, "StandardScaler", "y", operator_type="y_processing"), step(2, "PLS", folds={0: "m"}), model=2)
    ).build()
    assert [s["role"] for s in chain["steps"]] == ["y", "model"]


def test_skipped_steps_are_left_out_and_an_empty_trace_is_an_empty_chain() -> None:
    skipped = step(1, "SNV", "a", execution_mode=StepExecutionMode.SKIP)
    chain = ChainBuilder(trace(skipped)).build()
    assert chain["steps"] == [] and chain["fold_strategy"] == "shared"
    assert (chain["model_step_idx"], chain["model_class"]) == (0, "")
    assert ChainBuilder(trace(skipped)).build_all() == []


def test_a_registry_translates_identifiers_and_names_those_it_lacks() -> None:
    found = trace(step(1, "SNV", "a"), step(2, "PLS", folds={0: "m"}), model=2)
    chain = ChainBuilder(found, {"a": "sha-a", "m": "sha-m"}).build()
    assert chain["steps"][0]["artifact_id"] == "sha-a" and chain["fold_artifacts"] == {"fold_0": "sha-m"}
    with pytest.raises(Refused, match=r"artifact 'm' of trace .* is not in the registry"):
        ChainBuilder(found, {"a": "sha-a"}).build()
