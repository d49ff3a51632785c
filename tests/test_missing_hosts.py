"""Missing values in every host: the same bits wherever they are and however they are said, and the same refusals."""

from __future__ import annotations

import csv
import io
import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from n4akit import Bundle, InputError, load, verify
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.export import export
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from n4akit.store import WorkspaceStore
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .bundle.stranger import Stranger
from .conftest import Tecator
from .serve.server import Server, n4a, serving
from .test_hosts import Refused, as_csv, run_script

Matrix = NDArray[np.float64]

HOSTS = ("library", "script", "server", "command", "stranger")
MODELS = ("imputed", "forest", "whole")

POINTS = np.linspace(850.0, 1050.0, 20)


class Hosts(NamedTuple):
    """Three models, at home in each."""

    live: dict[str, Any]
    library: dict[str, Bundle]
    folder: Path
    server: Server

    def predict(self, host: str, model: str, X: Matrix, axis: Matrix | None = None) -> Matrix:
        """Predictions of a host; Refused with its words when it refuses."""
        return getattr(self, f"_by_{host}")(model, X, axis)  # type: ignore[no-any-return]

    def _by_library(self, model: str, X: Matrix, axis: Matrix | None) -> Matrix:
        try:
            return self.library[model].predict(X, axis)
        except InputError as error:
            raise Refused(str(error)) from error

    def _by_script(self, model: str, X: Matrix, axis: Matrix | None) -> Matrix:
        return run_script(self.folder / f"{model}.n4a.py", written(X, axis))

    def _by_server(self, model: str, X: Matrix, axis: Matrix | None) -> Matrix:
        rows = [[None if value != value else value for value in row] for row in X.tolist()]
        reply = self.server.predict(model, rows, **({} if axis is None else {"axis": axis.tolist()}))
        if reply.status != 200:
            raise Refused(reply.json["detail"])
        return np.array(reply.json["values"])

    def _by_command(self, model: str, X: Matrix, axis: Matrix | None) -> Matrix:
        done = n4a("predict", self.folder / f"{model}.n4a", "-", given=written(X, axis).encode())
        if done.returncode:
            raise Refused(done.stderr)
        return np.array([float(row["value"]) for row in csv.DictReader(io.StringIO(done.stdout))])

    def _by_stranger(self, model: str, X: Matrix, axis: Matrix | None) -> Matrix:
        stranger = Stranger(self.folder / f"{model}.n4a")
        return np.array([stranger.predict("compiled", row)[0] for row in X.tolist()])


def written(X: Matrix, axis: Matrix | None) -> str:
    return as_csv(X, None if axis is None else axis.tolist(), "nm")


def with_gaps(X: Matrix, share: float) -> Matrix:
    return np.where(np.random.default_rng(1).random(X.shape) < share, np.nan, X)


@pytest.fixture(scope="module")
def X(tecator: Tecator) -> Matrix:
    """Every fifth point."""
    return np.ascontiguousarray(tecator.X[:, ::5])


@pytest.fixture(scope="module")
def lacking(X: Matrix) -> Matrix:
    """Spectra of which few values are missing, then many, and one of which nothing is there."""
    return np.concatenate([with_gaps(X[:20], 0.1), with_gaps(X[20:30], 0.7), np.full((1, X.shape[1]), np.nan)])


