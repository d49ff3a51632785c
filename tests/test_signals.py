"""Every way from one signal to another (bundle/FORMAT.md §13): the stored answers, to the last bit, in every host.

The library, the script in every Python of this machine without any package, the server over HTTP, the command line.
`python -m tests.test_signals` writes the stored answers anew, for a change that is meant.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import InputError, SignalError, load
from n4akit.bundle.chain import Axis, Chain, Source
from n4akit.bundle.runtime.signals import SIGNALS
from n4akit.bundle.script import write_script
from n4akit.bundle.writer import write_bundle

from .bundle.stranger import Stranger
from .bundle.test_script import pythons
from .serve.server import N4A, Server, serving
from .test_axis_ladder import NM, POINTS, absorbance, chain

STORED = Path(__file__).with_name("signals.json")
FINER = [1096.0 + 4.0 * point for point in range(53)]
SOURCES = (
    Source("first", 9, Axis(np.array(NM[:9]), "nm"), "absorbance"),
    Source("second", 12, Axis(np.array(NM[9:]), "nm")),
)


@dataclass(frozen=True)
class Case:
    """Three spectra, declared to be of a signal, asked of a model."""

    model: str
    signal: str | None
    axis: list[float] | None = None

    @property
    def rows(self) -> list[list[float]]:
        return [[self._value(absorbance(x, sample)) for x in self.axis or NM] for sample in range(3)]

    def _value(self, a: float) -> float:
        # Of the four operations alone: the same bits wherever this test runs.
        if self.signal is None or self.signal == "absorbance" or "log" in self.signal:
            return a
        return (100.0 if "percent" in self.signal or "%" in self.signal else 1.0) / (1.0 + a * a)


MODELS: dict[str, Chain] = {
    "silent": chain(Axis(np.array(NM), "nm")),
    **{signal.replace(" ", "-"): replace(chain(Axis(np.array(NM), "nm")), signal=signal) for signal in SIGNALS},
    "mixed": replace(chain(Axis(np.array(NM), "nm")), axis=None, sources=SOURCES, signal="reflectance"),
}

CASES = {
    f"{signal or 'undeclared'} for {model}": Case(model, signal)
    for model in MODELS
    for signal in (None, *SIGNALS)
    if (signal is None or model not in ("silent", "mixed"))
    and {"transmittance", "reflectance"} != {(signal or "").split(" ")[-1], model.split("-")[-1]}
} | {
    "absorbance for mixed": Case("mixed", "absorbance"),
    "reflectance for mixed": Case("mixed", "reflectance"),
    "percent reflectance for mixed": Case("mixed", "percent reflectance"),
    "%R as it is written": Case("absorbance", " %r "),
    "log(1/R) as it is written": Case("reflectance", "Log (1/R)"),
    "percent reflectance on a finer grid": Case("absorbance", "percent reflectance", FINER),
    "absorbance on a finer grid": Case("percent-transmittance", "absorbance", FINER),
    "fractions on a finer grid": Case("percent-reflectance", "reflectance", FINER),
    "the same on a finer grid": Case("reflectance", "reflectance", FINER),
}


def made(folder: Path) -> Path:
    """All models as bundles and as scripts."""
    for name, model in MODELS.items():
        write_bundle(model, folder / f"{name}.n4a")
        write_script(model, folder / f"{name}.n4a.py")
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("signals"))


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serving(*(models / f"{name}.n4a" for name in MODELS)) as running:
        yield running


def by_library(models: Path) -> dict[str, Any]:
    """What the library answers in every case, in the form that is stored."""
    found = {}
    for name, case in CASES.items():
        result = load(models / f"{case.model}.n4a").predict_full(case.rows, case.axis, signal=case.signal)
        values = [value.hex() for value in result.values.tolist()]
        found[name] = {"actions": [result.axis_action, result.signal_action], "values": values}
    return found


STATED = json.loads(STORED.read_text("utf-8")) if STORED.exists() else {}


def test_the_library_gives_the_stored_bits(models: Path) -> None:
    assert by_library(models) == STATED
    said = {word for stored in STATED.values() for word in stored["actions"][1].split(" | ")}
    assert said == {"same", "signal_unchecked", *(f"converted from {signal}" for signal in SIGNALS)}


def test_whoever_follows_the_document_gets_the_stored_bits(models: Path) -> None:
    followed = [(name, case) for name, case in CASES.items() if case.signal in SIGNALS and not case.axis]
    for name, case in followed:
        if case.model != "mixed":
            stranger = Stranger(models / f"{case.model}.n4a")
            rows = [stranger.converted(row, str(case.signal)) for row in case.rows]
            found = [stranger.predict("compiled", row)[0].hex() for row in rows]
            assert (name, found) == (name, STATED[name]["values"])


DRIVER = """
import json, runpy, sys
scripts = {}
for name, (model, rows, axis, signal) in json.load(sys.stdin).items():
    script = scripts.setdefault(model, runpy.run_path(sys.argv[1] + "/" + model + ".n4a.py"))
    actions = [script["on_axis"](axis).action, script["of_signal"](signal)[0]]
    values = [value.hex() for value in script["predict"](rows, axis, signal=signal)]
    print(json.dumps([name, {"actions": actions, "values": values}]))
