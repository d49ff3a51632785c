"""A recorded chain predicts with the bits of the bundle it exports, or says by name why it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import AxisError, WriteError, load
from n4akit.bundle.transformers import StandardNormalVariate
from n4akit.store import Refused, WorkspaceStore, export_chain

from ..conftest import Tecator
from .trained import SNV, STEPS, Matrix, Trained, with_step


def same_bits(trained: Trained, chain: str, X: Matrix, tmp_path: Path) -> Matrix:
    """What the chain predicts, which is what its bundle predicts."""
    replayed = trained.store.replay_chain(chain, X)
    bundle = load(trained.store.export_chain(chain, tmp_path / "model"))
    assert bundle.predict(X).tobytes() == replayed.tobytes()
    return replayed


def test_folds_are_averaged_with_the_bits_of_the_bundle(trained: Trained, X: Matrix, tmp_path: Path) -> None:
    chain = trained.chain(trained.folds("0", "1", "2"))
    replayed = same_bits(trained, chain, X, tmp_path)
    assert replayed.shape == (len(X),)
    np.testing.assert_allclose(replayed, trained.live(X, "0", "1", "2"), rtol=0, atol=1e-9)


def test_a_model_fitted_again_on_everything_predicts_alone(trained: Trained, X: Matrix, tmp_path: Path) -> None:
    chain = trained.chain(trained.folds("0", "1", "final"))
    replayed = same_bits(trained, chain, X, tmp_path)
    assert replayed.tobytes() == trained.store.replay_chain(trained.chain(trained.folds("final")), X).tobytes()
    np.testing.assert_allclose(replayed, trained.live(X, "final"), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "names",
    [("0", "1", "2"), ("2", "0", "1"), (2, 0, 1), ("fold_2", "fold_0", "fold_1")],
    ids=["in order", "in another", "whole numbers", "spelled out"],
)
def test_folds_are_numbers_in_whatever_order_and_spelling(names: tuple[Any, ...], trained: Trained, X: Matrix) -> None:
    folds = {name: trained.ids[str(name)[-1]] for name in names}
    expected = trained.store.replay_chain(trained.chain(trained.folds("0", "1", "2")), X)
    assert trained.store.replay_chain(trained.chain(folds), X).tobytes() == expected.tobytes()


def test_ten_folds_are_averaged_in_the_order_of_their_numbers(trained: Trained, X: Matrix) -> None:
    ids = [trained.ids[name] for name in ("0", "1", "2", "final")] * 3
    straight = trained.chain({str(number): id for number, id in enumerate(ids)})
    mixed = trained.chain({str(number): ids[number] for number in (11, 2, 10, 1, 9, 0, 3, 5, 4, 8, 7, 6)})
    assert trained.store.replay_chain(mixed, X).tobytes() == trained.store.replay_chain(straight, X).tobytes()


def test_it_does_not_matter_where_an_artifact_is_named(trained: Trained, X: Matrix) -> None:
    scaler, final = trained.scaler_id, trained.ids["final"]
    chains = [
        trained.chain({"final": final}),
        trained.chain({"0": final}, with_step(2, artifact_id=scaler), shared_artifacts={}),
        trained.chain({"0": final}, with_step(2, artifact_ids=[scaler]), shared_artifacts={}),
        trained.chain({"0": final}, with_step(2, artifact_id=scaler)),
        trained.chain({}, shared_artifacts={2: [scaler], 3: final}),
        trained.chain({}, with_step(3, artifact_id=final)),
        trained.chain({}, with_step(3, artifact_id=final, role="model")),
        trained.chain({"0": final}, with_step(3, artifact_id=final)),
    ]
    answers = {trained.store.replay_chain(chain, X).tobytes() for chain in chains}
    assert len(answers) == 1


def test_stateless_steps_run(trained: Trained, X: Matrix) -> None:
    chain = trained.chain(trained.folds("final"))
    without = trained.chain(trained.folds("final"), [step for step in STEPS if step["operator_class"] != SNV])
    corrected = StandardNormalVariate().fit_transform(X)
    np.testing.assert_allclose(
        trained.store.replay_chain(without, corrected), trained.store.replay_chain(chain, X), rtol=0, atol=1e-9
    )
    assert abs(trained.store.replay_chain(without, X) - trained.store.replay_chain(chain, X)).max() > 1.0


def test_several_targets_keep_their_columns(store: WorkspaceStore, tecator: Tecator, tmp_path: Path) -> None:
    y = np.stack([tecator.fat, tecator.water], axis=1)
    trained = Trained(store, tecator.X[:150], y[:150], {"targets": ["fat", "water"]})
    chain = trained.chain(trained.folds("0", "1", "2"))
    replayed = same_bits(trained, chain, tecator.X[150:], tmp_path)
    assert replayed.shape == (65, 2)
    assert [target.name for target in load(tmp_path / "model.n4a").targets] == ["fat", "water"]


def test_what_the_dataset_tells_is_carried_along(trained: Trained, X: Matrix, tecator: Tecator, tmp_path: Path) -> None:
    chain = trained.chain(trained.folds("final"))
    bundle = load(trained.store.export_chain(chain, tmp_path / "model"))
    assert bundle.axis is not None
    assert (bundle.axis.unit, bundle.axis.values.tolist()) == ("nm", tecator.wavelengths.tolist())
    assert [(target.name, target.unit) for target in bundle.targets] == [("fat", "%")]
    replayed = trained.store.replay_chain(chain, X, tecator.wavelengths)
    assert replayed.tobytes() == trained.store.replay_chain(chain, X).tobytes()
    nm = tecator.wavelengths
    assert trained.store.replay_chain(chain, X[:, ::-1], nm[::-1]).tobytes() == replayed.tobytes()
    assert trained.store.replay_chain(chain, X, 1e7 / nm).tobytes() == replayed.tobytes()
    finer = np.array([np.interp(np.linspace(850.0, 1050.0, 150), nm, row) for row in X])
    expected = bundle.predict(finer, np.linspace(850.0, 1050.0, 150))
    assert trained.store.replay_chain(chain, finer, np.linspace(850.0, 1050.0, 150)).tobytes() == expected.tobytes()
    with pytest.raises(AxisError):
        trained.store.replay_chain(chain, X, nm + 100.0)


def test_a_step_of_the_chains_own_branch_is_replayed(trained: Trained, X: Matrix) -> None:
    plain = trained.chain(trained.folds("0"))
    branched = trained.chain(trained.folds("0"), with_step(1, branch_path=[0]), branch_path=[0, 2])
    assert trained.store.replay_chain(branched, X).tobytes() == trained.store.replay_chain(plain, X).tobytes()


@pytest.mark.parametrize(
    ("name", "format", "written"),
    [
        ("m", "n4a", "m.n4a"),
        ("m.n4a", "n4a", "m.n4a"),
        ("a/b/m", "n4a.py", "a/b/m.n4a.py"),
        ("m.n4a.py", "n4a.py", "m.n4a.py"),
    ],
)
def test_a_path_without_suffix_gets_that_of_the_format(
    name: str, format: str, written: str, trained: Trained, tmp_path: Path
) -> None:
    chain = trained.chain(trained.folds("0"))
    assert trained.store.export_chain(chain, tmp_path / name, format) == tmp_path / written
    assert (tmp_path / written).stat().st_size > 0


@pytest.mark.parametrize(("name", "format"), [("m.n4a", "n4a.py"), ("m.n4a.py", "n4a"), ("m.zip", "n4a"), ("m", "zip")])
def test_a_suffix_that_contradicts_the_format_is_refused(
    name: str, format: str, trained: Trained, tmp_path: Path
) -> None:
    with pytest.raises(WriteError, match=r"suffix|format"):
        trained.store.export_chain(trained.chain(trained.folds("0")), tmp_path / name, format)
    assert not [*tmp_path.iterdir()]


def test_golden_rows_come_from_the_calibration_that_is_given(trained: Trained, X: Matrix, tmp_path: Path) -> None:
    chain = trained.chain(trained.folds("0"))
    measured = load(export_chain(trained.store, chain, tmp_path / "measured", calibration=X))
    assert measured.info()["golden"]["origin"] == "measured"
    assert {tuple(row) for row in measured.golden.rows.tolist()} <= {tuple(row) for row in X.tolist()}


def test_golden_rows_come_from_spectra_given_else_from_the_chains_own_else_are_made(
    trained: Trained, X: Matrix, tmp_path: Path
) -> None:
    own = trained.save(X[:9])
    shared = {"2": trained.scaler_id, "calibration": own}
    chain = trained.chain(trained.folds("0", "1"), shared_artifacts=shared)
    golden = load(export_chain(trained.store, chain, tmp_path / "own")).golden
    assert golden.origin == "measured" and all((row == X[:9]).all(axis=1).any() for row in golden.rows)
    given = load(export_chain(trained.store, chain, tmp_path / "given", calibration=X[20:30])).golden
    assert given.origin == "measured" and all((row == X[20:30]).all(axis=1).any() for row in given.rows)
    plain = trained.chain(trained.folds("0", "1"))
    assert load(export_chain(trained.store, plain, tmp_path / "plain")).golden.origin == "synthetic"
    assert same_bits(trained, chain, X, tmp_path).tobytes() == trained.store.replay_chain(plain, X).tobytes()


def test_a_chain_names_one_calibration_set_of_spectra(trained: Trained, tmp_path: Path) -> None:
    folds = trained.folds("0")
    two = {"2": trained.scaler_id, "calibration": [trained.scaler_id, trained.ids["0"]]}
    with pytest.raises(Refused, match="2 artifacts are named as calibration, expected one"):
        trained.store.export_chain(trained.chain(folds, shared_artifacts=two), tmp_path / "two")
    other = {"2": trained.scaler_id, "calibration": trained.scaler_id}
    with pytest.raises(WriteError, match="calibration: spectra: values of type object"):
        trained.store.export_chain(trained.chain(folds, shared_artifacts=other), tmp_path / "other")
    assert list(tmp_path.glob("*.n4a")) == []
