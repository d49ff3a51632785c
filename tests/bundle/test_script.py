"""Scripts: one file of plain Python with the bits of the bundle, whatever runs it and whatever a model is called."""

from __future__ import annotations

import ast
import csv
import dataclasses
import hashlib
import importlib.util
import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from n4akit.bundle import load, script
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.errors import WriteError
from n4akit.bundle.operators import PLS, SNV, Opaque
from n4akit.bundle.runtime import (
    Replay,
    alignment,
    places,
    record,
    settings,
    settings_form,
    signals,
    spectra_csv,
    stdlib,
    verdict,
)
from n4akit.bundle.runtime.record import COLUMNS
from n4akit.bundle.script import script_text, write_script
from n4akit.bundle.writer import draft, prepare, write_bundle

from .words import CHAIN, program_of_words

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def pythons() -> Iterator[tuple[str, str]]:
    """One interpreter of each version that this machine has, on PATH or in pyenv's folder."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in VERSIONS:
        places = [str(folder / "bin" / "python") for folder in sorted(pyenv.glob(f"{version}.*"))]
        for place in [*places, shutil.which(f"python{version}")]:
            said = place and subprocess.run(
                [place, "-c", "import sys; print(*sys.version_info[:2], sep='.')"], capture_output=True, text=True
            )
            if said and said.stdout.strip() == version:
                yield version, str(place)
                break


def run(
    path: Path, *arguments: str | Path, given: str = "", python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    command = [python, "-I", "-S", str(path), *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)


def table(spectra: np.ndarray[Any, Any], header: str = "") -> str:
    return header + "\n".join(",".join(map(repr, row)) for row in spectra.tolist()) + "\n"


def values(said: str) -> list[float]:
    return [float(row["value"]) for row in csv.DictReader(io.StringIO(said))]


@pytest.fixture
def made(model: Any, tmp_path: Path) -> Path:
    """The script of two folds, twelve points, one target."""
    return write_script(model.chain, tmp_path / "fat.n4a.py")


@pytest.fixture
def expected(model: Any, spectra: np.ndarray[Any, Any], tmp_path: Path) -> list[float]:
    """What the bundle of the same chain answers."""
    return [float(v) for v in load(write_bundle(model.chain, tmp_path / "same.n4a")).predict(spectra)]


def test_every_python_gives_the_bits_of_the_bundle(
    made: Path, spectra: np.ndarray[Any, Any], expected: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    found = dict(pythons())
    with capsys.disabled():
        print(f" [Python {', '.join(found)}]", end="")
    for version, python in found.items():
        done = run(made, "-", given=table(spectra), python=python)
        assert (version, values(done.stdout)) == (version, expected), done.stderr


def test_every_python_knows_every_word(spectra: np.ndarray[Any, Any], tmp_path: Path) -> None:
    plan = program_of_words()
    path = tmp_path / "words.n4a.py"
    path.write_text(script_text(CHAIN, draft(CHAIN, plan, plan), "words"), "ascii")
    expected = Replay(plan)(spectra)[0].ravel().tolist()
    for version, python in pythons():
        done = run(path, "-", given=table(spectra), python=python)
        assert (version, values(done.stdout)) == (version, expected), done.stderr


def test_the_digest_is_that_of_the_bundle_it_equals(made: Path, model: Any) -> None:
    assert json.loads(run(made, "--info").stdout)["digest"] == prepare(model.chain).digest


def test_it_is_a_module_too(made: Path, spectra: np.ndarray[Any, Any], expected: list[float]) -> None:
    rows = spectra.tolist()
    assert runpy.run_path(str(made))["predict"](rows) == expected
    spec = importlib.util.spec_from_file_location("fat", made)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.predict(spectra) == expected


def test_several_targets_are_rows_of_the_table(models: Any, spectra: np.ndarray[Any, Any], tmp_path: Path) -> None:
    model = models(targets=3)
    path = write_script(model.chain, tmp_path / "three.n4a.py")
    whole = load(write_bundle(model.chain, tmp_path / "three.n4a")).predict(spectra)
    rows = list(csv.DictReader(io.StringIO(run(path, "-", given=table(spectra)).stdout)))
    assert [row["target"] for row in rows[:3]] == ["target 0", "target 1", "target 2"]
    assert [float(row["value"]) for row in rows] == whole.ravel().tolist()
    assert runpy.run_path(str(path))["predict"](spectra.tolist()) == whole.tolist()


def test_predictions_go_to_a_file_in_one_step(made: Path, spectra: np.ndarray[Any, Any], expected: list[float]) -> None:
    given, out = made.with_name("in.csv"), made.with_name("out.csv")
    given.write_text(table(spectra), "utf-8")
    done = run(made, given, out)
    assert (done.returncode, done.stdout) == (0, "") and values(out.read_text("utf-8")) == expected
    given.write_text("1,2,3\n", "utf-8")
    assert run(made, given, out).returncode == 4
    assert values(out.read_text("utf-8")) == expected
    assert sorted(path.name for path in made.parent.glob("*out*")) == ["out.csv"]


def test_the_columns_say_what_is_needed_to_trust_a_number(
    made: Path, model: Any, spectra: np.ndarray[Any, Any]
) -> None:
    header = "id," + ",".join(map(repr, model.chain.axis.values.tolist())) + "\n"
    rows = "\n".join(f'"a, {i}",' + ",".join(map(repr, row)) for i, row in enumerate(spectra.tolist()))
    first, *_ = csv.DictReader(io.StringIO(run(made, "-", given=header + rows).stdout))
    assert tuple(first) == COLUMNS
    assert first["value"] == first["value_raw"] and float(first["spread"]) > 0.0
    told = {name: text for name, text in first.items() if text and name not in ("value", "value_raw", "spread")}
    assert told == {
        "sample": "a, 0",
        "row": "1",
        "target": "target 0",
        "unit": "%",
        "status": "ok",
        "model": "fat",
        "digest": prepare(model.chain).digest,
        "profile": "exact",
        "axis_action": "same",
        "signal_action": "signal_unchecked",
    }


BAD = {
    "nothing": ("", "empty"),
    "too few points": ("1,2,3\n", "has 3 values, expected 12"),
    "text": (
        ",".join(["1"] * 12) + "\n" + ",".join(["1"] * 11 + ["n/a"]) + "\n",
        "line 2, column 12: 'n/a' is not a number",
    ),
    "text at first": (
        ",".join(["1"] * 11 + ["n/a"]) + "\n" + ",".join(["1"] * 12),
        "line 1, column 12: 'n/a' is not a number",
    ),
    "text alone": (",".join(["1"] * 11 + ["n/a"]) + "\n", "line 1, column 12: 'n/a' is not a number"),
    "not a number": (",".join(["1.5"] * 11 + ["nan"]) + "\n", "row 1: point 12 is nan, expected a finite number"),
    "infinity": (",".join(["1.5"] * 11 + ["-inf"]) + "\n", "row 1: point 12 is -inf, expected a finite number"),
    "constant": (",".join(["1.5"] * 12) + "\n", "row 1: no finite result: the spectrum is constant"),
    "ragged": (",".join(["1.5"] * 12) + "\n1,2\n", "line 2 has 2 cells, line 1 has 12"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_spectra_are_refused_with_what_was_found(made: Path, what: str) -> None:
    text, said = BAD[what]
    done = run(made, "-", given=text)
    assert (done.returncode, done.stdout) == (4, "")
    assert said in done.stderr and len(done.stderr.splitlines()) == 1


def test_every_bad_row_is_named(made: Path, spectra: np.ndarray[Any, Any]) -> None:
    spectra[[2, 5], 3] = np.nan
    said = run(made, "-", given=table(spectra)).stderr
    assert "2 of 20 spectra" in said and "row 3: point 4 is nan" in said and "row 6: point 4 is nan" in said


def test_rows_that_are_no_rows_are_refused(made: Path) -> None:
    predict = runpy.run_path(str(made))["predict"]
    for rows, said in (
        ([], "no rows"),
        ([1.0] * 12, "one flat row"),
        ([["1.0"] * 12], "point 1 is '1.0'"),
        ([[True] * 12], "point 1 is True"),
        ([[None] * 12], "point 1 is None"),
        ([[1j] * 12], "point 1 is 1j"),
        ([[1e200] * 12], "below 3e150"),
    ):
        with pytest.raises(ValueError, match=re.escape(said)):
            predict(rows)


def test_spectra_on_other_points_are_brought_to_the_models(
    made: Path, model: Any, spectra: np.ndarray[Any, Any], expected: list[float]
) -> None:
    nm = model.chain.axis.values
    wider = np.hstack([np.full((20, 1), np.nan), spectra, spectra[:, :3]])
    for positions, unit, X, action in (
        (nm[::-1], "", spectra[:, ::-1], "sorted"),
        (np.roll(nm, 3), "nm", np.roll(spectra, 3, axis=1), "sorted"),
        (np.r_[800.0, nm, 1100.0, 1200.0, 1300.0], "", wider, "selected"),
        (nm / 1000.0, "um", spectra, "converted from um"),
        (1e7 / nm, " cm-1", spectra, "converted from cm-1"),
        (1e7 / nm, "", spectra, "recognised as cm-1"),
    ):
        done = run(made, "-", given=table(X, ",".join(f"{x!r}{unit}" for x in positions.tolist()) + "\n"))
        assert (values(done.stdout), done.stderr) == (expected, "")
        assert {row["axis_action"] for row in csv.DictReader(io.StringIO(done.stdout))} == {action}


def test_a_coarse_grid_is_told_beside_the_answers(made: Path, model: Any, tmp_path: Path) -> None:
    bundle = load(write_bundle(model.chain, tmp_path / "same.n4a"))
    coarse = np.linspace(850.0, 1050.0, 5)
    X = np.random.default_rng(0).normal(size=(3, 5))
    done = run(made, "-", given=table(X, ",".join(map(repr, coarse.tolist())) + "\n"))
    assert values(done.stdout) == bundle.predict(X, coarse).tolist() and done.returncode == 0
    assert (
        done.stderr.count("\n") == 1 and "coarse_axis: the points of these spectra are more than twice" in done.stderr
    )


def test_a_value_matters_where_it_is_used(made: Path, spectra: np.ndarray[Any, Any]) -> None:
    finer = np.linspace(850.0, 1050.0, 45).tolist()
    X = np.random.default_rng(1).normal(size=(20, 45))
    X[3, 1], X[9, 0], X[19, 44] = np.nan, np.inf, -1e151
    header = ",".join(map(repr, finer)) + "\n"
    said = run(made, "-", given=table(X, header)).stderr
    assert "2 of 20 spectra" in said and "row 10: point 1 is inf" in said and "row 20: point 45 is -1e+151" in said
    predict = runpy.run_path(str(made))["predict"]
    with pytest.raises(ValueError, match="row 1: it has 44 values, expected 45, one for each position of the axis"):
        predict(X[:1, :44].tolist(), finer)
    with pytest.raises(ValueError, match="row 1: it has 45 values, expected 12, the points this model was trained on"):
        predict(X[:1].tolist())


def test_other_wavelengths_are_refused(made: Path, model: Any, spectra: np.ndarray[Any, Any]) -> None:
    axis = model.chain.axis.values
    for header, said in (
        (axis + 10.0, "axis: the model's point 1 (850 nm) lies below 860 nm, the end of the spectra"),
        (1e7 / axis[::-1], "if the positions are in another unit, give it: nm, um or cm-1"),
    ):
        done = run(made, "-", given=table(spectra, ",".join(map(repr, header.tolist())) + "\n"))
        assert done.returncode == 4 and said in done.stderr and not done.stdout
    header = ",".join(f"{v}um" for v in axis.tolist()) + "\n"
    assert "axis, converted from um: the model's points 1 to" in run(made, "-", given=table(spectra, header)).stderr


def test_strict_takes_the_models_own_axis_alone(
    made: Path, model: Any, spectra: np.ndarray[Any, Any], expected: list[float], tmp_path: Path
) -> None:
    nm = ",".join(map(repr, model.chain.axis.values.tolist())) + "\n"
    assert values(run(made, "--strict", "-", given=table(spectra, nm)).stdout) == expected
    (tmp_path / "in.csv").write_text(table(spectra, nm), "utf-8")
    assert run(made, tmp_path / "in.csv", tmp_path / "out.csv", "--strict").returncode == 0
    falling = ",".join(reversed(nm.strip().split(","))) + "\n"
    for text, said in (
        (table(spectra), "no wavelengths were given, and strict asks that they are checked"),
        (
            table(spectra, falling),
            "axis: strict asks for the model's own points in their order and unit (nm), and these",
        ),
    ):
        done = run(made, "--strict", "-", given=text)
        assert (done.returncode, done.stdout) == (4, "") and said in done.stderr


def test_the_parts_of_a_script_have_names_of_their_own(made: Path) -> None:
    tree = ast.parse(made.read_text("ascii"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    constants = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert len(names + constants) == len({*names, *constants})
    every = [
        name
        for module in (
            alignment,
            places,
            record,
            settings,
            settings_form,
            signals,
            spectra_csv,
            stdlib,
            verdict,
        )
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
    ]
    assert len(every) == len({*every}) and not {*every} & ({*names} - {*every})


def test_wrong_usage_is_told(made: Path) -> None:
    for arguments in ((), ("--frobnicate",), ("a", "b", "c"), ("--info", "x")):
        done = run(made, *arguments)
        assert done.returncode == 2 and "--help" in done.stderr and not done.stdout
    assert run(made, "nowhere.csv").stderr.endswith("nowhere.csv: No such file or directory\n")
    assert "usage" not in run(made, "--help").stderr and "--self-test" in run(made, "--help").stdout


def test_altered_constants_are_refused_at_every_start(made: Path, spectra: np.ndarray[Any, Any]) -> None:
    text = made.read_text("ascii")
    coefficients = re.search(r'k\d+ = numbers\(0x[0-9a-f]+, """\n(.)', text)
    assert coefficients is not None
    place = coefficients.start(1)
    made.write_text(text[:place] + ("B" if text[place] == "A" else "A") + text[place + 1 :], "ascii")
    for arguments in (("--self-test",), ("-",)):
        done = run(made, *arguments, given=table(spectra))
        assert (done.returncode, done.stdout) == (5, "") and "altered" in done.stderr
    with pytest.raises(ValueError, match="altered"):
        runpy.run_path(str(made))