assert "numpy" not in sys.modules
"""


def test_the_script_gives_the_stored_bits_in_every_python(models: Path) -> None:
    asked = json.dumps({name: (case.model, case.rows, case.axis, case.signal) for name, case in CASES.items()})
    found = dict(pythons())
    assert found
    for version, python in found.items():
        command = [python, "-I", "-S", "-c", DRIVER, str(models)]
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=60)
        assert (version, done.stderr) == (version, "")
        assert (version, dict(map(json.loads, done.stdout.splitlines()))) == (version, STATED)


def test_the_server_gives_the_stored_bits(server: Server) -> None:
    for name, case in CASES.items():
        members = {"axis": case.axis, "signal": case.signal}
        answer = server.predict(case.model, case.rows, **{key: value for key, value in members.items() if value}).json
        found = [value.hex() for value in answer["values"]]
        assert (name, found) == (name, STATED[name]["values"])
        assert [answer["axis_action"], answer["signal_action"]] == STATED[name]["actions"]


@pytest.mark.parametrize(
    "name",
    ["percent reflectance on a finer grid", "absorbance for mixed", "%R as it is written", "undeclared for silent"],
)
def test_both_commands_give_the_stored_bits(models: Path, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    lines = [",".join(map(repr, row)) for row in [*([case.axis] if case.axis else []), *case.rows]]
    (tmp_path / "spectra.csv").write_text("\n".join(lines) + "\n", "utf-8")
    asked = [] if case.signal is None else ["--signal", case.signal]
    script = next(python for _, python in pythons())
    for command in (
        [*N4A, "predict", str(models / f"{case.model}.n4a"), str(tmp_path / "spectra.csv"), *asked],
        [script, "-I", "-S", str(models / f"{case.model}.n4a.py"), *asked, str(tmp_path / "spectra.csv")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        assert [float(row["value"]).hex() for row in rows] == STATED[name]["values"], done.stderr
        assert {(row["axis_action"], row["signal_action"]) for row in rows} == {tuple(STATED[name]["actions"])}


REFUSED = {
    "R for T": (
        Case("transmittance", "%R"),
        False,
        "the spectra are percent reflectance, the model's are transmittance",
    ),
    "T for R": (Case("percent-reflectance", "T"), False, "nothing converts one to the other"),
    "no signal": (Case("absorbance", "ln(1/R)"), False, "signal: 'ln(1/R)', expected absorbance, reflectance, trans"),
    "a silent model": (Case("silent", "absorbance"), False, "this model does not know of what signal its own are"),
    "strict, converted": (
        Case("absorbance", "reflectance"),
        True,
        "these would be converted from reflectance",
    ),
    "strict, undeclared": (
        Case("absorbance", None),
        True,
        "say what the spectra are, as signal='absorbance'",
    ),
    "a source": (Case("mixed", "transmittance"), False, "the spectra are transmittance, the model's are reflectance"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_every_host_refuses_what_has_no_way(models: Path, server: Server, name: str) -> None:
    case, strict, words = REFUSED[name]
    axis = NM if strict else None
    with pytest.raises(SignalError) as caught:
        load(models / f"{case.model}.n4a").predict(case.rows, axis, signal=case.signal, strict=strict)
    assert words in str(caught.value)
    members = {"axis": axis, "signal": case.signal, "strict": strict}
    reply = server.predict(case.model, case.rows, **{key: value for key, value in members.items() if value})
    assert (reply.status, reply.json["title"]) == (422, "spectra of another signal")
    assert reply.json["detail"] == str(caught.value)
    header = [",".join(map(repr, axis))] if axis else []
    text = "\n".join([*header, *(",".join(map(repr, row)) for row in case.rows)])
    asked = [*(["--strict"] if strict else []), *(["--signal", case.signal] if case.signal else [])]
    for command in (
        [next(python for _, python in pythons()), "-I", "-S", str(models / f"{case.model}.n4a.py"), *asked, "-"],
        [*N4A, "predict", str(models / f"{case.model}.n4a"), "-", *asked],
    ):
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (4, "") and words in done.stderr, done.stderr


BAD = {
    "dark": ("absorbance", "reflectance", 0.0, "point 4 is 0.0, expected a value of reflectance from 1e-20 to 10"),
    "below": (
        "absorbance",
        "%T",
        -0.25,
        "point 4 is -0.25, expected a value of percent transmittance from 1e-18 to 1000",
    ),
    "percent": ("absorbance", "R", 45.5, "point 4 is 45.5, expected a value of reflectance from 1e-20 to 10"),
    "far below": (
        "percent-reflectance",
        "R",
        -11.0,
        "point 4 is -11.0, expected a value of reflectance from -10 to 10",
    ),
    "opaque": ("transmittance", "A", 20.5, "point 4 is 20.5, expected a value of absorbance from -1 to 20"),
    "no number": ("transmittance", "A", float("inf"), "point 4 is inf, expected a finite number below 3e150"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("axis", [None, NM[::-1]], ids=["as it is", "sorted"])
def test_every_host_names_the_rows_and_points_that_are_not_converted(
    models: Path, server: Server, name: str, axis: list[float] | None
) -> None:
    model, signal, value, reason = BAD[name]
    rows = [[0.5 + point / 64.0 for point in range(POINTS)] for _ in range(4)]
    rows[1][3] = rows[3][3] = value
    rows[3][7] = value
    words = f"2 of 4 spectra cannot be predicted: row 2: {reason}; row 4: {reason}"
    with pytest.raises(InputError) as caught:
        load(models / f"{model}.n4a").predict(rows, axis, signal=signal)
    assert (str(caught.value), [row for row, _ in caught.value.rows]) == (words, [1, 3])
    code = (
        "import runpy, sys, json; runpy.run_path(sys.argv[1])['predict'](*json.load(sys.stdin)[:2], signal=sys.argv[2])"
    )
    for _, python in pythons():
        command = [python, "-I", "-S", "-c", code, str(models / f"{model}.n4a.py"), signal]
        done = subprocess.run(command, input=json.dumps([rows, axis]), capture_output=True, text=True, timeout=60)
        assert done.stderr.strip().endswith(f"Refused: {words}")
    if value < float("inf"):
        reply = server.predict(model, rows, **({"axis": axis} if axis else {}), signal=signal)
        assert (reply.status, reply.json["detail"]) == (422, words)


def test_several_sources_may_each_declare_their_own(models: Path) -> None:
    bundle = load(models / "mixed.n4a")
    rows = np.array(Case("mixed", "percent reflectance").rows)
    split = [rows[:, :9], rows[:, 9:]]
    whole = bundle.predict_full(split, signal=["%R", "%R"])
    assert [value.hex() for value in whole.values.tolist()] == STATED["percent reflectance for mixed"]["values"]
    some = bundle.predict_full(split, signal=["percent transmittance", None])
    assert some.signal_action == "converted from percent transmittance | signal_unchecked"
    with pytest.raises(SignalError, match="signal of 'second': none was given, and strict asks that it is checked"):
        bundle.predict(split, [NM[:9], NM[9:]], signal=["A", None], strict=True)
    with pytest.raises(
        SignalError, match="signal: 1 were given, expected one, or a list of those of 'first' of 9 points"
    ):
        bundle.predict(split, signal=["A"])

    with pytest.raises(SignalError, match=r"signal: \['A', 'A'\], expected text, as in 'absorbance'"):
        load(models / "absorbance.n4a").predict(rows, signal=["A", "A"])


def test_what_a_model_says_is_shown(models: Path) -> None:
    shown = {
        name: subprocess.run([*N4A, "info", str(models / f"{name}.n4a")], capture_output=True, text=True)
        for name in MODELS
    }
    lines = {
        name: [line for line in done.stdout.splitlines() if line.startswith("signal")] for name, done in shown.items()
    }
    assert lines["silent"] == [] and lines["percent-reflectance"][0].split(maxsplit=1)[1] == "percent reflectance"
    assert lines["mixed"][0].split(maxsplit=1)[1] == "absorbance of first, reflectance of second"
    assert load(models / "absorbance.n4a").signal == load(models / "absorbance.n4a").info()["signal"] == "absorbance"
    script = subprocess.run([*N4A[:1], str(models / "mixed.n4a.py"), "--info"], capture_output=True, text=True)
    told = json.loads(script.stdout)
    assert (told["signal"], told["sources"][0]["signal"]) == ("reflectance", "absorbance")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        STORED.write_text(json.dumps(by_library(made(Path(folder))), indent=1) + "\n", "utf-8")
