"""`n4a info`, `verify` and `predict`: results on stdout, reasons on stderr, an exit code that says which."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import load
from n4akit.bundle.script import write_script
from n4akit.bundle.writer import write_bundle
from numpy.typing import NDArray

from ...bundle.conftest import make_model
from ...mutants import flip_bit
from ..server import N4A, clean, n4a
from .conftest import WAVELENGTHS, table

Matrix = NDArray[np.float64]


def column(text: str, name: str) -> list[str]:
    return [row[name] for row in csv.DictReader(io.StringIO(text))]


def values(text: str) -> list[float]:
    return [float(value) for value in column(text, "value")]


# info


def test_info_tells_people_what_a_bundle_is(fat: Path) -> None:
    done = n4a("info", fat)
    said, tree = done.stdout.split("\n\n")
    facts = dict(line.split(maxsplit=1) for line in said.splitlines() if "from" not in line)
    assert (done.returncode, done.stderr) == (0, "")
    assert facts["model"] == "fat.n4a" and facts["predicts"] == "target 0 (%)" and facts["steps"] == "SNV → PLS"
    assert facts["digest"] == load(fat).digest and facts["size"] == f"{fat.stat().st_size} bytes"
    assert "12 points, 850 to 1050 nm" in done.stdout and "6, synthetic" in done.stdout
    assert facts["profile"].startswith("exact: ")
    lines = tree.splitlines()
    assert lines[:2] == ["compiled plan", "x: 12 points"] and lines[-1].startswith("└─ answers: value = x")
    assert sum(" wide" in line for line in lines) == len(load(fat).plan("compiled").body)


def test_info_shows_the_faithful_plan_fold_by_fold(fat: Path) -> None:
    tree = n4a("info", fat, "--plan", "faithful").stdout.split("\n\n")[1]
    assert "├─ step 1, SNV" in tree and "├─ step 2, PLS" in tree and ", fold 1" in tree and "├─ all folds" in tree


def test_info_tells_programs_the_same_as_the_library(fat: Path) -> None:
    """The parameters hold a NaN, which JSON does not have: a strict reader must read it all the same."""

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    said = json.loads(n4a("info", fat, "--json").stdout, parse_constant=refuse)
    assert said == load(fat).info() and said["path"] == str(fat)


def test_info_of_a_model_without_an_axis_says_how_many_points(models: Path) -> None:
    assert "12 points\n" in n4a("info", models / "plain.n4a").stdout


# verify


def test_verify_says_what_it_found_good(models: Path) -> None:
    done = n4a("verify", models / "fat.n4a", models / "trio.n4a")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(": sound, digest ") == 2 and "WRONG" not in done.stdout
    assert f"{models / 'fat.n4a'}: sound, digest {load(models / 'fat.n4a').digest}\n" in done.stdout
    for what in ("structure, checksums and manifest", "sha256 of", "compiled plan, to the last bit", "faithful plan"):
        assert done.stdout.count(what) == 2


WRONG = {
    "cut": (5, "its end is missing"),
    "damaged": (5, "its content does not match its checksum"),
    "pickled": (5, "holds pickled steps (builtins.abs)"),
    "mutant": (6, "golden row 1: the compiled plan answers"),
}


@pytest.mark.parametrize("name", WRONG)
def test_verify_says_all_that_is_wrong(unsound: Path, name: str) -> None:
    code, said = WRONG[name]
    done = n4a("verify", unsound / f"{name}.n4a")
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith(f"{unsound / name}.n4a: not sound, digest ")
    assert said in done.stdout and "  WRONG: " in done.stdout


def test_verify_of_several_ends_with_the_gravest(models: Path, unsound: Path, tmp_path: Path) -> None:
    fat, mutant, cut = models / "fat.n4a", unsound / "mutant.n4a", unsound / "cut.n4a"
    assert n4a("verify", fat, mutant).returncode == 6
    assert n4a("verify", mutant, cut, fat).returncode == 5
    assert n4a("verify", fat, tmp_path / "nowhere.n4a").returncode == 5


def test_verify_calls_damage_to_the_golden_answers_damage(fat: Path, tmp_path: Path) -> None:
    """Nothing is known about the answers of such a file: it must be fetched again."""
    data = fat.read_bytes()
    path = tmp_path / "fat.n4a"
    path.write_bytes(flip_bit(data, 8 * data.index(b"0x", data.rindex(b"compiled")) + 16))
    done = n4a("verify", path)
    assert "member golden.json: its content does not match its checksum" in done.stdout
    assert done.returncode == n4a("info", path).returncode == 5


def test_verify_tells_programs_too(models: Path, unsound: Path) -> None:
    done = n4a("verify", "--json", models / "fat.n4a", unsound / "mutant.n4a")
    sound, mutant = json.loads(done.stdout)
    assert done.returncode == 6
    assert sound["path"] == str(models / "fat.n4a") and sound["digest"] == load(models / "fat.n4a").digest
    assert sound["problems"] == [] and len(sound["checked"]) == 4
    assert mutant["problems"][0].startswith("golden row 1: ") and len(mutant["problems"]) > 1


# predict


def test_predict_gives_the_bits_of_the_library(fat: Path, spectra_csv: Path, expected: list[float]) -> None:
    done = n4a("predict", fat, spectra_csv)
    assert (done.returncode, done.stderr) == (0, "")
    assert values(done.stdout) == expected
    assert column(done.stdout, "sample") == [f"s{number}" for number in range(1, 21)]
    assert column(done.stdout, "row") == [str(number) for number in range(1, 21)]
    told = [column(done.stdout, name)[0] for name in ("unit", "model", "digest", "axis_action", "signal_action")]
    assert told == ["%", "fat", load(fat).digest, "same", "signal_unchecked"]


def test_predict_gives_the_very_text_of_the_script(tmp_path: Path, spectra_csv: Path) -> None:
    chain = make_model(12, targets=2).chain
    write_bundle(chain, tmp_path / "two.n4a")
    write_script(chain, tmp_path / "two.n4a.py")
    command = [sys.executable, "-I", "-S", str(tmp_path / "two.n4a.py"), str(spectra_csv)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert n4a("predict", tmp_path / "two.n4a", spectra_csv).stdout == said


def test_predict_tells_programs_with_the_flags(models: Path, tmp_path: Path) -> None:
    rows = np.array([np.linspace(0.0, 1.0, 12), np.full(12, 0.5)])
    (tmp_path / "two.csv").write_text(table(rows, header=False), "utf-8")
    told = json.loads(n4a("predict", models / "plain.n4a", tmp_path / "two.csv", "--json").stdout)
    assert [row["value"] for row in told] == load(models / "plain.n4a").predict(rows).tolist()
    assert [row["flags"] for row in told] == [[], ["constant_row"]]
    known = {name: value for name, value in told[1].items() if value is not None or name == "bound"}
    assert known | {"value": 0.0, "value_raw": 0.0} == {
        "sample": "s2",
        "row": 2,
        "target": "dry matter",
        "value": 0.0,
        "unit": "g/kg",
        "value_raw": 0.0,
        "status": "error",
        "model": "plain",
        "digest": load(models / "plain.n4a").digest,
        "axis_action": "axis_unchecked",
        "signal_action": "signal_unchecked",
        "flags": ["constant_row"],
        "profile": "exact",
        "bound": None,
    }


def test_the_fast_profile_is_told_with_its_bound(models: Path, spectra: Matrix, spectra_csv: Path) -> None:
    fast = load(models / "plain.n4a", profile="fast")
    told = json.loads(n4a("predict", models / "plain.n4a", spectra_csv, "--json", "--profile", "fast").stdout)
    assert {(row["profile"], row["bound"]) for row in told} == {("fast", fast.bound)}
    np.testing.assert_allclose([row["value"] for row in told], fast.predict(spectra), rtol=1e-9)
    info = n4a("info", models / "plain.n4a", "--profile", "fast").stdout
    assert f"{fast.bound:.3g} from the exact golden answers" in info
    assert "bound" not in n4a("info", models / "plain.n4a").stdout


def test_several_targets_are_a_line_each(models: Path, spectra: Matrix, spectra_csv: Path) -> None:
    done = n4a("predict", models / "trio.n4a", spectra_csv)
    assert column(done.stdout, "target")[:4] == ["target 0", "target 1", "target 2", "target 0"]
    assert values(done.stdout) == load(models / "trio.n4a").predict(spectra).ravel().tolist()


@pytest.mark.parametrize(
    "text",
    [
        {"separator": ";"},
        {"separator": ";", "comma": True},
        {"separator": "\t", "comma": True},
        {"separator": "|"},
        {"header": False},
        {"header": False, "separator": ";", "comma": True},
    ],
)
def test_text_is_read_as_it_is_written(fat: Path, spectra: Matrix, expected: list[float], text: dict[str, Any]) -> None:
    done = n4a("predict", fat, "-", given=table(spectra, **text).encode())
    assert (done.returncode, done.stderr) == (0, "")
    assert values(done.stdout) == expected
    assert {*column(done.stdout, "axis_action")} == {"same" if text.get("header", True) else "axis_unchecked"}


def test_spectra_of_a_windows_program_are_read_too(fat: Path, spectra: Matrix, expected: list[float]) -> None:
    text = table(spectra, separator=";", comma=True).replace("s1;", '"Öl; kalt";').replace("\n", "\r\n")
    for given in (text.encode("utf-8-sig"), text.encode("cp1252")):
        done = n4a("predict", fat, "-", given=given)
        assert values(done.stdout) == expected and column(done.stdout, "sample")[0] == "Öl; kalt"


def test_names_are_written_so_that_they_can_be_read_again(fat: Path, spectra: Matrix) -> None:
    text = table(spectra[:1]).replace("s1,", '"a, ""b"" µ",')
    done = n4a("predict", fat, "-", given=text.encode(), environment={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, column(done.stdout, "sample")) == (0, ["a, b µ"]), "UTF-8 in every locale"


def test_the_axis_in_the_file_is_checked(fat: Path, spectra: Matrix) -> None:
    good = table(spectra)
    for text, options, said in (
        (good.replace("850.0", "860.0", 1), (), "axis: the model's point 1 (850 nm) lies below 860 nm, the end of the"),
        (good, ("--unit", "um"), "axis, converted from um: the model's points 1 to 12"),
        (good, ("--unit", "nanometre"), "axis: the unit is 'nanometre', expected nm, um or cm-1"),
        (
            good.replace("850.0", "849.5", 1),
            ("--strict",),
            "axis: strict asks for the model's own points in their order",
        ),
        (table(spectra, header=False), ("--strict",), "no wavelengths were given, and strict asks"),
        (table(spectra, header=False), ("--unit", "nm"), "unit='nm' was given without wavelengths"),
    ):
        done = n4a("predict", fat, "-", *options, given=text.encode())
        assert (done.returncode, done.stdout) == (4, "") and said in done.stderr


def test_the_unit_in_the_header_is_heard(fat: Path, spectra: Matrix, expected: list[float]) -> None:
    plain = ",".join(map(repr, WAVELENGTHS))
    for unit, per in (("nm", 1.0), (" nm", 1.0), ("um", 1000.0)):
        header = ",".join(f"{position / per!r}{unit}" for position in WAVELENGTHS)
        done = n4a("predict", fat, "-", given=table(spectra).replace(plain, header).encode())
        assert (done.returncode, values(done.stdout)) == (0, expected)
        assert {*column(done.stdout, "axis_action")} == {"same" if per == 1.0 else "converted from um"}
    header = ",".join(f"{position!r}cm-1" for position in WAVELENGTHS)
    done = n4a("predict", fat, "-", given=table(spectra).replace(plain, header).encode())
    assert done.returncode == 4 and "axis, converted from cm-1: the model's points 1 to 12" in done.stderr


def test_columns_in_another_order_are_sorted(fat: Path, spectra: Matrix, expected: list[float]) -> None:
    """A header in no order is one where it says the unit."""
    shuffled = np.random.default_rng(0).permutation(12)
    header = ",".join(["sample", *(f"{WAVELENGTHS[point]!r}nm" for point in shuffled)])
    rows = table(spectra[:, shuffled], header=False)
    done = n4a("predict", fat, "-", given=f"{header}\n{rows}".encode())
    assert (values(done.stdout), {*column(done.stdout, "axis_action")}) == (expected, {"sorted"})
    done = n4a("predict", fat, "-", given=f"{header.replace('nm', '')}\n{rows}".encode())
    assert done.returncode == 4 and "line 1 may be an axis in no order" in done.stderr


def test_a_coarse_grid_is_told_to_people_and_to_programs(fat: Path, tmp_path: Path) -> None:
    coarse = np.linspace(850.0, 1050.0, 5)
    X = np.random.default_rng(0).normal(size=(3, 5))
    path = tmp_path / "coarse.csv"
    path.write_text("\n".join(",".join(map(repr, row)) for row in [coarse.tolist(), *X.tolist()]) + "\n", "utf-8")
    done = n4a("predict", fat, path)
    assert values(done.stdout) == load(fat).predict(X, coarse).tolist()
    assert done.stderr.startswith("n4a: coarse_axis: the points of these spectra are more than twice as far apart")
    told = json.loads(n4a("predict", fat, path, "--json").stdout)
    assert {(row["axis_action"], *row["flags"]) for row in told} == {("interpolated", "coarse_axis")}


def test_one_bad_row_refuses_all_and_every_bad_row_is_named(fat: Path, spectra: Matrix) -> None:
    rows = spectra.copy()
    rows[[2, 5], 3] = np.nan
    done = n4a("predict", fat, "-", given=table(rows).encode())
    assert (done.returncode, done.stdout) == (4, "")
    assert "2 of 20 spectra" in done.stderr and "row 3: point 4 is nan" in done.stderr and "row 6" in done.stderr


def test_predictions_go_to_a_file_in_one_step(
    fat: Path, spectra_csv: Path, expected: list[float], tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    done = n4a("predict", fat, spectra_csv, "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert values(out.read_text("utf-8")) == expected
    assert n4a("predict", fat, "-", "--output", out, given=b"1,2,3\n").returncode == 4
    assert values(out.read_text("utf-8")) == expected, "who reads finds the old file or the new one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "spectra.csv"]


def test_a_file_that_cannot_be_written_is_named(fat: Path, spectra_csv: Path, tmp_path: Path) -> None:
    for out, said in ((tmp_path / "no" / "out.csv", "No such file or directory"), (tmp_path, "Is a directory")):
        done = n4a("predict", fat, spectra_csv, "-o", out)
        assert (done.returncode, done.stdout, done.stderr) == (4, "", f"n4a: {out}: {said}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["spectra.csv"]


@pytest.mark.parametrize("name", WRONG)
def test_a_bundle_that_is_not_sound_does_not_predict(unsound: Path, spectra_csv: Path, name: str) -> None:
    code, said = WRONG[name]
    for verb in (("predict", spectra_csv), ("info",)):
        done = n4a(verb[0], unsound / f"{name}.n4a", *verb[1:])
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
        assert done.stderr.startswith(f"n4a: {unsound / name}.n4a: ") and said in done.stderr


def test_pickled_steps_are_loaded_when_they_are_asked_for(unsound: Path, models: Path, spectra_csv: Path) -> None:
    pickled = unsound / "pickled.n4a"
    assert n4a("verify", pickled, "--allow-opaque").returncode == 0
    done = n4a("predict", pickled, spectra_csv, "--allow-opaque")
    absolute = np.abs(np.loadtxt(spectra_csv, delimiter=",", skiprows=1, usecols=range(1, 13)))
    assert values(done.stdout) == load(models / "plain.n4a").predict(absolute).tolist()
    assert json.loads(n4a("info", pickled, "--allow-opaque", "--json").stdout)["profile"] == "opaque"


def test_a_reader_who_has_enough_is_no_error_to_tell_about(fat: Path, spectra_csv: Path) -> None:
    """As in `n4a predict … | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [*N4A, "predict", str(fat), str(spectra_csv)]
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=clean(), timeout=30)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