def test_one_changed_coefficient_gives_other_golden_answers(
    models: Any, spectra: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    good, other = models(), models()
    coef = other.chain.branches["0"][-1].operators[0].coef
    coef[0, 3] *= 1.0 + 1e-9
    mutant = dataclasses.replace(prepare(good.chain), compiled=prepare(other.chain).compiled)
    path = tmp_path / "mutant.n4a.py"
    path.write_text(script_text(good.chain, mutant, "mutant"), "ascii")
    done = run(path, "-", given=table(spectra))
    assert (done.returncode, done.stdout) == (6, "") and "golden row 1 gives" in done.stderr


def test_only_what_the_program_uses_is_carried(made: Path) -> None:
    defined = {node.name for node in ast.parse(made.read_text("ascii")).body if isinstance(node, ast.FunctionDef)}
    assert {"pairwise", "total", "matmul", "row"} <= defined
    assert not defined & {"banded", "order", "quantile", "gather", "opaque"}


def test_nothing_but_the_standard_library_is_imported(made: Path) -> None:
    tree = ast.parse(made.read_text("ascii"), feature_version=(3, 8))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert modules == {"binascii", "datetime", "hashlib", "json", "math", "os", "struct", "sys"}


odd_text = st.text(max_size=20) | st.sampled_from(
    ['"""', "'''", "\\", "$name ${x}", "\n    import os", "\u2028", "'\"\r\n#"]
)


@hypothesis.settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd_text, odd_text, odd_text)
def test_no_name_becomes_code(target: str, unit: str, name: str) -> None:
    step = Step(1, name, name, {name: name}, (PLS(np.ones((1, 3)), np.zeros(3), np.zeros(1)),))
    try:
        chain = Chain(3, {"0": (step,)}, (Target(target, unit),), provenance={"run_id": name})
        text = script_text(chain, prepare(chain), name)
    except (WriteError, ValueError):
        return  # half a character has no place in a file
    found = _executed(text)
    assert found["TARGETS"] == [(target, unit)] and found["NAME"] == name
    assert json.loads(found["information"]())["provenance"] == {"run_id": name}
    assert found["predict"]([[1.0, 2.0, 4.0]]) == [7.0]


