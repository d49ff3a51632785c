"""Writing: the same chain gives the same bytes, and what stands at a path is the old file or the whole new one."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import Axis, WriteError, load, verify
from n4akit.bundle.runtime.replay import Replay
from n4akit.bundle.writer import draft, prepare, write_bundle, write_draft

SIZES = [{"width": 3, "folds": 1}, {"width": 12, "folds": 2, "targets": 3}, {"width": 300, "folds": 5, "axis": False}]


@pytest.mark.parametrize("size", SIZES)
def test_a_bundle_gives_the_bits_of_the_plan_it_was_made_from(
    models: Callable[..., Any], tmp_path: Path, size: dict[str, Any]
) -> None:
    model = models(**size)
    bundle = load(write_draft(draft(*model), tmp_path / "model.n4a"))
    X = np.random.default_rng(1).normal(size=(50, size["width"]))
    assert bundle.predict(X).tobytes() == Replay(model.compiled).predict(X).tobytes()
    assert Replay(bundle.plan("faithful")).predict(X).tobytes() == Replay(model.faithful).predict(X).tobytes()
    assert np.allclose(bundle.predict(X), Replay(model.faithful).predict(X).reshape(bundle.predict(X).shape))


def test_what_is_known_of_a_chain_comes_back(model: Any, saved: Path) -> None:
    bundle, chain = load(saved), model.chain
    assert bundle.targets == chain.targets and bundle.n_features == 12
    assert bundle.axis is not None and bundle.axis.unit == "nm"
    assert bundle.axis.values.tobytes() == chain.axis.values.tobytes()
    info = bundle.info()
    assert info["provenance"] == {"run_id": "r1", "seed": 2**63, "rmse": 0.125}
    assert info["environment"] == {"python": "3.11"}
    assert [(step["name"], step["folds"]) for step in info["steps"]] == [("SNV", ["0", "1"]), ("PLS", ["0", "1"])]
    assert info["steps"][0]["params"] == {"copy": True, "tol": 1e-6, "missing": "nan", "$odd": [1, None, "ü\n"]}


def test_the_same_chain_gives_the_same_bytes(model: Any, saved: Path, tmp_path: Path) -> None:
    again = write_draft(draft(*model), tmp_path / "again.n4a")
    assert again.read_bytes() == saved.read_bytes()
    assert load(again).digest == load(saved).digest == draft(*model).digest


def test_the_order_in_which_facts_were_told_does_not_matter(model: Any, saved: Path, tmp_path: Path) -> None:
    told = dict(reversed(model.chain.provenance.items()))
    other = draft(replace(model.chain, provenance=told), model.faithful, model.compiled)
    assert write_draft(other, tmp_path / "other.n4a").read_bytes() == saved.read_bytes()


def test_a_bundle_is_written_again_from_what_it_holds(model: Any, saved: Path, tmp_path: Path) -> None:
    bundle = load(saved)
    other = draft(model.chain, bundle.plan("faithful"), bundle.plan("compiled"))
    assert write_draft(other, tmp_path / "again.n4a").read_bytes() == saved.read_bytes()


CHILD = """
import sys
import numpy as np
from n4akit.bundle.chain import Axis, Chain, Step, Target
from n4akit.bundle.operators import PLS, SNV, SavitzkyGolay
from n4akit.bundle.writer import write_bundle

def number(i, j):
    return ((i * 37 + j * 11) % 101 - 50) / 64.0
def step(index, operator):
    return Step(index, type(operator).__name__, "x." + type(operator).__name__, {"b": 1, "a": 0.5}, (operator,))
