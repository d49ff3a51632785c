"""All there is to say of a prediction: the same record from the library and from a script, whatever the model."""

from __future__ import annotations

import json
import runpy
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from n4akit.bundle import Bundle, load
from n4akit.bundle.chain import Axis, Chain, Classes, Step, Target
from n4akit.bundle.domain import Calibration, Validation
from n4akit.bundle.errors import InputError
from n4akit.bundle.operators import PLS, SNV, Operator, Scale
from n4akit.bundle.runtime.record import COLUMNS
from n4akit.bundle.script import write_script
from n4akit.bundle.writer import write_bundle
from numpy.typing import NDArray

from .test_script import pythons, run, table

POINTS = 25
Matrix = NDArray[np.float64]


def drawn(n: int, seed: int = 0) -> Matrix:
    """Spectra of four bands with noise."""
    rng = np.random.default_rng(seed)
    grid, centres = np.linspace(0.0, 1.0, POINTS), np.linspace(0.1, 0.9, 4)[:, None]
    bands = np.exp(-(((grid - centres) / 0.15) ** 2))
    made: Matrix = 0.3 + rng.uniform(0.5, 1.0, size=(n, 4)) @ bands + 1e-3 * rng.normal(size=(n, POINTS))
    return made


def strange(n: int = 12) -> Matrix:
    """Spectra of which there is much to say, between some that are usual."""
    X = drawn(n, seed=1)
    X[1], X[3] = 10.0 ** -X[1], 100.0 * 10.0 ** -X[3]
    X[5, 7], X[6, 4:19] = 0.0, X[6, 4]
    X[7], X[8] = X[7] + 5.0, X[8] * 7.0
    X[9] += 0.2 * np.sin(np.arange(POINTS))
    return X


def chain_of(*before: Operator, folds: int = 3, targets: int = 1, labels: tuple[str, ...] = ()) -> Chain:
    rng = np.random.default_rng(2)
    columns = len(labels) or targets

    def step(index: int, operator: Operator) -> Step:
        return Step(index, type(operator).__name__, "made.by.hand", {}, (operator,))

    first = [step(number, operator) for number, operator in enumerate(before, 1)]
    models = [
        PLS(rng.normal(size=(columns, POINTS)), rng.normal(size=POINTS), rng.normal(size=columns)) for _ in range(folds)
    ]
    return Chain(
        POINTS,
        {str(fold): (*first, step(9, model)) for fold, model in enumerate(models)},
        tuple(Target(f"target {number}", "%") for number in range(1 if labels else targets)),
        Axis(np.linspace(1000.0, 1480.0, POINTS), "nm"),
        classes=Classes.of(np.array(labels)) if labels else None,
        fold_rule="soft" if labels else "mean",
    )


RAMP = np.linspace(0.5, 1.5, POINTS)
CHAINS: dict[str, Callable[[], Chain]] = {
    "one target": lambda: chain_of(SNV(), Scale(RAMP, RAMP)),
    "three targets": lambda: chain_of(SNV(), targets=3),
    "spectra as they are": lambda: chain_of(Scale(RAMP), folds=1),
    "a classifier": lambda: chain_of(SNV(), labels=("lean", "rich", "fat")),
    "values may be missing": lambda: replace(chain_of(folds=1), missing=True),
}


class Hosts(NamedTuple):
    library: Bundle
    script: dict[str, Any]
    path: Path


def hosts(chain: Chain, folder: Path, *, known: bool = True, scale: float = 1.0) -> Hosts:
    """A chain in both hosts, with all that a calibration, of this `scale`, and a validation tell."""
    told: dict[str, Any] = {}
    if known:
        X = drawn(60) * scale
        y = np.random.default_rng(3).normal(size=(60, len(chain.targets)))
        off = np.random.default_rng(4).normal(size=y.shape)
        kept = None if chain.classes is not None else y
        told = {"calibration": Calibration(X, kept), "validation": Validation(y, y + off)}
    path = write_script(chain, folder / "m.n4a.py", **told)
    return Hosts(load(write_bundle(chain, folder / "m.n4a", **told)), runpy.run_path(str(path)), path)


def texts(records: Any) -> list[str]:
    """Records as text that tells all bits apart."""
    return [json.dumps(record) for record in records]


