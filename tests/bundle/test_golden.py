"""Golden rows: the same on every machine, never flat, from spectra where there are some, and strict about each bit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import answers, golden
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.errors import WriteError
from n4akit.bundle.lower import lower
from n4akit.bundle.models import Kernel, Trees
from n4akit.bundle.operators import MSC, PLS, SNV, Operator, Project, Scale, Select
from n4akit.bundle.preprocessing import EMSC, BoxCox, Pointwise, Remove
from n4akit.bundle.runtime.plan import Output
from n4akit.bundle.runtime.replay import Replay

P = 40
RAMP = np.linspace(1.0, 2.0, P)


def chain_of(*operators: Operator, width: int = P) -> Chain:
    return Chain(width, {"0": (Step(1, "all", "all", {}, operators),)}, (Target("y"),))


INDEX = np.arange(9, dtype=np.int32)
STUMPS = Trees(
    np.repeat(INDEX[:3] * 9, 3),
    np.array([1.25, 0.0, 0.0] * 3),
    np.array([1, 1, 2, 4, 4, 5, 7, 7, 8], dtype=np.int32),
    np.array([2, 1, 2, 5, 4, 5, 8, 7, 8], dtype=np.int32),
    np.arange(9.0)[:, None],
    INDEX[::3],
    (3,),
)

CHAINS = {
    "scale": chain_of(SNV(), Scale(RAMP, RAMP / 9)),
    "centre only": chain_of(Scale(center=np.zeros(P))),
    "scale only": chain_of(Scale(scale=RAMP), PLS(np.ones((1, P)), RAMP, np.ones(1))),
    "pls": chain_of(SNV(), PLS(np.ones((1, P)), RAMP - 1.5, np.ones(1))),
    "project": chain_of(Project(np.ones((2, P)), center=RAMP)),
    "msc": chain_of(MSC(RAMP)),
    "references": chain_of(SNV(), Kernel("rbf", np.stack([RAMP, RAMP[::-1], RAMP**2]))),
    "thresholds": chain_of(SNV(), STUMPS),
    "nothing learnt": chain_of(SNV()),
    "narrowed first": chain_of(Select(np.arange(5, dtype=np.int32)), Scale(np.ones(5), np.ones(5))),
    "one point": chain_of(SNV(), width=1),
    "logarithm first": chain_of(Pointwise("log"), Scale(RAMP - 9.0, RAMP / 9)),
    "power first": chain_of(SNV(with_mean=False), BoxCox(RAMP), Scale(RAMP - 9.0, RAMP / 9)),
    "emsc": chain_of(EMSC(RAMP**3, np.ones((1, P)))),
    "removed": chain_of(Remove(np.ones((1, P)), np.ones((1, P)), RAMP)),
    "flat centre": chain_of(Scale(center=np.full(P, 7.0))),
}


@pytest.mark.parametrize("name", CHAINS)
def test_synthetic_rows_are_finite_differ_and_are_not_flat(name: str) -> None:
    chain = CHAINS[name]
    rows = golden.synthesise(chain)
    assert rows.shape == (golden.COUNT, chain.n_features) and np.isfinite(rows).all()
    assert len(np.unique(rows, axis=0)) == golden.COUNT
    if chain.n_features > 1:
        assert (rows.max(axis=1) - rows.min(axis=1) > 1e-3 * np.abs(rows).max(axis=1)).all()


def test_synthetic_rows_lie_around_the_learnt_centre() -> None:
    rows = golden.synthesise(CHAINS["scale"])
    assert (np.abs(rows - RAMP) <= 3.0 * RAMP / 9).all()
    assert {*np.sign(rows - RAMP).ravel().tolist()} == {-1.0, 1.0}


@pytest.mark.parametrize("name", ["logarithm first", "power first"])
def test_synthetic_rows_have_logarithms_where_these_are_taken(name: str) -> None:
    assert golden.synthesise(CHAINS[name]).min() > 0.1


def test_a_threshold_that_is_another_is_told_by_the_golden_rows() -> None:
    """They lie on both sides of it, closer than any other threshold could be."""
    chain = chain_of(STUMPS)
    plans = lower(chain), compile_plan(lower(chain))
    expected = golden.make(chain, *plans).compiled
    for node, step in ((0, np.inf), (3, -np.inf), (6, np.inf)):
        threshold = STUMPS.threshold.copy()
        threshold[node] = np.nextafter(np.float32(threshold[node]), np.float32(step))
        other = lower(chain_of(replace(STUMPS, threshold=threshold)))
        assert (Replay(other).predict(golden.synthesise(chain)) != expected).any()


def test_synthetic_rows_are_the_same_bytes_everywhere() -> None:
    found = hashlib.sha256(golden.synthesise(CHAINS["nothing learnt"]).tobytes()).hexdigest()
    assert found == "202d637879017fdbd44ee2155a4561d8227062e23f23ed270fc91d3206743df6"


def test_measured_rows_spread_over_the_range_of_predictions(model: Any, spectra: np.ndarray) -> None:
    made = golden.make(model.chain, model.faithful, model.compiled, spectra)
    values = Replay(model.compiled).predict(spectra)[:, 0]
    assert made.origin == "measured" and len(made.rows) == golden.COUNT
    assert made.compiled[0, 0] == values.min() and made.compiled[-1, 0] == values.max()
    assert all(any((row == spectrum).all() for spectrum in spectra) for row in made.rows)


def test_few_measured_rows_are_all_taken(model: Any, spectra: np.ndarray) -> None:
    for count in range(1, golden.COUNT + 1):
        assert len(golden.make(model.chain, model.faithful, model.compiled, spectra[:count]).rows) == count


def test_measured_rows_that_cannot_be_predicted_are_refused(model: Any, spectra: np.ndarray) -> None:
    spectra[3, 2] = np.nan
    with pytest.raises(WriteError, match=r"row 4: point 3 is nan.*check the spectra given"):
        golden.make(model.chain, model.faithful, model.compiled, spectra)
    with pytest.raises(WriteError, match="11 values in each row, expected 12"):
        golden.make(model.chain, model.faithful, model.compiled, spectra[:, 1:])


def test_a_chain_without_finite_answers_is_refused_with_the_way_out() -> None:
    from n4akit.bundle.lower.program import Program

    program = Program(P)
    value = program("matmul", program("map", program("mul", "x", -1.0), f="sqrt"), np.ones((1, P)))
    plan = program.plan({"value": Output(value)})
    with pytest.raises(WriteError, match="give spectra of the calibration set as calibration="):
        golden.make(CHAINS["msc"], plan, plan)


def test_golden_rows_come_back_to_the_last_bit(models: Callable[..., Any]) -> None:
    made = golden.make(*models(targets=3))
    again = answers.restore(answers.document(made), made.rows, made.origin, 3)
    assert again.faithful.tobytes() == made.faithful.tobytes()
    assert again.compiled.tobytes() == made.compiled.tobytes()
    assert again.difference == made.difference < 1e-12


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b'"compiled"', b'"compared"'),
        lambda data: data.replace(b"0x1.", b"0x2.", 1),
        lambda data: data.replace(b'["', b'["0x1.0000000000000p+0","', 1),
        lambda data: data[:-1],
        lambda data: b'{"compiled":[["nan"]],"faithful":[["nan"]]}',
    ],
)
def test_answers_of_another_form_are_refused(model: Any, change: Callable[[bytes], bytes]) -> None:
    made = golden.make(*model)
    with pytest.raises(ValueError):
        answers.restore(change(answers.document(made)), made.rows, "synthetic", 1)
    with pytest.raises(ValueError):
        answers.restore(b'{"compiled":[["inf"]],"faithful":[["inf"]]}', made.rows[:1], "synthetic", 1)


def test_the_last_bit_counts_in_the_exact_profile_and_not_in_the_opaque_one() -> None:
    expected = np.array([[1.0], [2.0]])
    found = np.nextafter(expected, 3.0)
    assert [text.split(":")[0] for text in answers.differences("compiled", found, expected, "exact")] == [
        "golden row 1",
        "golden row 2",
    ]
    assert list(answers.differences("compiled", found, expected, "opaque")) == []
    assert list(answers.differences("compiled", expected + 1e-8, expected, "opaque"))
    assert list(answers.differences("compiled", expected * np.nan, expected, "opaque"))
    assert list(answers.differences("compiled", np.array([[-0.0]]), np.array([[0.0]]), "exact"))
