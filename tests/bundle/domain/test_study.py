"""What a calibration says: of samples, not of their replicates; and only what it knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import load
from n4akit.bundle.chain import Chain
from n4akit.bundle.domain import Calibration, Validation, study
from n4akit.bundle.domain.place import place
from n4akit.bundle.domain.study import AT_LEAST, LEAST
from n4akit.bundle.errors import InputError, WriteError
from n4akit.bundle.lower import lower
from n4akit.bundle.operators import MSC, SNV, Scale
from n4akit.bundle.runtime.replay import Replay
from n4akit.bundle.writer import write_bundle

from .conftest import POINTS, Draw, Make, step


def test_without_a_calibration_nothing_is_usual(chains: Make) -> None:
    found = study(chains(), None, None)
    assert (found.domain, found.limits) == (None, None)


def test_a_calibration_tells_where_spectra_lie(chains: Make, draw: Draw) -> None:
    found = study(chains(), Calibration(draw(60), np.arange(60.0)), None)
    assert found.domain is not None and found.limits is not None
    assert (found.limits.samples, found.limits.ranges, found.limits.interval) == (60, ((0.0, 59.0),), None)
    assert found.limits.components == len(found.domain.directions) == len(found.domain.deviations) > 0
    for limit in (found.limits.t2, found.limits.q):
        assert limit is not None and 0.0 < limit.warning < limit.error


def test_new_samples_are_within_the_limits_and_others_beyond(chains: Make, draw: Draw, tmp_path: Path) -> None:
    bundle = load(write_bundle(chains(), tmp_path / "m.n4a", calibration=draw(100)))
    usual = bundle.predict_full(draw(300, seed=1))
    assert 0.02 < np.mean([status != "ok" for status in usual.status]) < 0.25
    assert np.mean([status == "error" for status in usual.status]) < 0.02
    shape = draw(20, seed=2) + 0.3 * np.sin(np.linspace(0.0, 40.0, POINTS))
    assert all("q_error" in codes for codes in bundle.predict_full(shape).flags)


def test_spectra_without_noise_do_not_stand_out_by_rounding(chains: Make, draw: Draw, tmp_path: Path) -> None:
    bundle = load(write_bundle(chains(), tmp_path / "m.n4a", calibration=draw(100, noise=0.0)))
    codes = [code for row in bundle.predict_full(draw(200, seed=1, noise=0.0)).flags for code in row]
    assert not {"q_warning", "q_error"} & {*codes}


@pytest.mark.parametrize(
    ("samples", "noise", "told"),
    [
        (100, 1e-5, AT_LEAST),  # five bands hold nearly all that varies, but a model may live on what is beside them
        (28, 1e-5, 7),  # of few samples a quarter
        (100, 0.0, 5),  # what is beside them is rounding
    ],
)
def test_there_are_some_components_even_where_few_hold_nearly_all(
    chains: Make, draw: Draw, samples: int, noise: float, told: int
) -> None:
    found = study(chains(Scale(np.zeros(POINTS))), Calibration(draw(samples, noise=noise)), None)
    assert found.limits is not None and found.limits.components == told


def test_a_sample_counts_once_however_often_it_was_measured(chains: Make, draw: Draw) -> None:
    X = draw(25)
    noisy = np.repeat(X, 4, axis=0) + 1e-4 * np.random.default_rng(1).normal(size=(100, POINTS))
    names = np.repeat([f"sample {number}" for number in range(25)], 4).tolist()
    grouped = study(chains(), Calibration(noisy, groups=names), None).limits
    loose = study(chains(), Calibration(noisy), None).limits
    assert grouped is not None and loose is not None and (grouped.samples, loose.samples) == (25, 100)
    # Left out with its replicates a sample lies further away than with them among the others.
    assert grouped.q is not None and loose.q is not None and grouped.q.warning > loose.q.warning
    assert grouped.t2 is not None and loose.t2 is not None and grouped.t2.warning > loose.t2.warning


@pytest.mark.parametrize(("samples", "told"), [(LEAST - 1, False), (LEAST, True)])
def test_too_few_samples_say_nothing_of_distances(chains: Make, draw: Draw, samples: int, told: bool) -> None:
    X = np.repeat(draw(samples), 3, axis=0)
    found = study(chains(), Calibration(X, groups=np.repeat(np.arange(samples), 3).tolist()), None)
    assert found.limits is not None and found.limits.samples == samples and found.limits.envelope is not None
    assert [found.domain is not None, found.limits.t2 is not None, found.limits.q is not None] == [told] * 3


def test_spectra_that_are_all_the_same_say_nothing_of_distances(chains: Make, draw: Draw, tmp_path: Path) -> None:
    same = np.repeat(draw(1), 40, axis=0)
    result = load(write_bundle(chains(), tmp_path / "m.n4a", calibration=same)).predict_full(draw(3))
    assert (result.t2, result.q, result.limits.components) == (None, None, 0)
    assert any(
        line.startswith("t2, q: the bundle was written with 40 samples, too few or all") for line in result.absent
    )


def test_where_values_may_be_missing_ranges_and_intervals_alone_are_told(chains: Make, draw: Draw) -> None:
    chain = replace(chains(Scale(np.zeros(POINTS))), missing=True)
    X = draw(60)
    X[3, 4] = np.nan
    Y = np.arange(60.0)
    found = study(chain, Calibration(X, Y), Validation(Y, Y + 1.0))
    assert found.domain is None and found.limits is not None
    assert (found.limits.t2, found.limits.q, found.limits.envelope) == (None, None, None)
    assert found.limits.ranges == ((0.0, 59.0),) and found.limits.interval is not None


def test_a_classifier_has_distances_and_no_ranges(chains: Make, draw: Draw) -> None:
    chain = chains(labels=("lean", "rich"))
    found = study(chain, Calibration(draw(60), ["lean"] * 60), None)
    assert found.domain is not None and found.limits is not None
    assert (found.limits.ranges, found.limits.interval) == ((), None)


def test_each_target_has_its_range(chains: Make, draw: Draw) -> None:
    Y = np.stack([np.arange(60.0), -np.arange(60.0)], axis=1)
    found = study(chains(targets=2), Calibration(draw(60), Y), Validation(Y, Y + np.array([1.0, 2.0])))
    assert found.limits is not None and found.limits.ranges == ((0.0, 59.0), (-59.0, 0.0))
    assert found.limits.interval is not None and found.limits.interval.half_widths == (1.0, 2.0)


def test_errors_on_spectra_that_were_held_out_make_the_interval(chains: Make, draw: Draw) -> None:
    chain, X = chains(), draw(60)
    predicted = Replay(lower(chain)).predict(X)[:, 0]
    found = study(chain, Calibration(X, predicted + 0.5, held_out=True), None).limits
    assert found is not None and found.interval is not None and found.interval.samples == 60
    assert found.interval.half_widths == pytest.approx((0.5,))
    given = study(chain, Calibration(X, predicted + 0.5, held_out=True), Validation([0.0] * 60, [2.0] * 60)).limits
    assert given is not None and given.interval is not None and given.interval.half_widths == (2.0,)


# ---- Where spectra are compared ------------------------------------------------------------------------------------


def test_spectra_are_compared_after_the_last_correction_of_each_by_itself(chains: Make) -> None:
    ramp = np.linspace(0.5, 1.5, POINTS)
    assert place(chains(Scale(ramp))) == 0
    assert place(chains(SNV())) == place(chains(SNV(), Scale(ramp))) == 1
    assert place(chains(Scale(ramp), MSC(ramp), Scale(ramp))) == 2


def test_each_folds_own_objects_of_a_step_are_the_same_step(chains: Make) -> None:
    shared = chains()
    own = {fold: (step(1, SNV()), steps[-1]) for fold, steps in shared.branches.items()}
    assert place(replace(shared, branches=own)) == 1
    ramp = np.linspace(0.5, 1.5, POINTS)
    other = {fold: (step(1, MSC(ramp + int(fold))), steps[-1]) for fold, steps in shared.branches.items()}
    assert place(replace(shared, branches=other)) == 0


# ---- What does not fit is refused ----------------------------------------------------------------------------------

Y = np.arange(60.0)
GAP = np.r_[Y[:-1], np.nan]
REFUSED: dict[str, tuple[Any, Any, str]] = {
    "width": (lambda X: Calibration(X[:, :7]), None, "7 values in each row, expected 30"),
    "a spectrum with a gap": (
        lambda X: Calibration(np.where(np.arange(60)[:, None] == 3, np.nan, X)),
        None,
        "row 4: .*nan",
    ),
    "references": (lambda X: Calibration(X, Y[:9]), None, "references: 9 for 60 spectra, expected one for each"),
    "held out": (lambda X: Calibration(X, held_out=True), None, "errors need references, and there are none"),
    "held out, references": (lambda X: Calibration(X, Y[:9], held_out=True), None, "references: 9 for 60 spectra"),
    "a reference missing": (lambda X: Calibration(X, GAP), None, "references: row 60, target 1 is nan; leave out"),
    "targets": (lambda X: Calibration(X, np.stack([Y, Y], 1)), None, r"shape \(60, 2\), expected \(n, 1\)"),
    "text": (lambda X: Calibration(X, ["a"] * 60), None, "expected numbers, 1 for each spectrum"),
    "groups": (lambda X: Calibration(X, groups=[1, 2]), None, "groups: 2 groups for 60 spectra, expected one for each"),
    "lengths": (None, Validation(Y, Y[:9]), "validation: 60 references and 9 predictions, expected as many of each"),
    "a prediction missing": (None, Validation(Y, GAP), "validation.predictions: row 60, target 1 is nan"),
    "validation groups": (None, Validation(Y, Y, [1]), "validation.groups: 1 groups for 60 spectra"),
    "nothing": (None, Validation([], []), r"validation.references: shape \(0, 1\), expected \(n, 1\)"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused(chains: Make, draw: Draw, tmp_path: Path, what: str) -> None:
    calibration, validation, words = REFUSED[what]
    given = calibration and calibration(draw(60))
    with pytest.raises(InputError, match=words):
        study(chains(), given, validation)
    with pytest.raises(WriteError, match=words):
        write_bundle(chains(), tmp_path / "m.n4a", calibration=given, validation=validation)
    assert not [*tmp_path.iterdir()]


def test_the_same_calibration_gives_the_same_bytes(chains: Make, draw: Draw, tmp_path: Path) -> None:
    def written(name: str, chain: Chain) -> bytes:
        given = Calibration(np.asfortranarray(draw(60)), Y.tolist(), carry=False)
        return write_bundle(chain, tmp_path / name, calibration=given).read_bytes()

    assert written("a.n4a", chains()) == written("b.n4a", chains())