@pytest.mark.parametrize("known", [True, False], ids=["calibration", "no calibration"])
@pytest.mark.parametrize("what", CHAINS)
def test_library_and_script_tell_the_same_records(tmp_path: Path, what: str, known: bool) -> None:
    library, script, _ = hosts(CHAINS[what](), tmp_path, known=known)
    X = strange()
    result = library.predict_full(X)
    expected = texts(result.records(model="m"))
    assert len(expected) == len(X) * len(library.targets)
    assert texts(script["predict_full"](X.tolist())) == expected
    for rows in (X[:1], X[5:8]):  # few rows are judged in another way
        told = texts(library.predict_full(rows).records(model="m"))
        assert texts(script["predict_full"](rows.tolist())) == told
    assert set(json.loads(expected[0])) == {*COLUMNS, "proba"}
    if known and not library.missing_values:
        assert len({code for codes in result.flags for code in codes}) > 4, "there was something to tell"


def test_on_another_axis_and_with_names_too(tmp_path: Path) -> None:
    library, script, _ = hosts(CHAINS["three targets"](), tmp_path)
    coarse, names = np.linspace(1000.0, 1480.0, 9), [f"sample {number}" for number in range(12)]
    X = strange()[:, ::3]
    told = library.predict_full(X, coarse).records(names, model="m")
    found = script["predict_full"](X.tolist(), coarse.tolist(), samples=names)
    assert texts(found) == texts(told) and all("coarse_axis" in record["flags"] for record in found)
    with pytest.raises(ValueError, match="samples: 2 names for 12 spectra, expected one for each"):
        script["predict_full"](X.tolist(), coarse.tolist(), samples=names[:2])


def test_every_python_tells_the_same_records(tmp_path: Path) -> None:
    library, _, path = hosts(CHAINS["one target"](), tmp_path)
    expected = texts(library.predict_full(strange()).records(model="m"))
    for version, python in pythons():
        done = run(path, "--json", "-", given=table(strange()), python=python)
        assert (version, texts(json.loads(done.stdout))) == (version, expected), done.stderr


def test_an_infinite_distance_leaves_the_prediction_in_every_host(tmp_path: Path) -> None:
    library, script, _ = hosts(CHAINS["spectra as they are"](), tmp_path, scale=1e-6)
    X = drawn(6)
    X[2] *= 1e149
    told = library.predict_full(X)
    assert np.isinf(told.t2[2]) and "t2_error" in told.flags[2]  # type: ignore[index]
    assert texts(script["predict_full"](X.tolist())) == texts(told.records(model="m"))
    assert script["predict"](X.tolist()) == library.predict(X).tolist()


def test_a_record_says_what_it_knows(tmp_path: Path) -> None:
    library, _, _ = hosts(CHAINS["one target"](), tmp_path)
    result = library.predict_full(drawn(3, seed=5))
    (record, *_) = result.records()
    limits = result.limits
    assert limits.t2 is not None and limits.q is not None and limits.interval is not None
    half = limits.interval.half_widths[0]
    assert (record["lower"], record["upper"]) == (record["value"] - half, record["value"] + half)
    assert (record["t2_warning"], record["q_error"]) == (limits.t2.warning, limits.q.error)
    assert record["in_range"] is (limits.ranges[0][0] <= record["value"] <= limits.ranges[0][1])
    assert record["spread"] == result.spread[0] > 0.0 and result.absent == ()  # type: ignore[index]


def test_what_is_not_known_is_none_and_why_is_told(tmp_path: Path) -> None:
    result = hosts(CHAINS["one target"](), tmp_path, known=False).library.predict_full(drawn(2))
    (record, *_) = result.records()
    empty = ("lower", "upper", "coverage", "t2", "q", "t2_warning", "q_error", "in_range", "range_low", "settings")
    assert [record[name] for name in empty] == [None] * len(empty)
    assert [line.partition(":")[0] for line in result.absent] == ["t2, q", "in_range", "lower, upper"]


def test_the_spread_is_the_standard_deviation_of_the_folds(tmp_path: Path) -> None:
    chain, X = CHAINS["three targets"](), drawn(9)
    folds = []
    for number, steps in enumerate(chain.branches.values()):
        alone = write_bundle(replace(chain, branches={"0": steps}), tmp_path / f"{number}.n4a")
        folds.append(load(alone).predict(X))
    found = hosts(chain, tmp_path).library.predict_full(X).spread
    assert found is not None
    assert np.allclose(found, np.std(folds, axis=0, ddof=1), rtol=1e-9)


# ---- Beside the value, and not in its way -----------------------------------------------------------------------


