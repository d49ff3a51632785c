"""Reading: what `load` gives, what `verify` tells, and when the file is looked at."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import BundleError, load, verify
from n4akit.bundle.runtime.replay import Replay
from n4akit.bundle.writer import draft, write_draft


def test_a_path_may_be_text_or_a_path(saved: Path, spectra: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(saved.parent)
    answers = [load(path).predict(spectra) for path in (saved, str(saved), "model.n4a", Path("model.n4a"))]
    assert all(answer.tobytes() == answers[0].tobytes() for answer in answers)


def test_the_digest_is_that_of_the_manifest(saved: Path) -> None:
    with zipfile.ZipFile(saved) as file:
        data = file.read("manifest.json")
    assert load(saved).digest == verify(saved).digest == hashlib.sha256(data).hexdigest()
    assert dict(load(saved).manifest) == json.loads(data)


def test_verify_tells_what_it_checked(saved: Path) -> None:
    report = verify(saved)
    assert report.path == str(saved) and report.problems == ()
    assert report.checked == (
        f"structure, checksums and manifest of {saved.stat().st_size} bytes",
        "sha256 of 7 artifacts",
        "6 golden rows, compiled plan, to the last bit",
        "6 golden rows, faithful plan, to the last bit",
    )


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "empty"])
def test_what_is_no_bundle_is_refused_with_its_path(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing.n4a"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_text("850;860\n" * 40 if kind == "text" else "")
    with pytest.raises(BundleError) as caught:
        load(path)
    report = verify(path)
    assert str(caught.value) == f"{path}: {report.problems[0]}" and caught.value.problems == report.problems
    assert report.digest is None and report.checked == ()


def test_the_shape_of_predictions_follows_the_targets(
    models: Callable[..., Any], tmp_path: Path, spectra: np.ndarray
) -> None:
    for targets, shape in ((1, (20,)), (2, (20, 2)), (7, (20, 7))):
        model = models(targets=targets)
        bundle = load(write_draft(draft(*model), tmp_path / f"{targets}.n4a"))
        assert bundle.predict(spectra).shape == shape
        assert bundle.predict(spectra).tobytes() == Replay(model.compiled).predict(spectra).tobytes()
        assert [target.name for target in bundle.targets] == [f"target {number}" for number in range(targets)]


def test_a_bundle_says_what_it_is(saved: Path) -> None:
    bundle = load(saved)
    assert repr(bundle) == f"<Bundle model.n4a: target 0 from 12 points, exact, {bundle.digest[:12]}>"
    info = json.loads(json.dumps(bundle.info(), allow_nan=False))
    assert info["path"] == str(saved) and info["bytes"] == saved.stat().st_size
    assert (info["format"], info["profile"], info["task"], info["n_features"]) == ("n4a 1", "exact", "regression", 12)
    assert info["axis"] == {"first": 850.0, "last": 1050.0, "unit": "nm"}
    assert info["targets"] == [{"name": "target 0", "unit": "%"}] and info["folds"] == ["0", "1"]
    assert info["golden"] == {"rows": 6, "origin": "synthetic"} and 0.0 <= info["difference"] < 1e-12
    assert info["instructions"]["compiled"] < info["instructions"]["faithful"]


def test_golden_rows_can_be_asked_for(saved: Path) -> None:
    bundle = load(saved)
    golden = bundle.golden
    assert bundle.predict(golden.rows).tobytes() == golden.compiled.tobytes()
    assert Replay(bundle.plan("faithful")).predict(golden.rows).tobytes() == golden.faithful.tobytes()
    assert golden.difference == np.abs(golden.compiled - golden.faithful).max()


def test_a_plan_of_another_kind_is_refused(saved: Path) -> None:
    with pytest.raises(ValueError, match="plan 'fast': a bundle holds 'faithful' and 'compiled'"):
        load(saved).plan("fast")


def test_what_a_bundle_holds_cannot_be_written_to(saved: Path) -> None:
    bundle = load(saved)
    assert bundle.axis is not None
    for array in (bundle.plan().constants["k0"].array, bundle.axis.values, bundle.golden.rows):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    with pytest.raises(TypeError, match="does not support item assignment"):
        bundle.manifest["version"] = 2  # type: ignore[index]


def test_arrays_of_the_faithful_plan_are_read_when_they_are_first_used(saved: Path, spectra: np.ndarray) -> None:
    bundle = load(saved)
    before = bundle.predict(spectra)
    read = bundle.plan("faithful").constants["k0"].array.copy()
    # The file is overwritten where it lies, which nobody should do: what was read stays, what comes later is refused.
    with saved.open("r+b") as file:
        file.write(bytes(saved.stat().st_size))
    assert bundle.predict(spectra).tobytes() == before.tobytes()
    assert bundle.plan("faithful").constants["k0"].array.tobytes() == read.tobytes()
    with pytest.raises(BundleError, match="its content does not match its checksum"):
        _ = bundle.plan("faithful").constants["k1"].array
    with pytest.raises(BundleError, match="its content does not match its checksum"):
        Replay(bundle.plan("faithful"))


def test_many_threads_read_one_bundle(saved: Path, spectra: np.ndarray) -> None:
    bundle = load(saved)
    expected = Replay(load(saved).plan("faithful")).predict(spectra).tobytes()

    def answer(_: int) -> bytes:
        return Replay(bundle.plan("faithful")).predict(spectra).tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(answer, range(40))) == {expected}


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="this system does not list open files")
def test_bundles_that_nobody_needs_are_closed(saved: Path) -> None:
    broken = saved.with_name("broken.n4a")
    broken.write_bytes(saved.read_bytes()[:-100])
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        load(saved)
        with pytest.raises(BundleError):
            load(broken)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_bundle_gives_the_same_bits_in_another_process(saved: Path, spectra: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "spectra.npy", spectra)
    code = (
        "import sys, numpy; from n4akit import load;"
        "sys.stdout.buffer.write(load(sys.argv[1]).predict(numpy.load(sys.argv[2])).tobytes())"
    )
    command = [sys.executable, "-c", code, str(saved), str(tmp_path / "spectra.npy")]
    for environment in ({"OPENBLAS_CORETYPE": "Prescott"}, {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 X86_V3 X86_V4"}):
        done = subprocess.run([*command], env=os.environ | environment, capture_output=True, check=True)
        assert done.stdout == load(saved).predict(spectra).tobytes()
