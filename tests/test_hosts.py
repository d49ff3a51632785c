"""One chain, four hosts: the same bits for what can be predicted, the same refusals for what cannot, never a number.

The store that recorded it, the library with its bundle, its script in a bare Python, the server over HTTP.
"""

from __future__ import annotations

import csv
import io
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from n4akit import Bundle, BundleError, InputError, load, verify
from n4akit.store import DamagedObject, UnknownId, WorkspaceStore
from numpy.typing import NDArray

from .conftest import Tecator
from .mutants import bundle_constants, change_bundle, change_script, flip_bit, script_constants
from .recorded import Recorded, record
from .serve.server import Server, n4a, serving

Matrix = NDArray[np.float64]

HOSTS = ("store", "library", "script", "server")


class Refused(Exception):
    """A host gave its reasons instead of numbers."""


@dataclass(frozen=True)
class House:
    """The chain at home in every host."""

    recorded: Recorded
    store: WorkspaceStore
    bundle: Path
    script: Path
    library: Bundle
    server: Server

    def predict(self, host: str, X: Any, wavelengths: Any = None, unit: str | None = None) -> Matrix:
        """Predictions of a host; Refused with its words when it refuses."""
        return getattr(self, f"_by_{host}")(X, wavelengths, unit)  # type: ignore[no-any-return]

    def _by_store(self, X: Any, wavelengths: Any, unit: str | None) -> Matrix:
        assert unit is None, "a workspace is asked in the unit of its chain"
        with told():
            return self.store.replay_chain(self.recorded.chain_id, X, wavelengths)

    def _by_library(self, X: Any, wavelengths: Any, unit: str | None) -> Matrix:
        with told():
            return self.library.predict(X, wavelengths, unit=unit)

    def _by_script(self, X: Any, wavelengths: Any, unit: str | None) -> Matrix:
        return run_script(self.script, as_csv(X, wavelengths, unit))

    def _by_server(self, X: Any, wavelengths: Any, unit: str | None) -> Matrix:
        given = {"axis": None if wavelengths is None else list(wavelengths), "unit": unit}
        reply = self.server.predict("fat", X, **{name: value for name, value in given.items() if value is not None})
        if reply.status == 200:
            return np.array(reply.json["values"])
        assert reply.status in (400, 422) and reply.type == "application/problem+json"
        assert {*reply.json} <= {"type", "title", "status", "detail", "rows"}
        raise Refused(reply.json["detail"])


@contextmanager
def told() -> Iterator[None]:
    """The errors that name bad input as words; any other is a failure of the test."""
    try:
        yield
    except InputError as error:
        raise Refused(str(error)) from error