@pytest.mark.parametrize("what", CHAINS)
def test_the_bits_of_a_value_do_not_depend_on_what_else_is_told(tmp_path: Path, what: str) -> None:
    chain, X = CHAINS[what](), drawn(40, seed=6)
    (tmp_path / "bare").mkdir()
    known, bare = hosts(chain, tmp_path), hosts(chain, tmp_path / "bare", known=False)
    assert known.library.predict(X).tobytes() == bare.library.predict(X).tobytes()
    assert known.library.predict_full(X).values.tobytes() == bare.library.predict(X).tobytes()
    assert known.script["predict"](X.tolist()) == bare.script["predict"](X.tolist())


def test_who_asks_for_the_value_alone_pays_for_nothing_else(tmp_path: Path) -> None:
    chain = CHAINS["one target"]()
    (tmp_path / "bare").mkdir()
    known, bare = hosts(chain, tmp_path), hosts(chain, tmp_path / "bare", known=False)
    lines = [_lines_run(host, "compute") for host in (known, bare)]
    assert lines[0] == lines[1] < _lines_run(known, "compute_all")
    plans = [host.library.plan("compiled") for host in (known, bare)]
    assert len(plans[0].body) > len(plans[1].body), "there was something to leave out"


def _lines_run(host: Hosts, name: str) -> int:
    """How many instructions a function of a script consists of."""
    code: types.CodeType = host.script[name].__code__
    return sum(1 for _ in code.co_lines())


@pytest.mark.parametrize("what", ["one target", "three targets", "spectra as they are", "a classifier"])
def test_contributions_are_what_q_is_made_of(tmp_path: Path, what: str) -> None:
    library, script, _ = hosts(CHAINS[what](), tmp_path)
    X = np.r_[drawn(8, seed=7), drawn(1, seed=8) + 0.2 * np.sin(np.arange(POINTS))]
    found = library.contributions(X)
    q = library.predict_full(X).q
    assert found.shape == (9, POINTS) and q is not None and (q > 0.0).all()
    assert np.allclose((found**2).sum(axis=1), q, rtol=1e-6, atol=1e-12)
    assert script["contributions"](X.tolist()) == found.tolist()


def test_a_peak_that_nothing_had_contributes_where_it_is(tmp_path: Path) -> None:
    X = drawn(1, seed=9)
    X[0, 13] += 0.5
    found = hosts(CHAINS["spectra as they are"](), tmp_path).library.contributions(X)
    assert int(np.abs(found[0]).argmax()) == 13


def test_without_a_calibration_there_are_no_contributions(tmp_path: Path) -> None:
    library, script, _ = hosts(CHAINS["one target"](), tmp_path, known=False)
    with pytest.raises(InputError, match="written without calibration spectra, and has no Q"):
        library.contributions(drawn(1))
    with pytest.raises(ValueError, match="knows no calibration spectra, and has no Q"):
        script["contributions"](drawn(1).tolist())


# ---- Replicates -------------------------------------------------------------------------------------------------


def test_the_scan_that_lies_apart_from_its_sample_is_named(tmp_path: Path) -> None:
    library = hosts(CHAINS["three targets"](), tmp_path).library
    scans = np.repeat(drawn(3, seed=10), 4, axis=0) + 1e-6 * np.random.default_rng(0).normal(size=(12, POINTS))
    scans[6] = drawn(1, seed=11)[0]
    names = [*"aaaabbbbcccc"]
    result = library.predict_full(np.r_[scans, drawn(1, seed=12)])
    told = result.replicates([*names, "alone"])
    assert [(one["target"], one["sample"]) for one in told] == [
        (f"target {target}", sample) for sample in "abc" for target in range(3)
    ]
    assert all((7 in one["outlying"]) == (one["sample"] == "b") for one in told)
    for one in told:
        own = result.values[np.flatnonzero(np.array(names) == one["sample"]), int(one["target"][-1])]
        assert one["count"] == 4 and np.allclose([one["mean"], one["sd"]], [own.mean(), own.std(ddof=1)])
    with pytest.raises(ValueError, match="samples: 12 names for 13 spectra, expected one for each"):
        result.replicates(names)


def test_two_scans_do_not_tell_which_of_them_is_wrong(tmp_path: Path) -> None:
    result = hosts(CHAINS["one target"](), tmp_path).library.predict_full(drawn(2))
    (told,) = result.replicates(["a", "a"])
    assert (told["count"], told["outlying"]) == (2, [])
