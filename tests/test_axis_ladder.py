"""Every rung of the axis ladder (bundle/FORMAT.md §12): the stored answers, to the last bit, in every host.

The library, the script in every Python of this machine without any package, the server over HTTP. `python -m
tests.test_axis_ladder` writes the stored answers anew, for a change that is meant.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import AxisError, load
from n4akit.bundle.chain import Axis, Chain, Step, Target
from n4akit.bundle.operators import PLS, SNV
from n4akit.bundle.script import write_script
from n4akit.bundle.writer import write_bundle

from .bundle.test_script import pythons
from .serve.server import Server, serving

STORED = Path(__file__).with_name("axis_ladder.json")

POINTS = 21
NM = [1100.0 + 10.0 * point for point in range(POINTS)]
WAVENUMBERS = [9000.0 - 60.0 * point for point in range(POINTS)]
"""The axes of the two models, 1100 to 1300 nm and 9000 to 7800 cm-1."""


@dataclass(frozen=True)
class Rung:
    """Spectra on an axis, asked of the model `nm` or `cm`."""

    axis: list[float] | None
    unit: str | None = None
    model: str = "nm"

    @property
    def rows(self) -> list[list[float]]:
        """Three spectra on these positions."""
        return [[absorbance(self._nm(x), sample) for x in self.axis or NM] for sample in range(3)]

    def _nm(self, x: float) -> float:
        # Wavelengths, whatever they are called: all in the near infrared.
        return x if 350.0 <= x <= 2600.0 else x * 1000.0 if x < 350.0 else 1e7 / x


def absorbance(nm: float, sample: int) -> float:
    """Two bands and a slope, of the four operations alone: the same bits wherever this test runs."""
    bands = [(1150.0 + sample, 40.0, 0.7), (1240.0, 60.0, 0.4 + 0.1 * sample)]
    return 0.001 * nm + sum(height / (1.0 + (nm - at) / width * ((nm - at) / width)) for at, width, height in bands)


LADDER = {
    "no axis": Rung(None),
    "the model's own": Rung(NM, "nm"),
    "the model's own, within a hundredth of a step": Rung([x + 0.09 * (-1.0) ** x for x in NM]),
    "descending": Rung(NM[::-1], "nm"),
    "another order": Rung([NM[8 * point % POINTS] for point in range(POINTS)], "nm"),
    "a superset": Rung([1000.0 + 10.0 * point for point in range(41)]),
    "a descending superset": Rung([1400.0 - 5.0 * point for point in range(81)], "nm"),
    "um": Rung([x / 1000.0 for x in NM], "um"),
    "um, not declared": Rung([x / 1000.0 for x in NM]),
    "descending cm-1": Rung([1e7 / x for x in NM], "cm-1"),
    "ascending cm-1": Rung([1e7 / x for x in NM[::-1]], "cm-1"),
    "descending cm-1, not declared": Rung([1e7 / x for x in NM]),
    "nm for a model in cm-1": Rung([1100.0 + 4.0 * point for point in range(50)], "nm", "cm"),
    "nm for a model in cm-1, not declared": Rung([1100.0 + 4.0 * point for point in range(50)], None, "cm"),
    "descending um for a model in cm-1": Rung([1.3 - 0.004 * point for point in range(60)], "um", "cm"),
    "a finer grid": Rung([1096.0 + 4.0 * point for point in range(53)]),
    "an irregular grid": Rung([1090.0 + 6.0 * point + 0.04 * point * point for point in range(31)], "nm"),
    "a superset in part": Rung(sorted({*NM[:15], *(1244.0 + 8.0 * point for point in range(9))})),
    "regular in cm-1": Rung([9200.0 - 20.0 * point for point in range(80)], "cm-1"),
    "shifted by less than half a step": Rung([x + 4.0 for x in NM], "nm"),
    "shifted, in another unit and order": Rung([(x - 3.0) / 1000.0 for x in NM[::-1]], "um"),
    "a grid twice as coarse": Rung([1100.0 + 20.0 * point for point in range(11)]),
    "a grid that is too coarse": Rung([1095.0 + 21.0 * point for point in range(11)]),
    "a grid ten times as coarse": Rung([1100.0, 1200.0, 1300.0], "nm"),
}


def chain(axis: Axis) -> Chain:
    """SNV and a linear model of made-up numbers."""
    coef = np.array([[(7.0 * point % 11.0 - 5.0) / 8.0 for point in range(POINTS)]])
    steps = (
        Step(1, "SNV", "SNV", {}, (SNV(),)),
        Step(2, "PLS", "PLS", {}, (PLS(coef, np.arange(POINTS) / 64.0, np.array([12.5])),)),
    )
    return Chain(POINTS, {"0": steps}, (Target("protein", "%"),), axis)


def made(folder: Path) -> Path:
    """Both models as bundles and as scripts."""
    for name, axis in (("nm", Axis(np.array(NM), "nm")), ("cm", Axis(np.array(WAVENUMBERS), "cm-1"))):
        write_bundle(chain(axis), folder / f"{name}.n4a")
        write_script(chain(axis), folder / f"{name}.n4a.py")
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("ladder"))


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serving(models / "nm.n4a", models / "cm.n4a") as running:
        yield running


def by_library(models: Path) -> dict[str, Any]:
    """What the library answers on every rung, in the form that is stored."""
    found = {}
    for name, rung in LADDER.items():
        result = load(models / f"{rung.model}.n4a").predict_full(rung.rows, rung.axis, unit=rung.unit)
        found[name] = {
            "axis_action": result.axis_action,
            "coarse": result.flags == (("coarse_axis",),) * 3,
            "values": [value.hex() for value in result.values.tolist()],
        }
    return found


STATED = json.loads(STORED.read_text("utf-8")) if STORED.exists() else {}


@pytest.mark.parametrize("name", LADDER)
def test_the_library_gives_the_stored_bits(models: Path, name: str) -> None:
    rung = LADDER[name]
    bundle = load(models / f"{rung.model}.n4a")
    result = bundle.predict_full(rung.rows, rung.axis, unit=rung.unit)
    assert [value.hex() for value in result.values.tolist()] == STATED[name]["values"]
    assert result.axis_action == STATED[name]["axis_action"]
    assert result.flags == (("coarse_axis",) if STATED[name]["coarse"] else (),) * 3
    assert bundle.predict(rung.rows, rung.axis, unit=rung.unit).tobytes() == result.values.tobytes()


DRIVER = """
import json, runpy, sys
scripts = {}
for name, (model, rows, axis, unit) in json.load(sys.stdin).items():
    script = scripts.setdefault(model, runpy.run_path(sys.argv[1] + "/" + model + ".n4a.py"))
    alignment = script["on_axis"](axis, unit)
    values = [value.hex() for value in script["predict"](rows, axis, unit)]
    print(json.dumps([name, {"axis_action": alignment.action, "coarse": alignment.coarse, "values": values}]))