def _executed(text: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "script"}
    exec(compile(text, "script", "exec"), namespace)
    return namespace


def test_a_chain_with_pickled_steps_is_refused(tmp_path: Path) -> None:
    pickled = b"\x80\x05cbuiltins\nabs\n."
    digest = hashlib.sha256(pickled).hexdigest()
    steps = (
        Step(1, "abs", "builtins.abs", {}, (Opaque(digest, 3),)),
        Step(2, "PLS", "PLS", {}, (PLS(np.ones((1, 3)), np.zeros(3), np.zeros(1)),)),
    )
    chain = Chain(3, {"0": steps}, (Target("y"),), opaque={digest: pickled})
    with pytest.raises(WriteError, match="cannot carry pickled steps, and this chain has 1; export a bundle"):
        write_script(chain, tmp_path / "x.n4a.py")
    assert list(tmp_path.iterdir()) == []


def test_a_script_that_fails_its_proof_is_not_put_in_place(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.n4a.py"
    path.write_text("the old one", "utf-8")
    right = prepare(model.chain)
    wrong = dataclasses.replace(right, golden=dataclasses.replace(right.golden, compiled=right.golden.compiled + 1.0))
    monkeypatch.setattr(script, "prepare", lambda *given: wrong)
    with pytest.raises(WriteError, match=r"failed its own proof.*golden row 1 gives"):
        write_script(model.chain, path)
    assert path.read_text("utf-8") == "the old one" and list(tmp_path.iterdir()) == [path]


def test_a_small_model_without_axis_and_square_roots_is_a_script_too(tmp_path: Path) -> None:
    step = Step(1, "PLS", "PLS", {}, (PLS(np.ones((1, 2)), np.zeros(2), np.zeros(1)),))
    path = write_script(Chain(2, {"0": (step,)}, (Target("y"),)), tmp_path / "y.n4a.py")
    done = run(path, "-", given="1;2,5\n3;4\n")
    assert values(done.stdout) == [3.5, 7.0] and "axis_unchecked" in done.stdout
    assert SNV.__name__ not in path.read_text("ascii")