@pytest.fixture(scope="module")
def hosts(X: Matrix, tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    folder = tmp_path_factory.mktemp("missing")
    live = {
        "imputed": make_pipeline(SimpleImputer(), StandardNormalVariate(), SavitzkyGolay(7, 2, 1), PLSRegression(6)),
        "forest": make_pipeline(StandardScaler(), RandomForestRegressor(5, max_depth=6, n_jobs=1, random_state=0)),
        "whole": Ridge(),
    }
    bundles = []
    for name, model in live.items():
        model.fit(X if name == "whole" else with_gaps(X, 0.1), tecator.fat)
        chain = from_sklearn(model, wavelengths=POINTS)
        bundles.append(export(chain, folder / name))
        export(chain, folder / name, "n4a.py")
    with serving(folder) as server:
        yield Hosts(live, {path.stem: load(path) for path in bundles}, folder, server)


@pytest.mark.parametrize("model", ["imputed", "forest"])
@pytest.mark.parametrize("host", HOSTS[:-1])
def test_what_lies_beside_a_missing_value_is_missing(hosts: Hosts, host: str, model: str, X: Matrix) -> None:
    """On another axis: a point that is met is taken alone, one that is interpolated wants both its neighbours."""
    axis = np.sort(np.concatenate([POINTS[::2], POINTS[1::2] + 2.0, [2000.0]]))
    given = np.concatenate([X[:8], np.full((8, 1), np.nan)], axis=1)  # beyond the model: of no matter
    for row in range(8):
        given[row, 2 * row + 1] = np.nan
    found = hosts.predict(host, model, given, axis)
    assert found.tobytes() == hosts.library[model].predict(given, axis).tobytes()
    brought = [np.interp(POINTS, axis[np.isfinite(row)], row[np.isfinite(row)]) for row in given]
    for row, spectrum in enumerate(brought):
        spectrum[np.abs(POINTS - axis[2 * row + 1]) < 10.0] = np.nan  # what has it for a neighbour
        spectrum[::2] = given[row, :-1:2]
    expected = hosts.library[model].predict(np.array(brought))
    assert np.abs(found - expected).max() <= 1e-9


def test_missing_values_are_missing_of_any_signal(X: Matrix, tecator: Tecator, tmp_path: Path) -> None:
    model = make_pipeline(SimpleImputer(), PLSRegression(6)).fit(with_gaps(X, 0.1), tecator.fat)
    chain = from_sklearn(model, wavelengths=POINTS, signal="absorbance")
    bundle = load(export(chain, tmp_path / "signal"))
    script = runpy.run_path(str(export(chain, tmp_path / "signal", "n4a.py")))
    axis = np.sort(np.concatenate([POINTS[::2], POINTS[1::2] + 2.0, [2000.0]]))
    given = with_gaps(np.concatenate([10.0 ** -X[:20], np.full((20, 1), -1.0)], axis=1), 0.1)
    found = bundle.predict_full(given, axis, signal="R")
    assert (found.axis_action, found.signal_action) == ("interpolated", "converted from reflectance")
    assert script["predict"](given.tolist(), axis.tolist(), signal="R") == found.values.tolist()
    with np.errstate(invalid="ignore"):
        expected = bundle.predict_full(-np.log10(given), axis)
    assert np.abs(found.values - expected.values).max() <= 1e-9 and found.flags == expected.flags
    with serving(tmp_path / "signal.n4a") as server:
        rows = [[None if value != value else value for value in row] for row in given.tolist()]
        assert server.predict("signal", rows, axis=axis.tolist(), signal="R").json["values"] == found.values.tolist()


@pytest.mark.parametrize("model", ["imputed", "forest"])
@pytest.mark.parametrize("host", HOSTS)
def test_no_bit_differs_in_any_host(hosts: Hosts, host: str, model: str, lacking: Matrix) -> None:
    rows = lacking if model == "forest" else lacking[:-1]
    found, live = hosts.predict(host, model, rows), hosts.live[model].predict(rows)
    assert found.tobytes() == hosts.library[model].predict(rows).tobytes()
    assert np.abs(found - live).max() <= (0.0 if model == "forest" else 1e-10)


@pytest.mark.parametrize("model", ["imputed", "forest"])
def test_no_bit_differs_alone_or_in_a_large_batch(hosts: Hosts, model: str, X: Matrix) -> None:
    rows = with_gaps(np.tile(X, (30, 1)), 0.2)
    whole = hosts.library[model].predict(rows)
    for row in (0, 77, len(rows) - 1):
        assert hosts.library[model].predict(rows[row : row + 1]).tobytes() == whole[row : row + 1].tobytes()


@pytest.mark.parametrize("model", ["imputed", "forest"])
@pytest.mark.parametrize("host", ["library", "script", "command"])
def test_an_infinity_beside_what_is_missing_is_refused(hosts: Hosts, host: str, model: str, lacking: Matrix) -> None:
    rows = lacking[:4].copy()
    rows[2, 5] = -np.inf
    with pytest.raises(Refused, match=r"1 of 4 .* row 3: point 6 is -inf, expected a finite number below 3e150"):
        hosts.predict(host, model, rows)


@pytest.mark.parametrize("host", ["library", "script", "command"])
def test_a_spectrum_of_which_nothing_is_there_is_filled_in(hosts: Hosts, host: str, lacking: Matrix) -> None:
    last = lacking[-1:]
    assert np.abs(hosts.predict(host, "imputed", last) - hosts.live["imputed"].predict(last)).max() < 1e-10


@pytest.mark.parametrize("host", ["library", "script", "command"])
def test_a_model_that_does_not_handle_them_refuses_them(hosts: Hosts, host: str, X: Matrix) -> None:
    rows = X[:3].copy()
    rows[1, 4] = np.nan
    with pytest.raises(Refused, match=r"1 of 3 .* row 2: point 5 is nan, expected a finite number below 3e150"):
        hosts.predict(host, "whole", rows)


def test_null_says_it_in_json_to_a_model_that_handles_it(hosts: Hosts, lacking: Matrix, X: Matrix) -> None:
    with pytest.raises(Refused, match=r"spectra: row 1, point 10: Expected `float`, got `null`"):
        hosts.predict("server", "whole", lacking[:1])
    reply = hosts.server.predict("forest", [*X[:1].tolist(), [None] * X.shape[1]])
    assert reply.json["flags"] == [[], ["missing_values"]]
    body = json.dumps({"spectra": lacking[:1].tolist()}).encode()
    reply = hosts.server.ask("POST", "/v1/models/forest/predict", body)
    assert reply.status == 400
    assert (
        reply.json["detail"] == "spectra: row 1, point 10 is NaN, expected a finite number, or null where it is missing"
    )


@pytest.mark.parametrize("gap", ["", "NA", "NaN", "#N/A"])
@pytest.mark.parametrize("host", ["script", "command"])
def test_cells_say_it_in_their_own_ways(hosts: Hosts, host: str, gap: str, lacking: Matrix, tmp_path: Path) -> None:
    text = "\n".join(",".join(gap if value != value else repr(value) for value in row) for row in lacking[:6].tolist())
    expected = hosts.library["forest"].predict(lacking[:6])
    if host == "script":
        assert run_script(hosts.folder / "forest.n4a.py", text).tobytes() == expected.tobytes()
    else:
        done = n4a("predict", hosts.folder / "forest.n4a", "-", "--json", given=text.encode())
        told = json.loads(done.stdout)
        assert [row["value"] for row in told] == expected.tolist()
        assert {flag for row in told for flag in row["flags"]} == {"missing_values"}


@pytest.mark.parametrize("model", MODELS)
def test_every_host_says_whether_it_handles_them(hosts: Hosts, model: str) -> None:
    path, handles = hosts.folder / f"{model}.n4a", model != "whole"
    assert load(path).missing_values == handles == hosts.server.get(f"/v1/models/{model}").json["missing_values"]
    assert ("missing values" in n4a("info", path).stdout) == handles
    assert verify(path).problems == ()
    golden = Stranger(path).golden_rows()
    assert any(value != value for row in golden for value in row) == handles


def test_a_store_replays_what_it_exports(X: Matrix, tecator: Tecator, lacking: Matrix, tmp_path: Path) -> None:
    gaps = with_gaps(X, 0.1)
    imputer = SimpleImputer(strategy="median").fit(gaps)
    ridge = Ridge().fit(imputer.transform(gaps), tecator.fat)
    with WorkspaceStore(tmp_path / "workspace") as store:
        run = store.begin_run("with gaps", {}, [{"name": "tecator"}])
        pipeline = store.begin_pipeline(run, "imputed", [], [], "tecator", "0" * 64)
        steps: list[dict[str, Any]] = []
        artifacts = []
        for index, fitted in enumerate((imputer, ridge), 1):
            name = f"{type(fitted).__module__}.{type(fitted).__qualname__}"
            artifacts.append(store.save_artifact(fitted, name, "model" if fitted is ridge else "transformer", "joblib"))
            steps.append({"step_idx": index, "operator_class": name, "params": {}, "stateless": False})
        chain = store.save_chain(
            pipeline, steps, 2, steps[1]["operator_class"], "", "per_fold", {"0": artifacts[1]}, {"1": artifacts[0]}
        )
        exported = load(store.export_chain(chain, tmp_path / "gaps"))
        assert exported.missing_values
        assert store.replay_chain(chain, lacking).tobytes() == exported.predict(lacking).tobytes()
        given = tmp_path / "calibration.csv"
        given.write_text(as_csv(gaps[:12], None, None))
    done = n4a("export", tmp_path / "workspace", chain, tmp_path / "measured.n4a", "--calibration", given)
    assert done.returncode == 0 and np.isnan(load(tmp_path / "measured.n4a").golden.rows).any()
