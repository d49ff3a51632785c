"""All there is to say of a prediction is the same in every host, to the last bit, also under deployment settings."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import Bundle, load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.domain import Calibration, Validation
from n4akit.bundle.export import export
from n4akit.bundle.settings_history import open_settings
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline

from .conftest import Tecator
from .serve.server import Server, n4a, serving

Matrix = NDArray[np.float64]
Records = list[dict[str, Any]]

NIR_7 = {
    "instrument": "NIR-7",
    "targets": {"fat": {"slope": 1.03, "bias": -0.37, "decimals": 2}},
    "limits": {"range": {"fat": [5.0, 30.0]}, "t2": {"warning": 2.0, "error": 90.0}},
}
PASTE = {"product": "paste", "targets": {"water": {"bias": 1.5}}}


@dataclass(frozen=True)
class Hosts:
    """One model of two targets in every host, with settings beside it."""

    library: Bundle
    script: Path
    server: Server

    def of_library(self, rows: Matrix, axis: Matrix | None, **asked: Any) -> Records:
        return [*self.library.predict_full(rows, axis, **asked, on_error="row").records(model="meat")]

    def of_files(self, rows: Matrix, axis: Matrix | None, folder: Path, **asked: Any) -> dict[str, Records]:
        """What the script and the command say of a file."""
        header = [] if axis is None else [",".join(map(repr, axis.tolist()))]
        text = "\n".join([*header, *(",".join(map(repr, row)) for row in rows.tolist())]) + "\n"
        (folder / "x.csv").write_text(text, "utf-8")
        options = [part for name, value in asked.items() for part in (f"--{name}", value)]
        script = [sys.executable, "-I", "-S", self.script, "--json", "--rows", *options, folder / "x.csv"]
        done = subprocess.run(list(map(str, script)), capture_output=True, text=True, check=True)
        command = n4a("predict", self.library.path, folder / "x.csv", "--json", "--on-error", "row", *options).stdout
        told = [{name: value for name, value in row.items() if name != "bound"} for row in json.loads(command)]
        return {"script": json.loads(done.stdout), "command": told}

    def of_server(self, rows: Matrix, axis: Matrix | None, **asked: Any) -> Records:
        given = {} if axis is None else {"axis": axis.tolist()}
        body = {"spectra": rows.tolist(), "full": True, "on_error": "row", **given, **asked}
        reply = self.server.ask("POST", "/v1/models/meat/predict", json.dumps(body).encode())
        assert reply.status == 200, reply.body
        records: Records = reply.json["records"]
        return records


@pytest.fixture(scope="module")
def hosts(tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    folder = tmp_path_factory.mktemp("hosts")
    X, y = tecator.X[:150], np.stack([tecator.fat, tecator.water], axis=1)[:150]
    models, left_out = [], np.empty_like(y)
    for fit, out in KFold(3, shuffle=True, random_state=0).split(X):
        steps = StandardNormalVariate(), SavitzkyGolay(11, 2, 1), PLSRegression(6, scale=False)
        models.append(make_pipeline(*steps).fit(X[fit], y[fit]))
        left_out[out] = models[-1].predict(X[out])
    said: dict[str, Any] = {"targets": ["fat", "water"], "wavelengths": tecator.wavelengths, "signal": "absorbance"}
    chain = from_sklearn(models, **said)
    known: dict[str, Any] = {"calibration": Calibration(X, y), "validation": Validation(y, left_out)}
    bundle, script = export(chain, folder / "meat.n4a", **known), export(chain, folder / "meat", "n4a.py", **known)
    open_settings(bundle).add([NIR_7, PASTE], author="a test", reason="ring test")
    with serving(bundle) as server:
        yield Hosts(load(bundle), script, server)


def strange(tecator: Tecator) -> Matrix:
    """Spectra as they come in: ordinary ones, and those with something to say of."""
    rows = tecator.X[150:165].copy()
    rows[1] = 10.0 ** -rows[1]  # reflectance
    rows[2, 40] = 0.0
    rows[3, 20:60] = rows[3, 20]
    rows[4] *= 4.0
    rows[5] += 3.0
    rows[6] = 1.25
    rows[7] = tecator.X[np.argmax(tecator.fat)]
    rows[8] = np.roll(rows[8], 3)
    return rows


@pytest.mark.parametrize(
    "asked", [{}, {"instrument": "NIR-7"}, {"product": "paste"}, {"instrument": "NIR-7", "product": "paste"}]
)
def test_every_host_tells_the_same_record(
    asked: dict[str, str], hosts: Hosts, tecator: Tecator, tmp_path: Path
) -> None:
    rows, axis = strange(tecator), tecator.wavelengths
    expected = hosts.of_library(rows, axis, **asked)
    found = {**hosts.of_files(rows, axis, tmp_path, **asked), "server": hosts.of_server(rows, axis, **asked)}
    for host, records in found.items():
        assert records == json.loads(json.dumps(expected)), host  # floats read back as they were written: to the bit
    codes = {code for record in expected for code in record["flags"]}
    assert {"refused", "looks_like_reflectance", "q_error", "constant_stretch", "offset_outside"} <= codes
    assert {record["settings"] for record in expected} == {
        hosts.library.settings.digest if hosts.library.settings else 0
    }


def test_settings_change_the_value_and_leave_the_raw_one(hosts: Hosts, tecator: Tecator) -> None:
    X = tecator.X[150:160]
    plain, adjusted = (hosts.library.predict_full(X, instrument=name) for name in (None, "NIR-7"))
    assert (adjusted.value_raw == plain.values).all() and (plain.values == plain.value_raw).all()
    assert adjusted.values[:, 0].tolist() == [round(1.03 * v - 0.37, 2) for v in plain.values[:, 0].tolist()]
    assert (adjusted.values[:, 1] == plain.values[:, 1]).all()
    assert plain.spread is not None and adjusted.spread is not None
    assert adjusted.spread[:, 0].tolist() == [1.03 * v for v in plain.spread[:, 0].tolist()]
    assert adjusted.limits.ranges == ((5.0, 30.0), plain.limits.ranges[1])
    assert adjusted.limits.t2 is not None and adjusted.limits.t2.warning == 2.0
    assert hosts.library.predict(X, instrument="NIR-7").tolist() == adjusted.values.tolist()
    assert load(hosts.library.path, settings=False).predict(X).tolist() == plain.values.tolist()


def test_replicates_and_contributions_are_the_same_in_every_host(
    hosts: Hosts, tecator: Tecator, tmp_path: Path
) -> None:
    rows = tecator.X[150:156]
    samples = ["a", "a", "a", "b", "b", "c"]
    expected = hosts.library.predict_full(rows).replicates(samples)
    text = "\n".join(f"{name}," + ",".join(map(repr, row)) for name, row in zip(samples, rows.tolist(), strict=True))
    (tmp_path / "x.csv").write_text(f"{text}\n", "utf-8")
    script = [sys.executable, "-I", "-S", str(hosts.script), str(tmp_path / "x.csv")]
    by_script = subprocess.run([*script, "--json", "--replicates"], capture_output=True, text=True, check=True).stdout
    assert json.loads(by_script) == expected
    assert (
        json.loads(n4a("predict", hosts.library.path, tmp_path / "x.csv", "--json", "--replicates").stdout) == expected
    )
    body = {"spectra": rows.tolist(), "samples": samples, "contributions": True}
    reply = hosts.server.ask("POST", "/v1/models/meat/predict", json.dumps(body).encode()).json
    shares = hosts.library.contributions(rows)
    assert reply["replicates"] == expected and reply["contributions"] == shares.tolist()
    told = subprocess.run([*script, "--contributions"], capture_output=True, text=True, check=True).stdout
    assert [[float(v) for v in line.split(",")[1:]] for line in told.splitlines()[1:]] == shares.tolist()
    assert n4a("predict", hosts.library.path, tmp_path / "x.csv", "--contributions").stdout == told


def test_contributions_stand_under_the_points_of_the_model_wherever_spectra_were_measured(
    hosts: Hosts, tecator: Tecator, tmp_path: Path
) -> None:
    axis, rows = tecator.wavelengths, tecator.X[150:152]
    wider = np.concatenate([axis[:1] - 2, axis]), np.column_stack([rows[:, :1], rows])
    told = []
    for at, values in ((axis, rows), (axis[::-1], rows[:, ::-1]), wider):
        lines = [",".join(map(repr, line)) for line in [at.tolist(), *values.tolist()]]
        (tmp_path / "x.csv").write_text("\n".join(lines), "utf-8")
        told.append(n4a("predict", hosts.library.path, tmp_path / "x.csv", "--contributions").stdout)
        script = [sys.executable, "-I", "-S", str(hosts.script), "--contributions", str(tmp_path / "x.csv")]
        told.append(subprocess.run(script, capture_output=True, text=True, check=True).stdout)
    assert len({*told}) == 1
    assert [float(point) for point in told[0].splitlines()[0].split(",")[1:]] == axis.tolist()


def test_contributions_and_replicates_are_asked_for_one_at_a_time(hosts: Hosts, tmp_path: Path) -> None:
    done = n4a("predict", hosts.library.path, tmp_path / "x.csv", "--contributions", "--replicates")
    assert done.returncode == 2 and "expected one of them" in done.stderr