assert "numpy" not in sys.modules
"""


def test_the_script_gives_the_stored_bits_in_every_python(models: Path) -> None:
    asked = json.dumps({name: (rung.model, rung.rows, rung.axis, rung.unit) for name, rung in LADDER.items()})
    found = dict(pythons())
    assert found
    for version, python in found.items():
        command = [python, "-I", "-S", "-c", DRIVER, str(models)]
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=60)
        assert (version, done.stderr) == (version, "")
        assert (version, dict(map(json.loads, done.stdout.splitlines()))) == (version, STATED)


@pytest.mark.parametrize("name", LADDER)
def test_the_server_gives_the_stored_bits(server: Server, name: str) -> None:
    rung = LADDER[name]
    members = {"axis": rung.axis, "unit": rung.unit}
    answer = server.predict(rung.model, rung.rows, **{key: value for key, value in members.items() if value}).json
    assert [value.hex() for value in answer["values"]] == STATED[name]["values"]
    assert answer["axis_action"] == STATED[name]["axis_action"]
    assert answer["flags"] == [["coarse_axis"] if STATED[name]["coarse"] else []] * 3


@pytest.mark.parametrize("name", LADDER)
def test_strict_takes_the_models_own_axis_alone(models: Path, name: str) -> None:
    rung = LADDER[name]
    bundle = load(models / f"{rung.model}.n4a")
    if STATED[name]["axis_action"] == "same":
        values = bundle.predict(rung.rows, rung.axis, unit=rung.unit, strict=True)
        assert [value.hex() for value in values.tolist()] == STATED[name]["values"]
    else:
        with pytest.raises(AxisError, match="strict asks"):
            bundle.predict(rung.rows, rung.axis, unit=rung.unit, strict=True)


def test_every_rung_is_stored_and_there_are_no_others() -> None:
    assert {*STATED} == {*LADDER}
    said = {word for stored in STATED.values() for word in stored["axis_action"].split("; ")}
    assert {word.split(" from ")[0].split(" as ")[0] for word in said} == {
        *("axis_unchecked", "same", "converted", "recognised", "sorted", "selected", "interpolated", "ends held")
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        STORED.write_text(json.dumps(by_library(made(Path(folder))), indent=1) + "\n", "utf-8")