def as_csv(X: Any, wavelengths: Any, unit: str | None) -> str:
    header = [] if wavelengths is None else [",".join(f"{position!r}{unit or ''}" for position in wavelengths)]
    rows = X.tolist() if hasattr(X, "tolist") else X
    return "\n".join([*header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def run_script(script: Path, text: str, code: int = 4) -> Matrix:
    command = [sys.executable, "-I", "-S", str(script), "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    if done.returncode:
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done.stderr
        raise Refused(done.stderr)
    return np.array([float(row["value"]) for row in csv.DictReader(io.StringIO(done.stdout))])


@pytest.fixture(scope="module")
def house(tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    recorded = record(folder / "workspace", tecator)
    with WorkspaceStore(recorded.workspace) as store:
        bundle = store.export_chain(recorded.chain_id, folder / "fat")
        script = store.export_chain(recorded.chain_id, folder / "fat", format="n4a.py")
        with serving(bundle) as server:
            yield House(recorded, store, bundle, script, load(bundle), server)


# The same bits


@pytest.fixture(scope="module")
def expected(house: House, tecator: Tecator) -> Matrix:
    """What the store answers for all spectra at once."""
    return house.predict("store", tecator.X)


@pytest.mark.parametrize("host", HOSTS)
def test_no_bit_differs_in_any_host(house: House, tecator: Tecator, expected: Matrix, host: str) -> None:
    assert house.predict(host, tecator.X).tobytes() == expected.tobytes()
    assert house.predict(host, tecator.X, tecator.wavelengths.tolist()).tobytes() == expected.tobytes()


LADDER: dict[str, tuple[Callable[[Matrix], Matrix], str]] = {
    "descending": (lambda nm: nm[::-1], "sorted"),
    "a superset": (lambda nm: np.r_[800.0, nm, 1100.0], "selected"),
    "wavenumbers": (lambda nm: 1e7 / nm, "recognised as cm-1"),
    "a finer grid": (lambda nm: np.linspace(849.5, 1051.0, 137), "interpolated"),
    "an irregular grid": (lambda nm: 850.0 + 200.0 * (np.arange(150) / 149.0) ** 1.5, "interpolated"),
    "shifted a little": (lambda nm: nm + 0.7, "interpolated; ends held"),
    "a coarse grid": (lambda nm: np.linspace(850.0, 1050.0, 40), "interpolated"),
}


@pytest.mark.parametrize("what", LADDER)
def test_no_bit_differs_on_another_axis(house: House, tecator: Tecator, what: str) -> None:
    change, action = LADDER[what]
    axis = change(tecator.wavelengths)
    X = np.array(
        [np.interp(np.where(axis > 2000.0, 1e7 / axis, axis), tecator.wavelengths, row) for row in tecator.X[:5]]
    )
    result = house.library.predict_full(X, axis)
    assert result.axis_action == action
    for host in HOSTS:
        assert (host, house.predict(host, X, axis.tolist()).tobytes()) == (host, result.values.tobytes())
    if not any(result.flags):
        assert np.abs(result.values - house.library.predict(tecator.X[:5])).max() < 1.0, "percent of fat"


@pytest.mark.parametrize("size", [2, 7, 64])
@pytest.mark.parametrize("host", HOSTS)
def test_no_bit_differs_in_batches(house: House, tecator: Tecator, expected: Matrix, host: str, size: int) -> None:
    starts = range(0, len(tecator.X), size)
    # A script is a process each time: a few batches must do.
    for start in starts if host != "script" else [*starts][::5]:
        found = house.predict(host, tecator.X[start : start + size])
        assert found.tobytes() == expected[start : start + size].tobytes()


@pytest.mark.parametrize("host", HOSTS)
def test_no_bit_differs_for_a_spectrum_alone(house: House, tecator: Tecator, expected: Matrix, host: str) -> None:
    for row in range(0, len(tecator.X), 1 if host != "script" else 20):
        assert house.predict(host, tecator.X[row : row + 1]).tobytes() == expected[row : row + 1].tobytes()


def test_they_agree_with_scikit_learn_too(house: House, tecator: Tecator, expected: Matrix) -> None:
    """Equal answers could be equally wrong: the fitted objects themselves are asked."""
    chain = house.store.get_chain(house.recorded.chain_id)
    assert chain is not None
    X = tecator.X
    for index in ("1", "2", "3"):
        X = house.store.load_artifact(chain["shared_artifacts"][index]).transform(X)
    folds = [house.store.load_artifact(artifact).predict(X).reshape(-1) for artifact in house.recorded.models]
    assert np.abs(expected - np.mean(folds, axis=0)).max() <= 1e-10 * np.ptp(tecator.fat)


# The same refusals


def rows(change: Callable[[Matrix], object]) -> Matrix:
    """Three good spectra, changed."""
    X = np.linspace(0.2, 0.8, 100) + np.random.default_rng(3).normal(size=(3, 100))
    change(X)
    return X


def cell(value: Any) -> list[list[Any]]:
    """Three good spectra as lists, with another value at point 4 of the second."""
    X: list[list[Any]] = rows(lambda X: None).tolist()
    X[1][3] = value
    return X


@dataclass(frozen=True)
class Bad:
    """Spectra that cannot be predicted, and what the error must say; some hosts read them in another way."""

    X: Any
    said: str
    otherwise: dict[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = HOSTS


ARRAYS = ("store", "library")
GOOD = rows(lambda X: None)

BAD = {
    "a NaN": Bad(cell(np.nan), r"row 2[:,] point 4 is (nan|NaN), expected a finite number"),
    "an infinity": Bad(cell(np.inf), r"row 2[:,] point 4 is (inf|Infinity), expected a finite number"),
    "a negative infinity": Bad(cell(-np.inf), r"row 2[:,] point 4 is (-inf|-Infinity), expected a finite number"),
    "2**500": Bad(cell(2.0**500), r"row 2: point 4 is 3\.27\d+e\+150, expected a finite number below 3e150"),
    "-2**500": Bad(cell(-(2.0**500)), r"row 2: point 4 is -3\.27\d+e\+150, expected a finite number below 3e150"),
    "the largest": Bad(cell(sys.float_info.max), r"row 2: point 4 is 1\.797\d+e\+308, expected a finite number"),
    "a constant row": Bad(rows(lambda X: X[1].fill(0.7)), r"row 2: no finite result: the spectrum is constant"),
    "zeros": Bad(rows(lambda X: X[1].fill(0.0)), r"row 2: no finite result: the spectrum is constant"),
    "a row all but constant": Bad(
        rows(lambda X: np.copyto(X[1], np.where(np.arange(100) % 2, 0.7, np.nextafter(0.7, 1.0)))),
        r"row 2: no finite result: the spectrum is constant",
    ),
    "two bad rows": Bad(
        rows(lambda X: X[1:].fill(2.0)), r"2 of 3 spectra cannot be predicted: row 2: .*constant.*; row 3: .*constant"
    ),
    "too few points": Bad(GOOD[:, :99], r"99 values.*expected 100, the points this model was trained on"),
    "too many points": Bad(np.hstack([GOOD, GOOD]), r"200 values.*expected 100, the points this model was trained on"),
    "a column": Bad(GOOD[0][:, None], r"1 values.*expected 100"),
    "rows of unequal length": Bad(
        [*GOOD[:2].tolist(), GOOD[2, :99].tolist()],
        r"inhomogeneous.*give rows of equal length, 100 values each",
        {"script": r"line 3 has 99 cells, line 1 has 100", "server": r"row 3 has 99 values, expected 100 as in row 1"},
    ),
    "nothing": Bad(
        [], r"no rows were given, expected at least one", {"script": r"it is empty, expected a row of numbers"}
    ),
    "a flat row": Bad(
        GOOD[0],
        r"a 1-D array of 100 values was given, expected 2-D \(n, 100\); for one spectrum give X.reshape\(1, -1\)",
        {"server": r"row 1: Expected `array`, got `float`; .* \[\[…\]\] for a single one"},
        hosts=("store", "library", "server"),
    ),
    "a block": Bad(
        np.ones((2, 3, 100)),
        r"an array of 3 axes \(2, 3, 100\) was given, expected 2-D \(n, 100\)",
        {"server": r"row 1, point 1: Expected `float`, got `array`"},
        hosts=("store", "library", "server"),
    ),
    "text in a cell": Bad(
        cell("n/a"),
        r"values of type <U\d+ were given, expected float64, float32 or integers",
        {
            "script": r"line 2, column 4: 'n/a' is not a number",
            "server": r"row 2, point 4: Expected `float`, got `str`",
        },
    ),
    "a number as text": Bad(
        cell("1.5"),
        r"values of type <U\d+ were given, expected float64",
        {"server": r"row 2, point 4: Expected `float`, got `str`"},
        hosts=("store", "library", "server"),
    ),
    "a hole": Bad(
        cell(None),
        r"values of type object were given, expected float64",
        {
            "script": r"line 2, column 4: 'None' is not a number",
            "server": r"row 2, point 4: Expected `float`, got `null`",
        },
    ),
    "truths": Bad(
        np.tile([True, False], (3, 50)),
        r"values of type bool were given, expected float64",
        {
            "script": r"line 1, column 1: 'True' is not a number",
            "server": r"row 1, point 1: Expected `float`, got `bool`",
        },
    ),
    "complex numbers": Bad(
        GOOD + 0j,
        r"values of type complex128 were given, expected float64",
        {"script": r"line 1, column 1: '.*j\)' is not a number"},
        hosts=("store", "library", "script"),
    ),
    "objects": Bad(GOOD.astype(object), r"values of type object were given, expected float64", hosts=ARRAYS),
    "times": Bad(GOOD.astype("m8[s]"), r"values of type timedelta64\[s\] were given, expected float64", hosts=ARRAYS),
    "a masked array": Bad(np.ma.masked_invalid(GOOD), r"a masked array was given; fill or drop", hosts=ARRAYS),
    "integers that no float64 holds": Bad(
        np.full((1, 100), 2**53 + 1), r"integers beyond 2\*\*53 were given, which float64 cannot hold", hosts=ARRAYS
    ),
}


@pytest.mark.parametrize(("what", "host"), [(what, host) for what, bad in BAD.items() for host in bad.hosts])
def test_bad_spectra_are_refused_with_what_was_found(house: House, what: str, host: str) -> None:
    bad = BAD[what]
    with pytest.raises(Refused) as caught:
        house.predict(host, bad.X)
    assert re.search(bad.otherwise.get(host, bad.said), str(caught.value)), caught.value


AXES: dict[str, tuple[Callable[[Matrix], Matrix], str]] = {
    "shifted": (
        lambda nm: nm + 5.0,
        r"axis: the model's points 1 to 2 \(850 to 852.* nm\) lie below 855 nm, the end of",
    ),
    "too short": (lambda nm: nm[:99], r"axis: the model's point 100 \(1050 nm\) lies above 1047.98 nm"),
    "with a gap": (lambda nm: np.delete(nm, range(40, 60)), r"a gap of 42\.4\d*, from 928.79 to 971.21 nm"),
    "with a wrong digit": (
        lambda nm: np.where(np.arange(100) == 41, 93.283, nm + 0.1),
        r"axis: points 41 and 42 are at 930.9\d* and 93.283 nm, expected positions that only ascend or only descend",
    ),
    "with a point twice": (lambda nm: np.r_[nm, nm[:1]], r"axis: points 1 and 101 are both at 850 nm"),
    "in a unit that is mistakable": (lambda nm: 1e7 / nm[::-1], r"if the positions are in another unit, give it"),
    "of numbers": (lambda nm: np.arange(2.0, 102.0), r"lie above 101 nm, .* if the positions are in another unit"),
}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("what", AXES)
def test_another_axis_is_refused_with_what_was_found(house: House, tecator: Tecator, what: str, host: str) -> None:
    change, said = AXES[what]
    axis = change(tecator.wavelengths)
    unit = "nm" if host == "script" else None  # without one its header could as well be a spectrum
    with pytest.raises(Refused, match=said):
        house.predict(host, np.resize(tecator.X, (3, len(axis))), axis.tolist(), unit)


@pytest.mark.parametrize("host", ["library", "script", "server"])
def test_another_unit_than_was_said_is_refused(house: House, tecator: Tecator, host: str) -> None:
    with pytest.raises(Refused, match=r"axis, converted from um: the model's points 1 to 100 .* lie below 850000 nm"):
        house.predict(host, tecator.X, tecator.wavelengths.tolist(), unit="um")


def test_an_unknown_chain_or_model_is_named(house: House, tecator: Tecator, tmp_path: Path) -> None:
    with pytest.raises(UnknownId, match=r"chain_id 'nope': no chain with this identifier is recorded in .*workspace"):
        house.store.replay_chain("nope", tecator.X)
    with pytest.raises(UnknownId, match="chain_id 'nope'"):
        house.store.export_chain("nope", tmp_path / "nope")
    with pytest.raises(BundleError, match=r"nope\.n4a: it cannot be opened: No such file"):
        load(tmp_path / "nope.n4a")
    reply = house.server.predict("nope", tecator.X)
    assert reply.status == 404 and reply.json["detail"] == "no model 'nope' is served; there is fat"
    done = n4a("export", house.recorded.workspace, "nope", tmp_path / "nope")
    assert (done.returncode, done.stdout) == (2, "") and "chain_id 'nope'" in done.stderr
    assert [*tmp_path.iterdir()] == []


# Files that are not what they should be


@pytest.fixture(scope="module")
def broken(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundles that were cut, overwritten, or hit by a single bit."""
    folder = tmp_path_factory.mktemp("broken")
    data = house.bundle.read_bytes()
    for part in (0, 1, 21, 22, 1000, len(data) // 2, len(data) - 1):
        (folder / f"cut_at_{part}.n4a").write_bytes(data[:part])
    (folder / "text.n4a").write_text("sample,850,852\n", "utf-8")
    (folder / "script.n4a").write_bytes(house.script.read_bytes())
    (folder / "longer.n4a").write_bytes(data + b"\0")
    (folder / "twice.n4a").write_bytes(data + data)
    for bit in random.Random(0).sample(range(8 * len(data)), 12):
        (folder / f"bit_{bit}.n4a").write_bytes(flip_bit(data, bit))
    return folder


def test_the_library_refuses_what_is_broken(broken: Path) -> None:
    for path in broken.iterdir():
        with pytest.raises(BundleError, match=f"^{re.escape(str(path))}: ."):
            load(path)


def test_the_library_refuses_every_flipped_bit(house: House, tmp_path: Path) -> None:
    """Sampled, but every kind of byte: the headers, the manifest, arrays, golden rows, the directory."""
    data = house.bundle.read_bytes()
    path = tmp_path / "fat.n4a"
    bits = {*range(0, 8 * 64, 5), *range(8 * (len(data) - 64), 8 * len(data), 5)}
    for bit in sorted(bits | {*random.Random(1).sample(range(8 * len(data)), 1500)}):
        path.write_bytes(flip_bit(data, bit))
        with pytest.raises(BundleError):
            load(path)


def test_the_server_starts_without_what_is_broken(house: House, broken: Path, tecator: Tecator) -> None:
    names = {path.name.removesuffix(".n4a") for path in broken.iterdir()}
    with serving(house.bundle, broken) as server:
        ready = server.get("/ready")
        assert ready.status == 503 and {*ready.json["models"]} == names
        assert len(server.complaints) == len(names)
        for name in names:
            reply = server.predict(name, tecator.X[:1])
            assert reply.status == 404 and reply.json["detail"].startswith(f"model {name!r} is not served: ")
        assert server.predict("fat", tecator.X[:1]).status == 200


def test_the_command_line_refuses_what_is_broken(broken: Path, tmp_path: Path) -> None:
    done = n4a("verify", *broken.iterdir())
    assert done.returncode == 5 and done.stdout.count(": not sound, ") == done.stdout.count("  WRONG: ") > 20
    spectra = tmp_path / "spectra.csv"
    spectra.write_text(as_csv(GOOD, None, None), "utf-8")
    for name in ("text", "cut_at_1000"):
        done = n4a("predict", broken / f"{name}.n4a", spectra)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (5, "", 1)
        assert done.stderr.startswith(f"n4a: {broken / name}.n4a: ")


# One coefficient that is another, and every checksum right again


def test_every_host_of_the_bundle_refuses_a_mutant(house: House, tecator: Tecator, tmp_path: Path) -> None:
    constants = bundle_constants(house.bundle)
    assert len(constants) >= 2, "the product and the intercept"
    paths = [change_bundle(house.bundle, tmp_path / f"{name}.n4a", name) for name in constants]
    for path in paths:
        assert path.stat().st_size == house.bundle.stat().st_size
        with pytest.raises(BundleError, match=r"golden row 1: the compiled plan answers .*, expected "):
            load(path)
        assert all(problem.startswith("golden row ") for problem in verify(path).problems)
    assert n4a("verify", *paths).returncode == 6
    with serving(tmp_path) as server:
        assert server.get("/ready").status == 503
        for name in constants:
            reply = server.predict(name, tecator.X[:1])
            assert reply.status == 404 and "golden row 1: the compiled plan answers" in reply.json["detail"]


def test_the_script_refuses_a_mutant(house: House, tecator: Tecator, tmp_path: Path) -> None:
    constants = script_constants(house.script)
    assert len(constants) >= 2, "the product and the intercept"
    for name in constants:
        mutant = change_script(house.script, tmp_path / f"{name}.n4a.py", name)
        with pytest.raises(Refused, match=r"golden row \d gives .*, expected "):
            run_script(mutant, as_csv(tecator.X, None, None), code=6)


def test_the_store_refuses_a_mutant(house: House, tecator: Tecator, tmp_path: Path) -> None:
    """The file of an artifact is a pickle that loads without complaint: its digest tells."""
    shutil.copytree(house.recorded.workspace, tmp_path / "workspace")
    with WorkspaceStore(tmp_path / "workspace") as store:
        for artifact in house.recorded.models:
            path = store.get_artifact_path(artifact)
            original = path.read_bytes()
            model = joblib.load(path)
            model.coef_[0, 3] *= 1.0 + 2.0**-20
            joblib.dump(model, path)
            for use in (
                lambda: store.replay_chain(house.recorded.chain_id, tecator.X),
                lambda: store.export_chain(house.recorded.chain_id, tmp_path / "mutant"),
            ):
                with pytest.raises(DamagedObject, match=rf"artifact {artifact} .* was altered; restore it"):
                    use()
            path.write_bytes(original)
        assert not [*tmp_path.glob("*mutant*")]
        expected = house.predict("library", tecator.X)
        assert store.replay_chain(house.recorded.chain_id, tecator.X).tobytes() == expected.tobytes()