shared = (step(1, SNV()), step(2, SavitzkyGolay(7, 2, 1)))
points = range(60)
models = [
    PLS(
        np.array([[number(fold, j) for j in points]]),
        np.array([number(fold + 9, j) for j in points]),
        np.array([number(fold, 99)]),
    )
    for fold in range(3)
]
chain = Chain(
    60,
    {str(fold): (*shared, step(3, model)) for fold, model in enumerate(models)},
    (Target("fat", "%"),),
    Axis(np.arange(60.0) * 2.5 + 900.0, "nm"),
    provenance={"run": "r", "chain": "c", "seed": 7},
    environment={"numpy": "1.26.4", "python": "3.11"},
)
write_bundle(chain, sys.argv[1])
"""


ROOT = Path(__file__).parents[2]


def written_by(python: str, path: Path, **environment: str) -> str:
    """The sha256 of the bundle that another process writes."""
    # An old environment does not have n4akit installed: it reads the very files under test.
    environment = os.environ | {"PYTHONPATH": str(ROOT / ".path")} | environment
    subprocess.run([python, "-W", "ignore", "-c", CHILD, str(path)], env=environment, check=True, timeout=60)
    return sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sha256 of the bundle that this interpreter writes when nothing is special."""
    return written_by(sys.executable, tmp_path_factory.mktemp("usual") / "model.n4a", PYTHONHASHSEED="0")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONUTF8": "0"},
        {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1"},
        {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX X86_V3 X86_V4"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_every_process_writes_the_same_bytes(tmp_path: Path, usual: str, environment: dict[str, str]) -> None:
    assert written_by(sys.executable, tmp_path / "model.n4a", **environment) == usual


def test_an_old_numpy_writes_the_same_bytes(tmp_path: Path, usual: str) -> None:
    old = os.environ.get("N4AKIT_OLD_PYTHON")
    if old is None and os.environ.get("CI") != "true":
        pytest.skip("N4AKIT_OLD_PYTHON names no interpreter with numpy 1.26")
    assert old is not None, "CI must name an interpreter with numpy 1.26 in N4AKIT_OLD_PYTHON"
    assert written_by(old, tmp_path / "model.n4a") == usual


def test_nothing_of_the_exporter_is_in_the_file(saved: Path, tmp_path: Path) -> None:
    text = saved.read_bytes()
    for word in (np.__version__, str(tmp_path), os.uname().nodename):
        assert word.encode() not in text


def test_equal_arrays_are_stored_once(models: Callable[..., Any], tmp_path: Path) -> None:
    model = models(width=200, folds=4)
    steps = next(iter(model.chain.branches.values()))
    chain = replace(model.chain, branches={str(fold): steps for fold in range(4)})
    path = write_bundle(chain, tmp_path / "model.n4a")
    with zipfile.ZipFile(path) as file:
        contents = [file.read(name) for name in file.namelist()]
    assert len(set(contents)) == len(contents)
    # Axis, golden rows, and the mean and the coefficients of the one model: also merged, they are the same.
    assert len(contents) == 2 + 4


def test_payloads_are_aligned_and_add_little(saved: Path) -> None:
    with zipfile.ZipFile(saved) as file:
        infos = file.infolist()
    sizes = sum(info.file_size for info in infos)
    assert saved.stat().st_size - sizes < len(infos) * 350
    data = saved.read_bytes()
    for info in infos:
        name, extra = struct.unpack_from("<2H", data, info.header_offset + 26)
        assert (info.header_offset + 30 + name + extra) % 64 == 0


def test_measured_golden_rows_travel_and_are_named_as_such(model: Any, tmp_path: Path, spectra: np.ndarray) -> None:
    path = write_draft(draft(model.chain, model.faithful, model.compiled, spectra), tmp_path / "model.n4a")
    golden = load(path).golden
    assert golden.origin == "measured" and load(path).info()["golden"] == {"rows": 6, "origin": "measured"}
    assert all(any((row == spectrum).all() for spectrum in spectra) for row in golden.rows)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda c: replace(c, provenance={"a": {"b": b"raw"}}),
            r"the manifest: \.provenance\.a\.b: b'raw' of type bytes",
        ),
        (lambda c: replace(c, provenance={"a": np.int64(1)}), r"\.provenance\.a: .* has no canonical JSON form"),
        (lambda c: replace(c, environment={"python": 3.11}), r"\.environment\.python: 3\.11 of type float"),
        (lambda c: replace(c, environment={"python": None}), "environment.python: None"),
        (lambda c: replace(c, targets=(replace(c.targets[0], name="\ud800"),)), "the manifest: "),
        (lambda c: replace(c, axis=Axis(np.full(12, np.nan), "nm")), "axis: float64 values of shape"),
        (lambda c: replace(c, axis=Axis(np.arange(11.0), "nm")), r"axis: float64 values of shape \(11,\), expected 12"),
        (lambda c: replace(c, axis=Axis(np.arange(12), "nm")), "axis: int64 values"),  # type: ignore[arg-type]
        (lambda c: replace(c, fold_rule="vote"), "fold_rule: 'vote'"),
        (lambda c: replace(c, opaque={"a" * 64: b"x"}), "opaque artifact a{64}: its bytes have another sha256"),
        (lambda c: replace(c, opaque={sha256(b"x").hexdigest(): b"x"}), "cannot be unpickled here: UnpicklingError"),
        (lambda c: replace(c, targets=()), "targets: 0 items, expected 1 to"),
    ],
)
def test_what_does_not_fit_the_format_is_not_written(
    model: Any, tmp_path: Path, change: Callable[[Any], Any], words: str
) -> None:
    with pytest.raises(WriteError, match=words):
        write_draft(draft(change(model.chain), model.faithful, model.compiled), tmp_path / "model.n4a")
    assert list(tmp_path.iterdir()) == []


def test_prepared_and_written_are_the_same(model: Any, tmp_path: Path) -> None:
    path = write_bundle(model.chain, tmp_path / "model.n4a")
    prepared = prepare(model.chain)
    assert prepared.digest == load(path).digest == verify(path).digest
    assert json.loads(prepared.contents[0][1]) == dict(load(path).manifest)
